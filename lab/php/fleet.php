<?php
/**
 * Router of a fleet: finds the site by the Host header or the first part of the path.
 *
 * `Host: s0001.localhost` and `/s0001/...` mean the same site. Below that it does what the router
 * of a single site does, with the site's own content folder.
 */

declare( strict_types=1 );

require_once __DIR__ . '/record.php';

$presswarden_lab_home = (string) getenv( 'PRESSWARDEN_LAB_FLEET' );
$presswarden_lab_path = rawurldecode( (string) parse_url( 'http://h' . $_SERVER['REQUEST_URI'], PHP_URL_PATH ) );
if ( '/.presswarden-lab-token' === $presswarden_lab_path ) {
	header( 'Content-Type: text/plain' );
	echo file_get_contents( $presswarden_lab_home . '/state/token' );
	return true;
}
if ( preg_match( '#^/(s\d{4})(/.*)?$#D', $presswarden_lab_path, $presswarden_lab_found ) ) {
	$presswarden_lab_site = $presswarden_lab_found[1];
	$presswarden_lab_path = $presswarden_lab_found[2] ?? '/';
} elseif ( preg_match( '#^(s\d{4})\.localhost(:\d+)?$#D', $_SERVER['HTTP_HOST'] ?? '', $presswarden_lab_found ) ) {
	$presswarden_lab_site   = $presswarden_lab_found[1];
	$_SERVER['REQUEST_URI'] = '/' . $presswarden_lab_site . $_SERVER['REQUEST_URI']; // as the site's home has it
}
$presswarden_lab_place = $presswarden_lab_home . '/sites/' . ( $presswarden_lab_site ?? '' );
if ( ! isset( $presswarden_lab_site ) || ! is_file( $presswarden_lab_place . '/wordpress/wp-config.php' ) || preg_match( '#/\.|\.sqlite$#', $presswarden_lab_path ) ) {
	http_response_code( 404 );
	return true;
}
presswarden_lab_watch_request( $presswarden_lab_place . '/state' );

// Core's own files are links, so a script among them would take the shared tree for the site's folder.
define( 'ABSPATH', $presswarden_lab_place . '/wordpress/' );
$presswarden_lab_root = $presswarden_lab_place . '/wordpress';
$presswarden_lab_file = $presswarden_lab_root . $presswarden_lab_path;
if ( is_dir( $presswarden_lab_file ) && is_file( rtrim( $presswarden_lab_file, '/' ) . '/index.php' ) ) {
	$presswarden_lab_path = rtrim( $presswarden_lab_path, '/' ) . '/index.php';
	$presswarden_lab_file = rtrim( $presswarden_lab_file, '/' ) . '/index.php';
}
if ( is_file( $presswarden_lab_file ) && '.php' !== substr( $presswarden_lab_file, -4 ) ) {
	$presswarden_lab_types = array( 'css' => 'text/css', 'js' => 'text/javascript', 'svg' => 'image/svg+xml', 'png' => 'image/png' );
	$presswarden_lab_type  = $presswarden_lab_types[ pathinfo( $presswarden_lab_file, PATHINFO_EXTENSION ) ] ?? 'application/octet-stream';
	header( 'Content-Type: ' . $presswarden_lab_type );
	readfile( $presswarden_lab_file );
	return true;
}
if ( ! is_file( $presswarden_lab_file ) ) {
	$presswarden_lab_path = '/index.php';
	$presswarden_lab_file = $presswarden_lab_root . '/index.php';
}
$_SERVER['SCRIPT_FILENAME'] = $presswarden_lab_file;
$_SERVER['SCRIPT_NAME']     = '/' . $presswarden_lab_site . $presswarden_lab_path;
$_SERVER['PHP_SELF']        = $_SERVER['SCRIPT_NAME'];
unset( $_SERVER['PATH_INFO'] );
chdir( dirname( $presswarden_lab_file ) );
require $presswarden_lab_file;
return true;
