<?php
/**
 * Replacing a key: the old key signs the message that carries it, the new key signs itself into it.
 *
 * The same text serves both directions; control key and site key count their epochs apart.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Rotation {

	/** Both keys may sign for at most this long. */
	public const OVERLAP = 86400;

	/** @param string $public_key Base64 of the new key. */
	public static function text( string $installation, int $epoch, string $public_key ): string {
		return implode( "\n", array( 'presswarden-rotate-1', $installation, (string) $epoch, $public_key ) );
	}

	/**
	 * The new control key of a verified `control.rotate`, if this site may take it.
	 *
	 * The caller pins it with a `not_after` of null and gives the old key `now + OVERLAP`.
	 *
	 * @param \stdClass $args Arguments that already fit the schema.
	 * @throws Refusal With an `action.rotation_*` code.
	 */
	public static function accept( \stdClass $args, Pinned $pinned, int $now ): PinnedKey {
		if ( Pinned::ED25519 !== $pinned->alg ) {
			throw Refusal::of( 'action.rotation_mode' );
		}
		if ( $args->epoch !== $pinned->epoch + 1 ) {
			throw Refusal::of( 'action.rotation_epoch' );
		}
		if ( count( $pinned->live_keys( $now ) ) > 1 ) {
			throw Refusal::of( 'action.rotation_third' );
		}
		$raw = Shape::base64( $args->public_key, 32 );
		if ( null === $raw || ! Ed25519::key_ok( $raw ) || isset( $pinned->keys[ KeyId::of( $raw ) ] ) ) {
			throw Refusal::of( 'action.rotation_key' );
		}
		$signature = Shape::base64( $args->signature, 64 );
		if ( null === $signature || ! Ed25519::verify( $signature, self::text( $pinned->installation, $args->epoch, $args->public_key ), $raw ) ) {
			throw Refusal::of( 'action.rotation_signature' );
		}
		return new PinnedKey( $raw, null );
	}

	/**
	 * What `control.rotate_site` answers: the new site key, signed by itself. The receipt around it is signed by the old one.
	 *
	 * @param Signer $fresh Signer of the new key.
	 */
	public static function offer( string $installation, int $epoch, Signer $fresh ): \stdClass {
		return (object) array(
			'epoch'      => $epoch,
			'public_key' => $fresh->public_key(),
			'signature'  => $fresh->sign( self::text( $installation, $epoch, $fresh->public_key() ) ),
		);
	}
}
