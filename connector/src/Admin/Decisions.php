<?php
/**
 * The buttons of a paired site: pause, moved, copy, restored, heartbeat, unpair.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Decisions {

	/** @param array<string,string|int|bool> $facts Of Status. */
	public static function show( array $facts ): void {
		printf( '<h2>%s</h2><div class="presswarden-buttons">', esc_html__( 'Decide', 'presswarden-connector' ) );
		if ( 'local' === $facts['paused'] ) {
			self::button( 'resume', __( 'Resume', 'presswarden-connector' ), __( 'Answer calls again.', 'presswarden-connector' ) );
		} else {
			self::button( 'pause', __( 'Pause', 'presswarden-connector' ), __( 'Answer health and control calls only. The control plane can not lift this.', 'presswarden-connector' ) );
		}
		if ( 'restored' === $facts['quiet'] ) {
			self::button( 'restored', __( 'The restore was mine', 'presswarden-connector' ), __( 'The database was put back to an earlier day on purpose.', 'presswarden-connector' ) );
		}
		if ( in_array( $facts['quiet'], array( 'clone', 'moved' ), true ) ) {
			self::button( 'moved', __( 'This site moved', 'presswarden-connector' ), __( 'It is the same site at a new address or on a new server.', 'presswarden-connector' ) );
			self::button( 'copy', __( 'This is a copy', 'presswarden-connector' ), __( 'Forget the pairing of the original here. The original is not touched.', 'presswarden-connector' ) );
		}
		if ( 'paired' === $facts['state'] ) {
			self::button( 'heartbeat', __( 'Send a heartbeat now', 'presswarden-connector' ), __( 'Tells the control plane how this site stands.', 'presswarden-connector' ) );
		}
		self::button( 'unpair', __( 'Unpair', 'presswarden-connector' ), __( 'Deletes the keys. Works also when the control plane is down.', 'presswarden-connector' ) );
		echo '</div>';
	}

	private static function button( string $verb, string $label, string $explains ): void {
		Form::open( $verb, 'presswarden-button' );
		printf( '<button type="submit" class="button" id="presswarden-%s">%s</button> <span class="description">%s</span></form>', esc_attr( $verb ), esc_html( $label ), esc_html( $explains ) );
	}
}
