<?php
/**
 * Presswarden watchdog, rescue file: there only while a change of WordPress itself is open. No file of WordPress is loaded.
 *
 * Put here by the Presswarden connector, taken away with the change. CONTENT is the folder of the site's content.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

const PRESSWARDEN_CONTENT = 'CONTENT';

if ( isset( $_SERVER['HTTP_X_PRESSWARDEN_RECOVER'] ) && is_file( PRESSWARDEN_CONTENT . '/presswarden-snapshots/open.php' ) ) {
	require PRESSWARDEN_CONTENT . '/mu-plugins/presswarden-watchdog/load.php';
	\Presswarden\Connector\Watch\Watch::boot( PRESSWARDEN_CONTENT, \Presswarden\Connector\Watch\Watch::PREPEND );
}
http_response_code( 404 );
