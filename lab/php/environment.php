<?php
/**
 * What WordPress expects of a web request, for code that runs from the command line.
 */

declare( strict_types=1 );

/**
 * Fills $_SERVER as a request for the site's home would.
 *
 * @param string $url Address of the site.
 */
function presswarden_lab_environment( string $url ): void {
	$parts = parse_url( $url );
	$_SERVER['HTTP_HOST']       = $parts['host'] . ( isset( $parts['port'] ) ? ':' . $parts['port'] : '' );
	$_SERVER['SERVER_NAME']     = $parts['host'];
	$_SERVER['SERVER_PORT']     = (string) ( $parts['port'] ?? 80 );
	$_SERVER['REQUEST_URI']     = ( $parts['path'] ?? '' ) . '/';
	$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
	$_SERVER['REQUEST_METHOD']  = 'GET';
	$_SERVER['REMOTE_ADDR']     = '127.0.0.1';
}
