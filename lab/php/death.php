<?php
/**
 * Plugin Name: Lab: death
 * Description: Ends this process with SIGKILL at a hook that a file beside the site names. One process for each file.
 *
 * Whoever removes the file dies of it, so of several processes exactly one does.
 */

declare( strict_types=1 );

( static function (): void {
	foreach ( glob( PRESSWARDEN_LAB_STATE . '/deaths/*.json' ) as $file ) {
		$order = json_decode( (string) @file_get_contents( $file ), true );
		if ( ! is_array( $order ) || ( '' !== $order['asked'] && false === strpos( (string) ( $_SERVER['REQUEST_URI'] ?? '' ), $order['asked'] ) ) ) {
			continue;
		}
		$die = static function ( ...$arguments ) use ( $file, $order ) {
			$told = (string) json_encode( $arguments, JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR );
			if ( 1 === preg_match( $order['matching'], $told ) && @unlink( $file ) ) {
				presswarden_lab_record( PRESSWARDEN_LAB_STATE, 'killed', array( 'hook' => $order['hook'] ) );
				posix_kill( getmypid(), 9 );
			}
			return $arguments[0] ?? null;
		};
		add_filter( $order['hook'], $die, (int) $order['priority'], 5 );
	}
} )();
