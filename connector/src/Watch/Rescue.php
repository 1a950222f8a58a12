<?php
/**
 * The two headers by which the control plane speaks to an open change without WordPress: a probe, and "take it back".
 *
 * One purpose, one change, 300 seconds. No list of used ones is kept: a replay finds the change over.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Rescue {

	public const PROBE   = 'probe';
	public const RECOVER = 'recover';

	private const LIFE = 300;
	/** How far ahead the caller's clock may be. */
	private const SKEW = 30;

	public static function signed( Marker $marker, string $purpose, string $header, int $now ): bool {
		if ( 1 !== preg_match( '/\A([0-9a-f-]{36})\.([1-9][0-9]{9})\.([A-Za-z0-9_-]{43}|[A-Za-z0-9_-]{86})\z/', $header, $found ) ) {
			return false;
		}
		list( , $change, $at, $encoded ) = $found;
		if ( ! hash_equals( $marker->change, $change ) || (int) $at > $now + self::SKEW || (int) $at < $now - self::LIFE ) {
			return false;
		}
		$signature = base64_decode( strtr( $encoded, '-_', '+/' ) );
		if ( rtrim( strtr( base64_encode( $signature ), '+/', '-_' ), '=' ) !== $encoded ) {
			return false;
		}
		$text = 'presswarden-' . $purpose . "\n" . $marker->installation . "\n" . $change . "\n" . $at;
		if ( '' !== $marker->mac ) {
			$key = (string) base64_decode( $marker->mac, true );
			return 32 === strlen( $key ) && hash_equals( hash_hmac( 'sha256', $text, $key, true ), $signature );
		}
		foreach ( $marker->keys as $key ) {
			if ( self::verifies( $signature, $text, (string) base64_decode( $key, true ), $marker->root ) ) {
				return true;
			}
		}
		return false;
	}

	/** Name of the file in the web root that is there while a core change is open. */
	public static function file_name( string $installation, string $change ): string {
		return 'presswarden-' . substr( hash( 'sha256', "presswarden-rescue-1\n" . $installation . "\n" . $change ), 0, 32 ) . '.php';
	}

	private static function verifies( string $signature, string $text, string $key, string $root ): bool {
		if ( 64 !== strlen( $signature ) || 32 !== strlen( $key ) ) {
			return false;
		}
		try {
			if ( function_exists( 'sodium_crypto_sign_verify_detached' ) ) {
				return sodium_crypto_sign_verify_detached( $signature, $text, $key );
			}
			// WordPress's own library, where the host has no extension. A core that lies in halves may not have it: then the answer is no.
			$library = $root . '/wp-includes/sodium_compat/autoload.php';
			if ( ! class_exists( '\ParagonIE_Sodium_Compat' ) && is_file( $library ) ) {
				require_once $library;
			}
			return class_exists( '\ParagonIE_Sodium_Compat' ) && true === \ParagonIE_Sodium_Compat::crypto_sign_verify_detached( $signature, $text, $key );
		} catch ( \Throwable $broken ) {
			return false;
		}
	}
}
