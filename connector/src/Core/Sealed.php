<?php
/**
 * Secrets at rest: HKDF-SHA256 of the site's AUTH_KEY, AES-256-CBC, then HMAC-SHA256 over everything and the context.
 *
 * Protects a copy of the database, not a server: whoever reads wp-config.php can open it. The context names the place
 * (with the blog id), so a sealed value moved to another place does not open.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Sealed {

	private const PREFIX  = 'presswarden-sealed-1.';
	private const VERSION = "\x01";
	private const SALT    = 32;
	private const IV      = 16;
	private const MAC     = 32;

	/** @throws SealBroken When the key is weak or there is no cipher. */
	public static function seal( string $plain, string $auth_key, string $context ): string {
		return self::seal_with( $plain, $auth_key, $context, random_bytes( self::SALT ), random_bytes( self::IV ) );
	}

	/** @throws SealBroken With the reason; nothing is decrypted before the MAC was right. */
	public static function open( string $sealed, string $auth_key, string $context ): string {
		if ( 0 !== strncmp( $sealed, self::PREFIX, strlen( self::PREFIX ) ) ) {
			throw new SealBroken( SealBroken::FORMAT );
		}
		$encoded = substr( $sealed, strlen( self::PREFIX ) );
		$raw     = base64_decode( $encoded, true );
		if ( false === $raw || base64_encode( $raw ) !== $encoded || strlen( $raw ) < 1 + self::SALT + self::IV + 16 + self::MAC || self::VERSION !== $raw[0] ) {
			throw new SealBroken( SealBroken::FORMAT );
		}
		$covered = substr( $raw, 0, -self::MAC );
		$keys    = self::keys( $auth_key, substr( $raw, 1, self::SALT ), $context );
		if ( ! hash_equals( self::mac( $covered, $context, $keys['mac'] ), substr( $raw, -self::MAC ) ) ) {
			throw new SealBroken( SealBroken::MAC );
		}
		$plain = openssl_decrypt(
			substr( $covered, 1 + self::SALT + self::IV ),
			'aes-256-cbc',
			$keys['cipher'],
			OPENSSL_RAW_DATA,
			substr( $covered, 1 + self::SALT, self::IV )
		);
		if ( false === $plain ) {
			throw new SealBroken( SealBroken::DECRYPT );
		}
		return $plain;
	}

	/** An AUTH_KEY that WordPress or a person never set protects nothing. */
	public static function key_is_weak( string $auth_key ): bool {
		return strlen( $auth_key ) < 32 || strlen( count_chars( $auth_key, 3 ) ) < 8 || 'put your unique phrase here' === $auth_key;
	}

	private static function seal_with( string $plain, string $auth_key, string $context, string $salt, string $iv ): string {
		$keys   = self::keys( $auth_key, $salt, $context );
		$cipher = openssl_encrypt( $plain, 'aes-256-cbc', $keys['cipher'], OPENSSL_RAW_DATA, $iv );
		if ( false === $cipher ) {
			throw new SealBroken( SealBroken::DECRYPT );
		}
		$covered = self::VERSION . $salt . $iv . $cipher;
		return self::PREFIX . base64_encode( $covered . self::mac( $covered, $context, $keys['mac'] ) );
	}

	/** @return array{cipher:string,mac:string} */
	private static function keys( string $auth_key, string $salt, string $context ): array {
		if ( self::key_is_weak( $auth_key ) ) {
			throw new SealBroken( SealBroken::WEAK_KEY );
		}
		if ( ! function_exists( 'openssl_encrypt' ) ) {
			throw new SealBroken( SealBroken::DECRYPT );
		}
		$okm = hash_hkdf( 'sha256', $auth_key, 64, "presswarden-sealed-1\n" . $context, $salt );
		return array(
			'cipher' => substr( $okm, 0, 32 ),
			'mac'    => substr( $okm, 32 ),
		);
	}

	private static function mac( string $covered, string $context, string $key ): string {
		return hash_hmac( 'sha256', $covered . $context, $key, true );
	}
}
