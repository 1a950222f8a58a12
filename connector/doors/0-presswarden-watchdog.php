<?php
/**
 * Plugin Name: Presswarden watchdog
 * Description: Second door of the watchdog: follows how far a request comes while a change is open. Put here by the Presswarden connector, taken away by it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

if ( ! defined( 'PRESSWARDEN_WATCHED' ) && is_file( WP_CONTENT_DIR . '/presswarden-snapshots/open.php' ) && is_file( __DIR__ . '/presswarden-watchdog/load.php' ) ) {
	require_once __DIR__ . '/presswarden-watchdog/load.php';
	Watch::boot( WP_CONTENT_DIR, Watch::MU );
}

if ( class_exists( Watch::class, false ) && null !== Watch::here() ) {
	require __DIR__ . '/presswarden-watchdog/stages.php';
}
