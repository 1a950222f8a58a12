<?php
/**
 * Presswarden watchdog, inside WordPress: how far this request comes, and the one undoing that is a row of the database.
 *
 * Runs before the first plugin, and only while a change is open.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

if ( ! defined( 'ABSPATH' ) || null === Watch::here() ) {
	return;
}

$presswarden_change = Watch::here()->marker();
if ( '' !== $presswarden_change->undo && Marker::RESTORING === $presswarden_change->state ) {
	$presswarden_plugin = substr( $presswarden_change->component, strlen( 'plugin:' ) );
	$presswarden_active = array_values( array_diff( (array) get_option( 'active_plugins', array() ), array( $presswarden_plugin ) ) );
	if ( 'activate' === $presswarden_change->undo ) {
		$presswarden_active[] = $presswarden_plugin;
		sort( $presswarden_active );
	}
	update_option( 'active_plugins', $presswarden_active );
	TakeBack::switched( $presswarden_change );
}

Watch::here()->reach( Watch::MU );

add_action(
	'plugins_loaded',
	static function (): void {
		Watch::here()->reach( Watch::PLUGINS );
		Watch::here()->look_for_early_output();
	},
	PHP_INT_MIN
);

add_action(
	'wp_loaded',
	static function (): void {
		Watch::here()->reach( Watch::LOADED );
		Watch::here()->look_for_early_output();
	},
	PHP_INT_MAX
);
