<?php
/**
 * What lies below a folder, written down once, so that a later call goes on without walking again.
 *
 * One JSON line each: kind, path, mode; folders before what is in them. Paths are in base64, because a file system's names
 * are bytes. Links are written down and never followed.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class FileList {

	public const FILE   = 'f';
	public const FOLDER = 'd';
	public const LINK   = 'l';

	/**
	 * @param string            $base Folder.
	 * @param array<int,string> $tops Names in it that count; none means all.
	 * @param string            $list File to write the list to.
	 * @return array{files:int,bytes:int} What it will come to, if nothing changes.
	 * @throws PackBroken When a folder can't be read or the list not written.
	 */
	public static function write( string $base, array $tops, string $list ): array {
		$open = @fopen( $list, 'wb' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below, the path must not reach a log.
		if ( false === $open ) {
			throw new PackBroken( PackBroken::WRITE );
		}
		try {
			self::put( $open, Guard::LINE );
			$totals = array(
				'files' => 0,
				'bytes' => 0,
			);
			$ahead  = array_reverse( array() === $tops ? self::names( $base ) : $tops );
			while ( array() !== $ahead ) {
				$path = (string) array_pop( $ahead );
				$full = $base . '/' . $path;
				if ( is_link( $full ) ) {
					if ( ! function_exists( 'readlink' ) || ! function_exists( 'symlink' ) ) {
						// Where a host forbids them, a link could not be put back.
						throw new PackBroken( PackBroken::UNREADABLE );
					}
					self::line( $open, self::LINK, $path, base64_encode( (string) readlink( $full ) ) );
				} elseif ( is_dir( $full ) ) {
					self::line( $open, self::FOLDER, $path, fileperms( $full ) & 0777 );
					foreach ( array_reverse( self::names( $full ) ) as $name ) {
						$ahead[] = $path . '/' . $name;
					}
				} elseif ( is_file( $full ) ) {
					self::line( $open, self::FILE, $path, fileperms( $full ) & 0777 );
					++$totals['files'];
					$totals['bytes'] += (int) filesize( $full );
				}
			}
		} finally {
			fclose( $open );
		}
		return $totals;
	}

	/** @return array<int,string> */
	private static function names( string $folder ): array {
		$names = is_readable( $folder ) ? scandir( $folder ) : false;
		if ( false === $names ) {
			throw new PackBroken( PackBroken::UNREADABLE );
		}
		return array_values( array_diff( $names, array( '.', '..' ) ) );
	}

	/**
	 * @param resource   $open The list.
	 * @param int|string $more Mode, or where a link points.
	 */
	private static function line( $open, string $kind, string $path, $more ): void {
		self::put( $open, json_encode( array( $kind, base64_encode( $path ), $more ), JSON_UNESCAPED_SLASHES ) . "\n" );
	}

	/** @param resource $open The list. */
	private static function put( $open, string $text ): void {
		if ( strlen( $text ) !== @fwrite( $open, $text ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a full disk is thrown here.
			throw new PackBroken( PackBroken::WRITE );
		}
	}
}
