<?php
/**
 * What both sides say happened at pairing, as one text, and what follows from it: the proof of the secret, the words
 * that both screens show, and in HMAC mode the two keys.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Transcript {

	/** @var array<int,string> The lines in wire order. */
	private array $lines;

	/**
	 * @param string $public_key Base64 of the site key, or '' in HMAC mode.
	 * @param string $nonce      32 hex digits.
	 */
	public function __construct( string $installation, string $control, string $fingerprint, string $home, string $alg, string $public_key, string $nonce ) {
		$this->lines = array( 'presswarden-pair-1', $installation, $control, $fingerprint, $home, $alg, $public_key, $nonce );
		foreach ( $this->lines as $line ) {
			if ( false !== strpos( $line, "\n" ) ) {
				throw new \InvalidArgumentException( 'A transcript field holds no line feed.' );
			}
		}
	}

	public function text(): string {
		return implode( "\n", $this->lines );
	}

	/** Hex HMAC over the text; proves the secret without sending it. */
	public function mac( string $verifier ): string {
		return hash_hmac( 'sha256', $this->text(), $verifier );
	}

	/**
	 * The four words that both screens show.
	 *
	 * @param string $control_key Base64 of the control key, or '' in HMAC mode.
	 * @return array<int,string>
	 */
	public function words( string $control_key ): array {
		$hash  = hash( 'sha256', "presswarden-words-1\n" . $this->text() . "\n" . $control_key, true );
		$words = array();
		for ( $i = 0; $i < 4; $i++ ) {
			$words[] = Words::LIST[ ord( $hash[ $i ] ) ];
		}
		return $words;
	}

	/**
	 * The keys of HMAC mode, one per direction, 32 raw bytes each.
	 *
	 * @return array{call:string,site:string}
	 */
	public function hmac_keys( string $verifier ): array {
		$salt = hash( 'sha256', $this->text(), true );
		return array(
			'call' => hash_hkdf( 'sha256', $verifier, 32, 'presswarden-hmac-1 call', $salt ),
			'site' => hash_hkdf( 'sha256', $verifier, 32, 'presswarden-hmac-1 site', $salt ),
		);
	}
}
