<?php
/**
 * Ed25519 with a strict gate in front of the library.
 *
 * Libraries differ on keys of small order, on encodings that are not canonical and on S that is not reduced; the gate
 * refuses all of them, so that ext-sodium and WordPress's own sodium_compat give the same answer. A library that
 * throws has not verified anything.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Ed25519 {

	/** y-coordinates (sign bit cleared, little endian) of the points of order 1, 2, 4 and 8. */
	private const SMALL_ORDER = array(
		'0000000000000000000000000000000000000000000000000000000000000000',
		'0100000000000000000000000000000000000000000000000000000000000000',
		'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
		'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
		'26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
	);
	/** p = 2^255-19 and the group order L, little endian. */
	private const FIELD_PRIME = 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f';
	private const GROUP_ORDER = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010';

	/** True for 32 bytes that are a canonical point encoding and not of small order. */
	public static function key_ok( string $raw ): bool {
		if ( 32 !== strlen( $raw ) ) {
			return false;
		}
		$y     = $raw;
		$y[31] = chr( ord( $y[31] ) & 0x7f );
		return self::below( $y, self::FIELD_PRIME ) && ! in_array( bin2hex( $y ), self::SMALL_ORDER, true );
	}

	public static function verify( string $signature, string $message, string $key ): bool {
		if ( 64 !== strlen( $signature ) || ! self::key_ok( $key ) || ! self::key_ok( substr( $signature, 0, 32 ) ) ) {
			return false;
		}
		if ( ! self::below( substr( $signature, 32 ), self::GROUP_ORDER ) ) {
			return false;
		}
		try {
			if ( function_exists( 'sodium_crypto_sign_verify_detached' ) ) {
				return true === sodium_crypto_sign_verify_detached( $signature, $message, $key );
			}
			return class_exists( '\ParagonIE_Sodium_Compat' )
				&& true === \ParagonIE_Sodium_Compat::crypto_sign_verify_detached( $signature, $message, $key );
		} catch ( \Throwable $broken ) {
			return false;
		}
	}

	/**
	 * @param string $secret_key The 64 bytes of keypair()['secret'].
	 * @throws \RuntimeException When there is no library to sign with or the key is damaged.
	 */
	public static function sign( string $message, string $secret_key ): string {
		if ( 64 !== strlen( $secret_key ) ) {
			throw new \RuntimeException( 'An Ed25519 secret key has 64 bytes.' );
		}
		if ( function_exists( 'sodium_crypto_sign_detached' ) ) {
			return sodium_crypto_sign_detached( $message, $secret_key );
		}
		self::need_library();
		return \ParagonIE_Sodium_Compat::crypto_sign_detached( $message, $secret_key );
	}

	/**
	 * A fresh pair, or the pair of a 32-byte seed.
	 *
	 * @return array{public:string,secret:string} 32 and 64 raw bytes.
	 */
	public static function keypair( ?string $seed = null ): array {
		$seed = null === $seed ? random_bytes( 32 ) : $seed;
		if ( 32 !== strlen( $seed ) ) {
			throw new \RuntimeException( 'An Ed25519 seed has 32 bytes.' );
		}
		if ( function_exists( 'sodium_crypto_sign_seed_keypair' ) ) {
			$pair = sodium_crypto_sign_seed_keypair( $seed );
		} else {
			self::need_library();
			$pair = \ParagonIE_Sodium_Compat::crypto_sign_seed_keypair( $seed );
		}
		return array(
			'public' => substr( $pair, 64, 32 ),
			'secret' => substr( $pair, 0, 64 ),
		);
	}

	/** True when a library is there: ext-sodium, or WordPress's sodium_compat once it was loaded. */
	public static function available(): bool {
		return function_exists( 'sodium_crypto_sign_verify_detached' ) || class_exists( '\ParagonIE_Sodium_Compat' );
	}

	private static function need_library(): void {
		if ( ! class_exists( '\ParagonIE_Sodium_Compat' ) ) {
			throw new \RuntimeException( 'Neither the sodium extension nor sodium_compat is loaded.' );
		}
	}

	/** Little-endian comparison of 32 public bytes; nothing secret passes here. */
	private static function below( string $value, string $limit_hex ): bool {
		return strcmp( bin2hex( strrev( $value ) ), bin2hex( strrev( (string) hex2bin( $limit_hex ) ) ) ) < 0;
	}
}
