<?php
/**
 * The one folder of ours outside the database, and the way a small file in it is read and replaced.
 *
 * File names can't be guessed and each file starts with an exit guard, so a web server shows nothing of it. A reader
 * sees the old or the new file, never half of one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class StateFolder {

	/** 16 bytes, so that fixed-size records behind it stay aligned. */
	public const GUARD = "<?php exit; ?>\r\n";

	public static function file( string $purpose ): string {
		return Storage::folder() . '/' . Keys::private_name( $purpose ) . '.php';
	}

	/** @throws StoreBroken When the folder can't be made or written. */
	public static function make(): void {
		$folder = Storage::folder();
		if ( is_link( $folder ) || ( ! is_dir( $folder ) && ! wp_mkdir_p( $folder ) ) || ! is_writable( $folder ) ) {
			throw new StoreBroken( 'folder' );
		}
		foreach ( array( 'index.php' => "<?php\n", '.htaccess' => "Require all denied\n" ) as $name => $content ) {
			if ( ! is_file( $folder . '/' . $name ) ) {
				file_put_contents( $folder . '/' . $name, $content );
			}
		}
	}

	/** What stands behind the guard, or null when there is no such file. */
	public static function read( string $file ): ?string {
		$bytes = is_file( $file ) ? file_get_contents( $file ) : false;
		return is_string( $bytes ) && 0 === strncmp( $bytes, self::GUARD, 16 ) ? substr( $bytes, 16 ) : null;
	}

	/** @throws StoreBroken When the new content could not be put in place. */
	public static function replace( string $file, string $content ): void {
		$fresh = $file . '.' . bin2hex( random_bytes( 6 ) ) . '.php';
		$bytes = self::GUARD . $content;
		if ( strlen( $bytes ) !== @file_put_contents( $fresh, $bytes ) || ! @rename( $fresh, $file ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below, the path must not reach a log.
			is_file( $fresh ) && unlink( $fresh );
			throw new StoreBroken( 'file' );
		}
	}

	/**
	 * Writes a line of fixed length over the one that stands there, under a lock: what a crash leaves is the old or the new.
	 *
	 * @param callable(string):?string $change From the line that is there ('' for none) to the new one, or null to leave it.
	 * @throws StoreBroken When it could not be written.
	 */
	public static function overwrite( string $file, callable $change ): void {
		$open = @fopen( $file, 'c+b' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below, the path must not reach a log.
		if ( false === $open || ! flock( $open, LOCK_EX ) ) {
			throw new StoreBroken( 'file' );
		}
		try {
			$line  = $change( (string) substr( (string) stream_get_contents( $open ), strlen( self::GUARD ) ) );
			$bytes = self::GUARD . $line;
			if ( null !== $line && ( 0 !== fseek( $open, 0 ) || strlen( $bytes ) !== fwrite( $open, $bytes ) || ! fflush( $open ) ) ) {
				throw new StoreBroken( 'file' );
			}
		} finally {
			fclose( $open );
		}
	}
}
