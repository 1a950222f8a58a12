<?php
/**
 * Why a heartbeat was not accepted and what to do next, for the command line.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class HeartbeatProblem {

	public static function says( string $code ): string {
		if ( 0 === strncmp( $code, 'sealed_', 7 ) ) {
			return Repair::next_step( $code );
		}
		switch ( $code ) {
			case 'not_paired':
				return __( 'This site is not paired. Pair it with a string from the console.', 'presswarden-connector' );
			case 'unreachable':
				return __( 'The control plane did not answer. Check that this server may reach its address; the next heartbeat follows by itself.', 'presswarden-connector' );
			case 'insecure':
				return __( 'The control plane has an address without HTTPS on a host that is not local, so nothing is sent. Give it an HTTPS address, then pair again.', 'presswarden-connector' );
			case 'ingest.home':
				return __( 'This site does not stand where it was paired. Say so on its Presswarden page: it moved, or it is a copy.', 'presswarden-connector' );
			case 'ingest.sequence':
				return __( 'Somebody else speaks with the key of this site. If this is a copy, say so on its Presswarden page; if not, look for the copy.', 'presswarden-connector' );
			case 'ingest.window':
				return __( 'The clocks of this server and of the control plane disagree. Set the one that is wrong (NTP).', 'presswarden-connector' );
			case 'ingest.signature':
			case 'ingest.algorithm':
			case 'ingest.bind':
				return __( 'The control plane does not know the key of this site any more. Pair again.', 'presswarden-connector' );
			case 'ingest.installation':
			case 'ingest.revoked':
				return __( 'The control plane holds no pairing with this site any more. Unpair here, then pair again.', 'presswarden-connector' );
			case 'ingest.rate':
				return __( 'Too many messages came from here. Wait a minute.', 'presswarden-connector' );
			default:
				return __( 'Look at the log of the control plane; the next heartbeat follows by itself.', 'presswarden-connector' );
		}
	}
}
