<?php
/**
 * The single-use string a person carries from the console to this site (wire.md 2.1).
 *
 * A wrong checksum is told here, before anything is sent, so a typing fault costs no try.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class PairingString {

	private const PREFIX = 'presswarden-1.';

	/** @readonly */
	public string $control;
	/** @readonly SHA-256 of the control key's 32 raw bytes, hex. */
	public string $fingerprint;
	/** @readonly */
	public string $installation;
	/** @readonly 16 raw bytes. */
	public string $secret;

	private function __construct( string $control, string $fingerprint, string $installation, string $secret ) {
		$this->control      = $control;
		$this->fingerprint  = $fingerprint;
		$this->installation = $installation;
		$this->secret       = $secret;
	}

	/** @throws Refusal With pairing.format, pairing.checksum or pairing.insecure. */
	public static function parse( string $pasted ): self {
		$text = (string) preg_replace( '/\s+/', '', $pasted );
		if ( strlen( $text ) > 2048 || 1 !== preg_match( '/\Apresswarden-1\.([A-Za-z0-9_-]+)\.([0-9a-f]{8})\z/', $text, $found ) ) {
			throw Refusal::of( 'pairing.format' );
		}
		if ( ! hash_equals( substr( hash( 'sha256', self::PREFIX . $found[1] ), 0, 8 ), $found[2] ) ) {
			throw Refusal::of( 'pairing.checksum' );
		}
		$json = base64_decode( strtr( $found[1], '-_', '+/' ), true );
		if ( false === $json || rtrim( strtr( base64_encode( $json ), '+/', '-_' ), '=' ) !== $found[1] ) {
			throw Refusal::of( 'pairing.format' );
		}
		$value = Json::decode_object( $json, 4, 'pairing.format' );
		if ( array( 'control', 'fingerprint', 'installation', 'secret', 'v' ) !== Json::keys( $value ) || 1 !== $value->v ) {
			throw Refusal::of( 'pairing.format' );
		}
		if ( ! Shape::is_hex( $value->fingerprint, 64 ) || ! Shape::is_uuid( $value->installation ) || ! Shape::is_hex( $value->secret, 32 ) ) {
			throw Refusal::of( 'pairing.format' );
		}
		if ( ! is_string( $value->control ) || '' === $value->control || Url::normalise( $value->control ) !== $value->control ) {
			throw Refusal::of( 'pairing.format' );
		}
		if ( ! Url::permitted( $value->control ) ) {
			throw Refusal::of( 'pairing.insecure' );
		}
		return new self( $value->control, $value->fingerprint, $value->installation, (string) hex2bin( $value->secret ) );
	}

	/** What the control plane knows instead of the secret. 32 raw bytes. */
	public function verifier(): string {
		return hash_hkdf( 'sha256', $this->secret, 32, 'presswarden-pair-1 verifier', '' );
	}
}
