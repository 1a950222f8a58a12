<?php
/**
 * What this site pinned at pairing and has learned since: the only ground on which a message is judged.
 *
 * A value, built for one request from what is stored. Nothing in it comes from the message being judged.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Pinned {

	public const PAIRED     = 'paired';
	public const CONFIRMING = 'confirming';
	public const UNPAIRED   = 'unpaired';

	public const ED25519 = 'ed25519';
	public const HMAC    = 'hmac-sha256';

	/** @readonly */
	public string $installation;
	/** @readonly One of the state constants; an expired `confirming` is `unpaired`. */
	public string $state;
	/** @readonly One of the algorithm constants. */
	public string $alg;
	/**
	 * At most two, by key id; empty only while confirming in Ed25519 mode.
	 *
	 * @readonly
	 * @var array<string,PinnedKey>
	 */
	public array $keys;
	/** @readonly Home URL in the wire's form, as pinned. */
	public string $home;
	/** @readonly Control plane's base URL. */
	public string $control;
	/** @readonly Epoch of the control key. */
	public int $epoch;
	/** @readonly Highest fence seen. */
	public int $highest_fence;
	/** @readonly '' or local or control. */
	public string $paused;
	/** @readonly '' or why this site answers reads only. */
	public string $quiet;
	/** @readonly */
	public bool $revoked;
	/** @readonly Hex SHA-256 of the control key, as the pairing string said. */
	public string $fingerprint;
	/** @readonly Home URL that a local administrator named as the new one, or ''. */
	public string $moved_to;

	/**
	 * @param array<string,mixed> $fields Exactly the properties above; `keys` as a list of PinnedKey.
	 */
	public function __construct( array $fields ) {
		$names = array( 'installation', 'state', 'alg', 'keys', 'home', 'control', 'epoch', 'highest_fence', 'paused', 'quiet', 'revoked', 'fingerprint', 'moved_to' );
		$given = array_keys( $fields );
		sort( $names );
		sort( $given );
		if ( $names !== $given || ! is_array( $fields['keys'] ) || count( $fields['keys'] ) > 2 ) {
			throw new \InvalidArgumentException( 'A pinned state needs exactly its fields and at most two keys.' );
		}
		$this->installation  = $fields['installation'];
		$this->state         = $fields['state'];
		$this->alg           = $fields['alg'];
		$this->home          = $fields['home'];
		$this->control       = $fields['control'];
		$this->epoch         = $fields['epoch'];
		$this->highest_fence = $fields['highest_fence'];
		$this->paused        = $fields['paused'];
		$this->quiet         = $fields['quiet'];
		$this->revoked       = $fields['revoked'];
		$this->fingerprint   = $fields['fingerprint'];
		$this->moved_to      = $fields['moved_to'];
		$this->keys          = array();
		foreach ( $fields['keys'] as $key ) {
			$this->add( $key );
		}
	}

	/**
	 * The keys that may sign at this moment.
	 *
	 * @return array<string,PinnedKey>
	 */
	public function live_keys( int $now ): array {
		return array_filter(
			$this->keys,
			static function ( PinnedKey $key ) use ( $now ): bool {
				return $key->live( $now );
			}
		);
	}

	/** Checks one signature under one key, by the pinned algorithm and no other. */
	public function verify( string $signature, string $message, PinnedKey $key ): bool {
		if ( self::ED25519 === $this->alg ) {
			return Ed25519::verify( $signature, $message, $key->raw );
		}
		return self::HMAC === $this->alg && hash_equals( hash_hmac( 'sha256', $message, $key->raw, true ), $signature );
	}

	private function add( PinnedKey $key ): void {
		$this->keys[ $key->kid ] = $key;
	}
}
