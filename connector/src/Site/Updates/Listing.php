<?php
/**
 * Names and sizes of the files below a folder. Links are listed with size -1 and not followed.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Listing {

	/**
	 * Size by path below the folder.
	 *
	 * @readonly
	 * @var array<string,int>
	 */
	public array $files = array();
	/** @readonly Path of the first file or folder that can't be written, '' when all can. */
	public string $unwritable = '';
	/** @readonly Path of the first link, '' when there is none. */
	public string $link = '';

	/** All that lies below a folder; empty where there is none. */
	public static function of( string $folder ): self {
		return self::walked( $folder, array( '' ) );
	}

	/**
	 * Only what lies below these names in the folder.
	 *
	 * @param array<int,string> $names Files or folders.
	 */
	public static function of_several( string $folder, array $names ): self {
		return self::walked( $folder, array_map( static fn( string $name ): string => '/' . $name, $names ) );
	}

	/** @param array<int,string> $ahead Where to begin, below the folder. */
	private static function walked( string $folder, array $ahead ): self {
		$found = new self();
		clearstatcache( true );
		while ( array() !== $ahead ) {
			$below = (string) array_pop( $ahead );
			$full  = $folder . $below;
			if ( is_link( $full ) ) {
				$found->link            = '' === $found->link ? ltrim( $below, '/' ) : $found->link;
				$found->files[ $below ] = -1;
				continue;
			}
			if ( '' === $found->unwritable && file_exists( $full ) && ! is_writable( $full ) ) {
				$found->unwritable = '' === $below ? '.' : ltrim( $below, '/' );
			}
			if ( is_file( $full ) ) {
				$found->files[ $below ] = (int) filesize( $full );
			} elseif ( is_dir( $full ) ) {
				foreach ( array_diff( (array) scandir( $full ), array( '.', '..', false ) ) as $name ) {
					$ahead[] = $below . '/' . $name;
				}
			}
		}
		return $found;
	}

	public function bytes(): int {
		return (int) array_sum( array_filter( $this->files, static fn( int $size ): bool => $size > 0 ) );
	}

	public function count(): int {
		return count( $this->files );
	}

	/** One word for all names and sizes. */
	public function fingerprint(): string {
		$lines = array();
		foreach ( $this->files as $path => $size ) {
			$lines[] = "{$path} {$size}";
		}
		sort( $lines, SORT_STRING );
		return hash( 'sha256', implode( "\n", $lines ) );
	}

	/** The part below one folder, as a listing of its own. */
	public function below( string $folder ): self {
		$part   = new self();
		$prefix = '/' . trim( $folder, '/' ) . '/';
		foreach ( $this->files as $path => $size ) {
			if ( 0 === strpos( (string) $path, $prefix ) ) {
				$part->files[ substr( (string) $path, strlen( $prefix ) - 1 ) ] = $size;
			}
		}
		return $part;
	}

	/** The part that is not below that folder. */
	public function without( string $folder ): self {
		$part        = new self();
		$part->files = array_diff_key( $this->files, array_flip( array_map( static fn( $path ): string => '/' . trim( $folder, '/' ) . $path, array_keys( $this->below( $folder )->files ) ) ) );
		return $part;
	}

	/** The only folder at the top, or '' when there is more beside it. */
	public function only_folder(): string {
		$tops = array();
		foreach ( array_keys( $this->files ) as $path ) {
			$parts = explode( '/', ltrim( (string) $path, '/' ), 2 );
			if ( ! isset( $parts[1] ) ) {
				return '';
			}
			$tops[ $parts[0] ] = true;
		}
		return 1 === count( $tops ) ? (string) array_keys( $tops )[0] : '';
	}

	/** True when every file of this listing is there, as large as here. */
	public function stands_in( self $other ): bool {
		foreach ( $this->files as $path => $size ) {
			if ( ! isset( $other->files[ $path ] ) || $other->files[ $path ] !== $size ) {
				return false;
			}
		}
		return true;
	}
}
