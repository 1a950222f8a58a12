<?php
/**
 * Folders as a whole: what they look like, which PHP lies in them, and taking one away. Links are never followed.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Tree {

	/** Hosts write logs and plugins write caches beside the code; only code says whether this is still the same version. */
	private const CODE = array( 'php', 'inc', 'js', 'mo' );
	/** As much of a file as WordPress reads for a component's version. */
	private const HEAD = 8192;

	/** Names and sizes of the code, and the first bytes of what stands at the top; '' where nothing is. */
	public static function fingerprint( string $path ): string {
		clearstatcache();
		if ( is_file( $path ) ) {
			return hash( 'sha256', filesize( $path ) . ' ' . hash_file( 'sha256', $path ) );
		}
		if ( ! is_dir( $path ) || is_link( $path ) ) {
			return '';
		}
		$lines = array();
		foreach ( self::files( $path ) as $file ) {
			$name = substr( $file, strlen( $path ) + 1 );
			if ( ! in_array( strtolower( pathinfo( $name, PATHINFO_EXTENSION ) ), self::CODE, true ) && 'style.css' !== $name ) {
				continue;
			}
			$lines[] = $name . ' ' . filesize( $file ) . ( false === strpos( $name, '/' ) ? ' ' . hash( 'sha256', (string) file_get_contents( $file, false, null, 0, self::HEAD ) ) : '' );
		}
		sort( $lines, SORT_STRING );
		return hash( 'sha256', implode( "\n", $lines ) );
	}

	/** @return array<int,string> Full paths. */
	public static function php_files( string $path ): array {
		if ( is_file( $path ) ) {
			return '.php' === substr( $path, -4 ) ? array( $path ) : array();
		}
		$found = array();
		foreach ( is_dir( $path ) ? self::files( $path ) : array() as $file ) {
			if ( '.php' === substr( $file, -4 ) ) {
				$found[] = $file;
			}
		}
		return $found;
	}

	public static function remove( string $path ): void {
		if ( is_link( $path ) || is_file( $path ) ) {
			unlink( $path );
			return;
		}
		foreach ( is_dir( $path ) ? (array) scandir( $path ) : array() as $name ) {
			if ( '.' !== $name && '..' !== $name ) {
				self::remove( $path . '/' . $name );
			}
		}
		is_dir( $path ) && rmdir( $path );
	}

	/** Old code must not live on in the opcode cache; its own look at the file's time can be off or fooled. Not from a command line: that has a cache of its own. */
	public static function forget_compiled( string ...$files ): void {
		clearstatcache( true );
		if ( ! function_exists( 'opcache_invalidate' ) || 'cli' === PHP_SAPI ) {
			return;
		}
		foreach ( array_unique( $files ) as $file ) {
			@opcache_invalidate( $file, true ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a host may keep the cache to itself; the files are right then, and its own timestamps have to do.
		}
	}

	/** @return array<int,string> Full paths of all plain files. */
	private static function files( string $folder ): array {
		$found = array();
		$ahead = array( $folder );
		while ( array() !== $ahead ) {
			$at    = (string) array_pop( $ahead );
			$names = is_readable( $at ) ? scandir( $at ) : false;
			foreach ( false === $names ? array() : $names as $name ) {
				$full = $at . '/' . $name;
				if ( '.' === $name || '..' === $name || is_link( $full ) ) {
					continue;
				}
				if ( is_dir( $full ) ) {
					$ahead[] = $full;
				} else {
					$found[] = $full;
				}
			}
		}
		return $found;
	}
}
