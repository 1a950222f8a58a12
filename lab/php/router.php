<?php
/**
 * Router of a lab site: static files as they are, PHP files run, all else goes to index.php.
 *
 * Also answers the token of the start, and writes down each request with its outcome. It knows
 * nothing of what it serves.
 */

declare( strict_types=1 );

require_once __DIR__ . '/record.php';

( static function (): void {
	$state = (string) getenv( 'PRESSWARDEN_LAB_STATE' );
	$path  = rawurldecode( (string) parse_url( 'http://h' . $_SERVER['REQUEST_URI'], PHP_URL_PATH ) );
	if ( '/.presswarden-lab-token' === $path ) {
		header( 'Content-Type: text/plain' );
		echo file_get_contents( $state . '/token' );
		exit;
	}
	presswarden_lab_watch_request( $state );
} )();

$presswarden_lab_path = rawurldecode( (string) parse_url( 'http://h' . $_SERVER['REQUEST_URI'], PHP_URL_PATH ) );
$presswarden_lab_root = rtrim( $_SERVER['DOCUMENT_ROOT'], '/' );
if ( preg_match( '#/\.|\.sqlite$#', $presswarden_lab_path ) ) {
	http_response_code( 404 );
	return true;
}
$presswarden_lab_file = $presswarden_lab_root . $presswarden_lab_path;
if ( is_dir( $presswarden_lab_file ) && is_file( rtrim( $presswarden_lab_file, '/' ) . '/index.php' ) ) {
	$presswarden_lab_file = rtrim( $presswarden_lab_file, '/' ) . '/index.php';
}
if ( is_file( $presswarden_lab_file ) && '.php' !== substr( $presswarden_lab_file, -4 ) ) {
	return false;
}
if ( ! is_file( $presswarden_lab_file ) ) {
	$presswarden_lab_file = $presswarden_lab_root . '/index.php';
}
$_SERVER['SCRIPT_FILENAME'] = $presswarden_lab_file;
$_SERVER['SCRIPT_NAME']     = substr( $presswarden_lab_file, strlen( $presswarden_lab_root ) );
$_SERVER['PHP_SELF']        = $_SERVER['SCRIPT_NAME'];
unset( $_SERVER['PATH_INFO'] );
chdir( dirname( $presswarden_lab_file ) );
require $presswarden_lab_file;
return true;
