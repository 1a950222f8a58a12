<?php
/**
 * Why this site could not be paired: a code, a sentence, and what to do next.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class PairingProblem extends \RuntimeException {

	/** @readonly */
	public string $reason;

	public function __construct( string $reason ) {
		parent::__construct( self::says( $reason ) );
		$this->reason = $reason;
	}

	private static function says( string $reason ): string {
		switch ( $reason ) {
			case 'pairing.format':
				return __( 'This is not a pairing string. Copy it again, whole, from the console.', 'presswarden-connector' );
			case 'pairing.checksum':
				return __( 'The pairing string is damaged. Copy it again, whole, from the console. No try was spent.', 'presswarden-connector' );
			case 'pairing.insecure':
				return __( 'The pairing string names an address without HTTPS on a host that is not local. Give the control plane an HTTPS address.', 'presswarden-connector' );
			case 'pairing.unknown':
				return __( 'The control plane does not know this pairing string. Make a new one in the console.', 'presswarden-connector' );
			case 'pairing.expired':
				return __( 'The pairing string has expired; it lives 10 minutes. Make a new one in the console.', 'presswarden-connector' );
			case 'pairing.used':
				return __( 'The pairing string was used already. Make a new one in the console.', 'presswarden-connector' );
			case 'pairing.proof':
				return __( 'The control plane did not accept the proof; one try was spent. Copy the string again, whole, from the console.', 'presswarden-connector' );
			case 'pairing.too_many_tries':
				return __( 'Too many wrong tries. Wait ten minutes and make a new pairing string in the console.', 'presswarden-connector' );
			case 'pairing.home':
				return __( 'The address of this site (Settings, General) is not one that can be paired: HTTPS is needed on a host that is not local.', 'presswarden-connector' );
			case 'pairing.live':
				return __( 'The control plane holds a live pairing under this string. Make a new pairing string in the console.', 'presswarden-connector' );
			case 'pairing.key':
				return __( 'The control plane refused the key of this site. Try again; a new key is made each time.', 'presswarden-connector' );
			case 'here.live':
				return __( 'This site is paired already. Unpair it first, or choose to replace the pairing.', 'presswarden-connector' );
			case 'here.unpaired':
				return __( 'This site is not paired, so there is no move to tell anybody of.', 'presswarden-connector' );
			case 'here.network':
				return __( 'In a network only the main site is paired; it stands for the whole network.', 'presswarden-connector' );
			case 'here.weak_key':
				return __( 'AUTH_KEY in wp-config.php is empty, the default or too short, so keys can not be kept safe. Set it to a random value, then pair.', 'presswarden-connector' );
			case 'here.openssl':
				return __( 'PHP on this server lacks the openssl extension, so keys can not be kept safe. Ask the host to enable it.', 'presswarden-connector' );
			case 'here.folder':
				return __( 'The folder wp-content/presswarden-state can not be written. Make wp-content writable for PHP, then pair.', 'presswarden-connector' );
			case 'here.store':
				return __( 'WordPress could not write to its database or make the agent user. Nothing was paired.', 'presswarden-connector' );
			case 'here.unwritten':
				return __( 'WordPress could not write all of it down. Look at the state below, then try again.', 'presswarden-connector' );
			case 'unreachable':
				return __( 'The control plane did not answer. Check that this server may reach its address, then try again; the string is not spent.', 'presswarden-connector' );
			case 'not_a_control_plane':
				return __( 'Something answered at that address, but it is not a Presswarden control plane.', 'presswarden-connector' );
			default:
				/* translators: %s: a stable error code */
				return sprintf( __( 'The control plane refused: %s', 'presswarden-connector' ), $reason );
		}
	}
}
