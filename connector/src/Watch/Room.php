<?php
/**
 * Room on the disk that an open change holds for its way back: written while there is some, given up when the old files need it.
 *
 * A number of free bytes is only a hint (quotas, other writers), and a disk that an update filled to the last byte takes not even
 * the note that it is taken back. What is written is there.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Room {

	private const FILE = 'room.php';
	/** For the marker and the folders, and for what a file takes beyond its own bytes. */
	private const LEAST    = 131072;
	private const PER_FILE = 4096;
	private const PIECE    = 1048576;

	/**
	 * @param array<int,array<string,mixed>> $items Of the marker: what would be unpacked.
	 * @throws PackBroken When there is not so much.
	 */
	public static function hold( string $folder, array $items ): void {
		$wanted = self::LEAST;
		foreach ( $items as $item ) {
			$wanted += (int) $item['bytes'] + self::PER_FILE * (int) $item['files'];
		}
		$open = @fopen( $folder . '/' . self::FILE, 'wb' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below.
		$said = false !== $open && strlen( Guard::LINE ) === @fwrite( $open, Guard::LINE ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- as above.
		// No zeros: a file system that packs them would keep no room at all.
		$piece = random_bytes( self::PIECE );
		while ( $said && $wanted > 0 ) {
			$next    = min( $wanted, self::PIECE );
			$said    = @fwrite( $open, substr( $piece, 0, $next ) ) === $next; // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a full disk is thrown below.
			$wanted -= $next;
		}
		if ( false === $open || ! fclose( $open ) || ! $said ) {
			self::free( $folder );
			throw new PackBroken( PackBroken::WRITE );
		}
	}

	public static function free( string $folder ): void {
		is_file( $folder . '/' . self::FILE ) && unlink( $folder . '/' . self::FILE );
	}
}
