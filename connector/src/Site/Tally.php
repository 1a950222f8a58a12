<?php
/**
 * Counts that junk may cause: refusals by code, and requests per minute by address and for the installation.
 *
 * One small file of fixed size, because a stranger must not be able to make this site write to its database. It holds
 * numbers only: no address, no header, nothing a request said. Addresses fall into slots by a keyed hash; two of them
 * may share a slot, which can only make the limit stricter.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

final class Tally {

	private const GUARD   = 16;
	private const CODES   = 128;
	private const SLOTS   = 4096;
	/** minute, requests in it, requests in the minute before: three 32-bit numbers. */
	private const SLOT    = 12;
	private const COUNTER = 4;

	/** The slot of everything that was accepted for this installation; addresses never fall into it. */
	public const INSTALLATION_SLOT = 0;

	public static function slot_of_address( string $address ): int {
		$packed = filter_var( $address, FILTER_VALIDATE_IP ) ? (string) inet_pton( $address ) : '';
		// One household or server has a whole /64 of IPv6.
		$network = 16 === strlen( $packed ) ? substr( $packed, 0, 8 ) : $packed;
		$hash    = unpack( 'N', hash_hmac( 'sha256', $network, StateFolder::file( 'tally' ), true ) );
		return 1 + ( ( $hash[1] & 0x7fffffff ) % ( self::SLOTS - 1 ) );
	}

	/**
	 * Takes one from a slot; false when more than the allowance fell into the last 60 seconds.
	 *
	 * @throws StoreBroken When there is nowhere to count.
	 */
	public static function take( int $slot, int $allowance, int $now ): bool {
		return self::locked(
			static function ( $file ) use ( $slot, $allowance, $now ): bool {
				$at     = self::GUARD + self::CODES * self::COUNTER + $slot * self::SLOT;
				$held   = self::numbers( $file, $at, 3 );
				$minute = intdiv( $now, 60 );
				$gone   = $minute - $held[0];
				$before = 0 === $gone ? $held[2] : ( 1 === $gone ? $held[1] : 0 );
				$count  = 0 === $gone ? $held[1] : 0;
				$rolled = $count + intdiv( $before * ( 60 - $now % 60 ), 60 );
				if ( $rolled >= $allowance ) {
					return false;
				}
				self::write( $file, $at, pack( 'N3', $minute, $count + 1, $before ) );
				return true;
			}
		);
	}

	/** Counts one refusal. A count that can't be written is lost; the refusal stands either way. */
	public static function refused( string $code ): void {
		$index = array_search( $code, array_keys( Refusal::TABLE ), true );
		if ( false === $index || $index >= self::CODES ) {
			return;
		}
		try {
			self::add( (int) $index, 1 );
		} catch ( StoreBroken $lost ) {
			return;
		}
	}

	/**
	 * Refusals since the last accepted heartbeat; codes without any are left out.
	 *
	 * @return array<string,int>
	 */
	public static function refusals(): array {
		try {
			$numbers = self::locked(
				static function ( $file ): array {
					return self::numbers( $file, self::GUARD, self::CODES );
				}
			);
		} catch ( StoreBroken $lost ) {
			return array();
		}
		$counted = array();
		foreach ( array_keys( Refusal::TABLE ) as $index => $code ) {
			if ( $index < self::CODES && $numbers[ $index ] > 0 ) {
				$counted[ $code ] = $numbers[ $index ];
			}
		}
		ksort( $counted, SORT_STRING );
		return $counted;
	}

	/**
	 * The control plane has these; what was counted meanwhile stays.
	 *
	 * @param array<string,int> $reported As refusals() gave them.
	 */
	public static function reported( array $reported ): void {
		$codes = array_flip( array_keys( Refusal::TABLE ) );
		foreach ( $reported as $code => $count ) {
			self::add( $codes[ $code ], -$count );
		}
	}

	private static function add( int $index, int $change ): void {
		self::locked(
			static function ( $file ) use ( $index, $change ): void {
				$at    = self::GUARD + $index * self::COUNTER;
				$count = self::numbers( $file, $at, 1 )[0];
				self::write( $file, $at, pack( 'N', max( 0, min( 0x7fffffff, $count + $change ) ) ) );
			}
		);
	}

	/**
	 * @param callable(resource):mixed $use What to do with the locked file.
	 * @return mixed
	 */
	private static function locked( callable $use ) {
		$file = @fopen( StateFolder::file( 'tally' ), 'c+b' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below, the path must not reach a log.
		if ( false === $file || ! flock( $file, LOCK_EX ) ) {
			throw new StoreBroken( 'tally' );
		}
		try {
			$stat = fstat( $file );
			if ( is_array( $stat ) && 0 === $stat['size'] ) {
				self::write( $file, 0, StateFolder::GUARD );
				ftruncate( $file, self::GUARD + self::CODES * self::COUNTER + self::SLOTS * self::SLOT );
			}
			return $use( $file );
		} finally {
			fclose( $file );
		}
	}

	/**
	 * @param resource $file Open and locked.
	 * @return array<int,int> From index 0.
	 */
	private static function numbers( $file, int $at, int $count ): array {
		fseek( $file, $at );
		$bytes = (string) fread( $file, 4 * $count );
		return array_values( (array) unpack( 'N*', str_pad( $bytes, 4 * $count, "\0" ) ) );
	}

	/** @param resource $file Open and locked. */
	private static function write( $file, int $at, string $bytes ): void {
		fseek( $file, $at );
		if ( strlen( $bytes ) !== fwrite( $file, $bytes ) ) {
			throw new StoreBroken( 'tally' );
		}
	}
}
