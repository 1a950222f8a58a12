<?php
/**
 * Plugin Name: Presswarden watchdog
 * Description: Takes back a change that breaks this site, and remembers where fatal errors happened. Put here by the Presswarden connector, taken away by it.
 *
 * WordPress includes this before .maintenance, the database, must-use plugins and plugins.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

define( 'PRESSWARDEN_WATCHED', true );

if ( is_file( WP_CONTENT_DIR . '/presswarden-snapshots/open.php' ) && is_file( __DIR__ . '/mu-plugins/presswarden-watchdog/load.php' ) ) {
	require_once __DIR__ . '/mu-plugins/presswarden-watchdog/load.php';
	\Presswarden\Connector\Watch\Watch::boot( WP_CONTENT_DIR, \Presswarden\Connector\Watch\Watch::DROPIN );
}

return new class() extends WP_Fatal_Error_Handler {

	public function handle() {
		if ( null !== error_get_last() && is_file( __DIR__ . '/mu-plugins/presswarden-watchdog/load.php' ) ) {
			require_once __DIR__ . '/mu-plugins/presswarden-watchdog/load.php';
			$fatal = \Presswarden\Connector\Watch\Evidence::fatal();
			if ( null !== $fatal && null === \Presswarden\Connector\Watch\Watch::here() ) {
				\Presswarden\Connector\Watch\Evidence::remember( WP_CONTENT_DIR . '/presswarden-snapshots', $fatal, time(), true );
			}
		}
		parent::handle();
	}
};
