<?php
/**
 * Presswarden watchdog, optional third door: auto_prepend_file of a .user.ini names this file.
 *
 * Runs before any file of WordPress, so a core that lies in halves can't stop it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

if ( is_file( dirname( __DIR__, 2 ) . '/presswarden-snapshots/open.php' ) ) {
	require_once __DIR__ . '/load.php';
	\Presswarden\Connector\Watch\Watch::boot( dirname( __DIR__, 2 ), \Presswarden\Connector\Watch\Watch::PREPEND );
}
