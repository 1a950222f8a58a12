<?php
/**
 * Plugin Name: Lab: updates from loopback
 * Description: Sends questions for api.wordpress.org and downloads.wordpress.org to the lab's own server.
 *
 * The addresses stored in WordPress stay the real ones, so all that looks at them sees what a live
 * site sees. Without a server named, the questions are refused, as on a machine without network.
 */

declare( strict_types=1 );

add_filter(
	'pre_http_request',
	static function ( $answer, $arguments, $url ) {
		static $inside = false;
		$hosts = array( 'api.wordpress.org', 'downloads.wordpress.org', 'wordpress.org', 's.w.org' );
		if ( $inside || ! in_array( parse_url( (string) $url, PHP_URL_HOST ), $hosts, true ) ) {
			return $answer;
		}
		$named = PRESSWARDEN_LAB_STATE . '/updates.url';
		if ( ! is_file( $named ) ) {
			return new WP_Error( 'http_request_failed', 'The lab has no update server for this site.' );
		}
		// Only the address changes: streaming to a file, timeouts and size limits stay WordPress's own.
		$inside                          = true;
		$arguments['reject_unsafe_urls'] = false;
		$answer = wp_remote_request( preg_replace( '#^https?://#', trim( (string) file_get_contents( $named ) ) . '/', $url ), $arguments );
		$inside = false;
		return $answer;
	},
	10,
	3
);
