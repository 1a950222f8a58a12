<?php
/**
 * Reads one part of a pack. No byte is handed on before its record was proved; the file's own hash is the last thing asked.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class PartReader {

	/** No entry's description is longer. */
	private const HEAD = 65536;

	/**
	 * The entries of a part, in their order: description and bytes.
	 *
	 * What came out before an exception is sound, but not all there is: use it for nothing until the last part is through.
	 *
	 * @param string $sha256 Of the file, hex.
	 * @param string $key    32 bytes, of the pack.
	 * @param string $id     16 bytes, of the pack.
	 * @return \Generator<int,array{0:array<string,mixed>,1:string}>
	 * @throws PackBroken When anything is not as it was written.
	 */
	public static function entries( string $path, string $sha256, string $key, string $id, int $part ): \Generator {
		if ( ! PartWriter::available() ) {
			throw new PackBroken( PackBroken::CIPHER );
		}
		$open = is_file( $path ) && ! is_link( $path ) ? fopen( $path, 'rb' ) : false;
		if ( false === $open ) {
			throw new PackBroken( PackBroken::MISSING );
		}
		try {
			$sum  = hash_init( 'sha256' );
			$head = self::take( $open, strlen( Guard::LINE ) + PartWriter::SALT, $sum );
			if ( 0 !== strncmp( $head, Guard::LINE, strlen( Guard::LINE ) ) ) {
				throw new PackBroken( PackBroken::DAMAGED );
			}
			$part_key = PartWriter::part_key( $key, substr( $head, strlen( Guard::LINE ) ) );
			$held     = '';
			$left     = (int) fstat( $open )['size'] - strlen( $head );
			for ( $record = 0; $left > 0; $record++ ) {
				$held .= self::record( $open, $sum, $left, $part_key, $id, PartWriter::nonce( $part, $record ) );
				$at    = 0;
				$entry = self::entry( $held, $at );
				while ( null !== $entry ) {
					yield $entry;
					$entry = self::entry( $held, $at );
				}
				$held = (string) substr( $held, $at );
			}
			if ( '' !== $held || 0 === $record || ! hash_equals( $sha256, hash_final( $sum ) ) ) {
				throw new PackBroken( PackBroken::DAMAGED );
			}
		} finally {
			fclose( $open );
		}
	}

	/**
	 * @param resource              $open The file.
	 * @param resource|\HashContext $sum  Running hash.
	 * @param int                   $left Bytes of the file that were not read yet; made smaller.
	 */
	private static function record( $open, $sum, int &$left, string $part_key, string $id, string $nonce ): string {
		$head   = self::take( $open, 4 + PartWriter::TAG, $sum );
		$length = (int) unpack( 'N', $head )[1];
		$left  -= strlen( $head ) + $length;
		if ( $length > PartWriter::RECORD || $left < 0 ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		$plain = openssl_decrypt(
			self::take( $open, $length, $sum ),
			PartWriter::CIPHER,
			$part_key,
			OPENSSL_RAW_DATA,
			$nonce,
			substr( $head, 4 ),
			$id . $nonce . ( 0 === $left ? "\1" : "\0" )
		);
		if ( false === $plain ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		return $plain;
	}

	/**
	 * The entry at that place and the place behind it, or null when it is not all there yet.
	 *
	 * @return array{0:array<string,mixed>,1:string}|null
	 */
	private static function entry( string $held, int &$at ): ?array {
		$there = strlen( $held ) - $at;
		if ( $there < 4 ) {
			return null;
		}
		$head = (int) unpack( 'N', substr( $held, $at, 4 ) )[1];
		if ( $head > self::HEAD ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		if ( $there < 4 + $head ) {
			return null;
		}
		$what = json_decode( substr( $held, $at + 4, $head ), true );
		if ( ! is_array( $what ) || ! isset( $what['n'] ) || ! is_int( $what['n'] ) || $what['n'] < 0 ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		if ( $there < 4 + $head + $what['n'] ) {
			return null;
		}
		$bytes = 0 === $what['n'] ? '' : substr( $held, $at + 4 + $head, $what['n'] );
		$at   += 4 + $head + $what['n'];
		return array( $what, $bytes );
	}

	/**
	 * @param resource              $open The file.
	 * @param resource|\HashContext $sum  Running hash.
	 */
	private static function take( $open, int $length, $sum ): string {
		$bytes = 0 === $length ? '' : stream_get_contents( $open, $length );
		if ( false === $bytes || strlen( $bytes ) !== $length ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		hash_update( $sum, $bytes );
		return $bytes;
	}
}
