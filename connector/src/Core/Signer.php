<?php
/**
 * Signs what this site says: receipts, heartbeats and its other messages to the control plane.
 *
 * Holds one secret for the length of a request; it is never printed, stored or put into an exception.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Signer {

	private string $alg;
	private string $secret;

	/** @param string $secret 64 raw bytes (ed25519) or 32 (hmac-sha256). */
	public function __construct( string $alg, string $secret ) {
		$bytes = array(
			Pinned::ED25519 => 64,
			Pinned::HMAC    => 32,
		);
		if ( ! isset( $bytes[ $alg ] ) || strlen( $secret ) !== $bytes[ $alg ] ) {
			throw new \InvalidArgumentException( 'A signer needs a known algorithm and a key of its length.' );
		}
		$this->alg    = $alg;
		$this->secret = $secret;
	}

	/** Base64 of the signature over exactly this text. */
	public function sign( string $text ): string {
		if ( Pinned::ED25519 === $this->alg ) {
			return base64_encode( Ed25519::sign( $text, $this->secret ) );
		}
		return base64_encode( hash_hmac( 'sha256', $text, $this->secret, true ) );
	}

	public function kid(): string {
		return KeyId::of( Pinned::ED25519 === $this->alg ? substr( $this->secret, 32 ) : $this->secret );
	}

	/** Base64 of the public key, or '' in HMAC mode. */
	public function public_key(): string {
		return Pinned::ED25519 === $this->alg ? base64_encode( substr( $this->secret, 32 ) ) : '';
	}

	/**
	 * The six headers of wire.md section 1 for a message of our own; the hash is over the bytes that are sent.
	 *
	 * @return array<string,string>
	 */
	public function headers( string $installation, string $message_id, int $now, int $ttl, string $sent_bytes ): array {
		return array(
			'X-WP-Agent-Installation' => $installation,
			'X-WP-Agent-ToolCallId'   => $message_id,
			'X-WP-Agent-Timestamp'    => (string) $now,
			'X-WP-Agent-TTL'          => (string) $ttl,
			'X-WP-Agent-SignatureAlg' => $this->alg,
			'X-WP-Agent-Signature'    => $this->sign( Envelope::canonical_of( $installation, $message_id, $now, $ttl, $sent_bytes ) ),
		);
	}

	/** @return array<string,string> Nothing that a dump could show. */
	public function __debugInfo(): array {
		return array( 'alg' => $this->alg );
	}
}
