<?php
/**
 * A lock that the kernel lets go when its process dies, however that happens. The file stays; only the lock counts.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Lock {

	private const STEP = 20000;

	/**
	 * @param float $seconds How long to wait for it.
	 * @return resource|null Closing it, or the end of the process, gives it back.
	 */
	public static function take( string $file, float $seconds ) {
		$open = @fopen( $file, 'c+b' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- without the lock nothing is done, which is the answer.
		if ( false === $open ) {
			return null;
		}
		$end = microtime( true ) + $seconds;
		while ( ! flock( $open, LOCK_EX | LOCK_NB ) ) {
			if ( microtime( true ) >= $end ) {
				fclose( $open );
				return null;
			}
			usleep( self::STEP );
		}
		if ( 0 === (int) fstat( $open )['size'] ) {
			fwrite( $open, Guard::LINE );
		}
		return $open;
	}

	/** @param resource|null $open A lock that was taken. */
	public static function release( $open ): void {
		if ( is_resource( $open ) ) {
			flock( $open, LOCK_UN );
			fclose( $open );
		}
	}
}
