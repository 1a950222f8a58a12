<?php
/**
 * One key of the control plane that this site pinned, and until when it may sign.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class PinnedKey {

	/** @readonly */
	public string $kid;
	/** @readonly 32 raw bytes: the public key (ed25519) or the call key (hmac-sha256). */
	public string $raw;
	/** @readonly Last second this key may sign; null for the current key, a time for one being rotated out. */
	public ?int $not_after;

	public function __construct( string $raw, ?int $not_after ) {
		if ( 32 !== strlen( $raw ) || str_repeat( "\0", 32 ) === $raw ) {
			throw new \InvalidArgumentException( 'A pinned key has 32 bytes and is not empty.' );
		}
		$this->kid       = KeyId::of( $raw );
		$this->raw       = $raw;
		$this->not_after = $not_after;
	}

	public function live( int $now ): bool {
		return null === $this->not_after || $now <= $this->not_after;
	}
}
