<?php
/**
 * Loads the connector's core for its unit tests; no WordPress.
 *
 * PRESSWARDEN_CONNECTOR names another copy of the connector, so that a copy with one check blanked can be tried by the same
 * tests. Where PHP has no sodium (WebAssembly builds), WordPress's own sodium_compat is used when PRESSWARDEN_SODIUM_COMPAT
 * names its autoload file; else the tests that need signatures skip and say so. ABSPATH opens the files that WordPress loads.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

define( 'ABSPATH', __DIR__ . '/' );
$presswarden_connector = getenv( 'PRESSWARDEN_CONNECTOR' );
$presswarden_connector = is_string( $presswarden_connector ) && '' !== $presswarden_connector ? $presswarden_connector : dirname( __DIR__ );
require $presswarden_connector . '/autoload.php';
require __DIR__ . '/Vectors.php';
require __DIR__ . '/Packing.php';
require __DIR__ . '/WatchedFolder.php';

$presswarden_compat = getenv( 'PRESSWARDEN_SODIUM_COMPAT' );
if ( ! extension_loaded( 'sodium' ) && is_string( $presswarden_compat ) && is_file( $presswarden_compat ) ) {
	require_once $presswarden_compat;
}
