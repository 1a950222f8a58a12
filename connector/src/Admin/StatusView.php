<?php
/**
 * The state of the pairing, as a list that also fits a telephone.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Plain;

final class StatusView {

	/** @param array<string,string|int|bool> $facts Of Status. */
	public static function show( array $facts ): void {
		if ( '' !== $facts['next_step'] ) {
			printf( '<div class="notice notice-warning inline"><p><strong>%s</strong> %s</p></div>', esc_html__( 'Needs repair.', 'presswarden-connector' ), esc_html( (string) $facts['next_step'] ) );
		}
		if ( '' !== $facts['words'] && 'paired' === $facts['state'] ) {
			printf(
				'<p class="presswarden-words"><span>%s</span> <strong>%s</strong></p>',
				esc_html__( 'The console shows the same four words:', 'presswarden-connector' ),
				esc_html( Plain::shown( (string) $facts['words'] ) )
			);
		}
		echo '<dl class="presswarden-facts">';
		foreach ( self::rows( $facts ) as $label => $value ) {
			if ( '' !== $value ) {
				printf( '<dt>%s</dt><dd>%s</dd>', esc_html( $label ), esc_html( Plain::shown( $value ) ) );
			}
		}
		echo '</dl>';
	}

	/**
	 * @param array<string,string|int|bool> $facts Of Status.
	 * @return array<string,string>
	 */
	private static function rows( array $facts ): array {
		$rows = array(
			__( 'State', 'presswarden-connector' )         => self::state( $facts ),
			__( 'Control plane', 'presswarden-connector' ) => (string) $facts['control'],
			__( 'Paired as', 'presswarden-connector' )     => (string) $facts['home'],
			__( 'Installation', 'presswarden-connector' )  => (string) $facts['installation'],
			__( 'Signature', 'presswarden-connector' )     => (string) $facts['algorithm'],
			__( 'Agent user', 'presswarden-connector' )    => (string) $facts['agent'],
			__( 'Last call or order', 'presswarden-connector' ) => self::time( $facts['last_contact'] ),
			__( 'Last heartbeat accepted', 'presswarden-connector' ) => self::time( $facts['last_heartbeat'] ),
			__( 'Last standing order', 'presswarden-connector' ) => self::time( $facts['last_order'] ),
			__( 'Last refusal of a heartbeat', 'presswarden-connector' ) => (string) $facts['last_error'],
		);
		if ( '' !== $facts['installation'] ) {
			$rows[ __( 'Fence', 'presswarden-connector' ) ]      = (string) $facts['fence'];
			$rows[ __( 'Key epochs', 'presswarden-connector' ) ] = sprintf( 'site %d, control %d', $facts['site_epoch'], $facts['control_epoch'] );
		}
		if ( $facts['current_home'] !== $facts['home'] && '' !== $facts['home'] ) {
			$rows[ __( 'Answers now at', 'presswarden-connector' ) ] = (string) $facts['current_home'];
		}
		return $rows;
	}

	/** @param array<string,string|int|bool> $facts Of Status. */
	private static function state( array $facts ): string {
		$names = array(
			'unpaired'   => __( 'Not paired. Nothing is answered.', 'presswarden-connector' ),
			'expired'    => __( 'The control plane did not call back within ten minutes. Pair again.', 'presswarden-connector' ),
			'confirming' => __( 'Waiting for the control plane to call back.', 'presswarden-connector' ),
			'paired'     => __( 'Paired.', 'presswarden-connector' ),
			'revoked'    => __( 'Revoked by the control plane. Nothing is answered.', 'presswarden-connector' ),
		);
		$parts = array( $names[ $facts['state'] ] );
		if ( 'local' === $facts['paused'] ) {
			$parts[] = __( 'Paused here.', 'presswarden-connector' );
		} elseif ( 'control' === $facts['paused'] ) {
			$parts[] = __( 'Paused by the control plane.', 'presswarden-connector' );
		}
		$quiet = array(
			'restored' => __( 'Quiet: the database is older than what this site has lived through.', 'presswarden-connector' ),
			'clone'    => __( 'Quiet: this WordPress does not stand where it was paired. Say below whether it moved or is a copy.', 'presswarden-connector' ),
			'moved'    => __( 'Quiet: a person has to confirm the move in the control plane.', 'presswarden-connector' ),
			'silent'   => __( 'Quiet: no word from the control plane for a day, so only reads are answered.', 'presswarden-connector' ),
		);
		if ( isset( $quiet[ $facts['quiet'] ] ) ) {
			$parts[] = $quiet[ $facts['quiet'] ];
		}
		return implode( ' ', $parts );
	}

	/** @param mixed $unix Seconds, 0 for never. */
	private static function time( $unix ): string {
		if ( ! is_int( $unix ) || 0 === $unix ) {
			return '';
		}
		/* translators: 1: a length of time, 2: a date and time in UTC */
		return sprintf( __( '%1$s ago (%2$s UTC)', 'presswarden-connector' ), human_time_diff( $unix ), gmdate( 'Y-m-d H:i:s', $unix ) );
	}
}
