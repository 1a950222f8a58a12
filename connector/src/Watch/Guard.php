<?php
/**
 * The line every file below the snapshots folder begins with, and the way a small file of it is read and replaced.
 *
 * A web server that runs PHP shows nothing of such a file; what follows the line is never compiled. A reader sees the old
 * or the new file, never half of one. The files are read as text, never included, so no opcode cache has a say.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Guard {

	public const LINE = "<?php exit; __halt_compiler();\n";

	/** What stands behind the line, or null when there is no such file. */
	public static function read( string $file ): ?string {
		clearstatcache( true, $file );
		$bytes = is_file( $file ) && ! is_link( $file ) ? file_get_contents( $file ) : false;
		return is_string( $bytes ) && 0 === strncmp( $bytes, self::LINE, strlen( self::LINE ) ) ? substr( $bytes, strlen( self::LINE ) ) : null;
	}

	/** @throws PackBroken When the new content could not be put in place. */
	public static function replace( string $file, string $content ): void {
		$fresh = $file . '.' . bin2hex( random_bytes( 6 ) ) . '.php';
		$bytes = self::LINE . $content;
		if ( strlen( $bytes ) !== @file_put_contents( $fresh, $bytes ) || ! @rename( $fresh, $file ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below, the path must not reach a log.
			is_file( $fresh ) && unlink( $fresh );
			throw new PackBroken( PackBroken::WRITE );
		}
	}
}
