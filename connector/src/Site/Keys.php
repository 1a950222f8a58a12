<?php
/**
 * The site's secrets: sealed under the site's own AUTH_KEY (or PRESSWARDEN_KEY), opened only where something is signed
 * or an HMAC is checked.
 *
 * A changed, default or empty AUTH_KEY makes opening fail with a reason. Nothing is ever replaced silently then: a
 * person pairs again or puts the old key back.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Core\PinnedKey;
use Presswarden\Connector\Core\Sealed;
use Presswarden\Connector\Core\SealBroken;
use Presswarden\Connector\Core\Signer;

final class Keys {

	public const SITE      = 'site';
	public const HMAC_CALL = 'hmac-call';
	public const HMAC_SITE = 'hmac-site';

	/** @throws SealBroken When this site has no key worth sealing under. */
	public static function seal( string $slot, string $plain ): string {
		return Sealed::seal( $plain, self::master(), self::context( $slot ) );
	}

	/** @throws SealBroken With the reason. */
	public static function open( string $slot, string $sealed ): string {
		return Sealed::open( $sealed, self::master(), self::context( $slot ) );
	}

	/**
	 * The keys a call may be signed with.
	 *
	 * @return array<int,PinnedKey>
	 * @throws SealBroken In HMAC mode, where the key is a secret of this site.
	 */
	public static function pinned( Record $record ): array {
		if ( Pinned::HMAC === $record->alg ) {
			return array( new PinnedKey( self::open( self::HMAC_CALL, $record->hmac_call ), null ) );
		}
		$keys = array();
		foreach ( $record->control_keys as $key ) {
			// The row may have been damaged or edited: what is no key is none, and then nothing is signed by it.
			$end = is_array( $key ) && isset( $key['key'], $key['not_after'] ) && is_string( $key['key'] ) && is_int( $key['not_after'] ) ? $key['not_after'] : -1;
			$raw = $end < 0 ? '' : (string) base64_decode( $key['key'], true );
			if ( Ed25519::key_ok( $raw ) ) {
				$keys[] = new PinnedKey( $raw, 0 === $end ? null : $end );
			}
		}
		return count( $keys ) > 2 ? array() : $keys;
	}

	/**
	 * Taken before an action runs: the answer to a rotation is signed by the old key.
	 *
	 * @throws SealBroken When this site can't open its own key.
	 */
	public static function signer( Record $record ): Signer {
		if ( Pinned::HMAC === $record->alg ) {
			return new Signer( Pinned::HMAC, self::open( self::HMAC_SITE, $record->hmac_site ) );
		}
		return new Signer( Pinned::ED25519, self::open( self::SITE, $record->site_secret ) );
	}

	/** The key before the last rotation, as long as the control plane has not shown that it knows the new one. */
	public static function signer_before( Record $record ): ?Signer {
		return '' === $record->site_secret_before ? null : new Signer( Pinned::ED25519, self::open( self::SITE, $record->site_secret_before ) );
	}

	/** WordPress carries a pure PHP library for hosts without the sodium extension, but loads it only when asked. */
	public static function load_library(): void {
		if ( ! Ed25519::available() && is_file( ABSPATH . 'wp-includes/sodium_compat/autoload.php' ) ) {
			require_once ABSPATH . 'wp-includes/sodium_compat/autoload.php';
		}
	}

	/** A name that only this site can tell, the same as long as its key stays the same. For file names. */
	public static function private_name( string $purpose ): string {
		return substr( hash_hmac( 'sha256', 'presswarden-file ' . self::context( $purpose ), self::master() ), 0, 24 );
	}

	public static function are_weak(): bool {
		return Sealed::key_is_weak( self::master() );
	}

	private static function master(): string {
		if ( defined( 'PRESSWARDEN_KEY' ) ) {
			return (string) PRESSWARDEN_KEY;
		}
		return defined( 'AUTH_KEY' ) ? (string) AUTH_KEY : '';
	}

	/** The blog id is in it: the sites of a network share one AUTH_KEY. */
	private static function context( string $slot ): string {
		return 'blog ' . get_current_blog_id() . ' ' . $slot;
	}
}
