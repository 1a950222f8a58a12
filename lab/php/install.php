<?php
/**
 * Installs WordPress without a browser: php install.php ROOT USER PASSWORD [multisite DOMAIN]
 *
 * Prints one line of JSON. WordPress's installer exits with 0 when it dies, so the caller looks
 * at the line and not at the exit code.
 */

declare( strict_types=1 );

/** Pluggable: no mail at the installation. */
function wp_new_blog_notification(): void {
}

define( 'WP_INSTALLING', true );
[ , $root, $user, $password ] = $argv;
$_SERVER += array(
	'HTTP_HOST'       => $argv[5] ?? 'localhost',
	'REQUEST_URI'     => '/',
	'SERVER_PROTOCOL' => 'HTTP/1.1',
	'REQUEST_METHOD'  => 'GET',
);
require $root . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
if ( ! is_blog_installed() ) {
	wp_install( 'Lab site', $user, 'admin@example.test', true, '', wp_slash( $password ) );
}
$GLOBALS['wp_rewrite']->set_permalink_structure( '/%postname%/' );
flush_rewrite_rules( false );
if ( isset( $argv[4] ) && 'multisite' === $argv[4] ) {
	foreach ( $GLOBALS['wpdb']->tables( 'ms_global' ) as $name => $table ) {
		$GLOBALS['wpdb']->$name = $table;
	}
	install_network();
	$done = populate_network( 1, $argv[5], 'admin@example.test', 'Lab network', '/', false );
	if ( is_wp_error( $done ) && 'no_wildcard_dns' !== $done->get_error_code() ) {
		fwrite( STDERR, $done->get_error_message() );
		exit( 1 );
	}
}
$created = WP_Application_Passwords::create_new_application_password( 1, array( 'name' => 'lab' ) );
echo json_encode( array( 'installed' => true, 'app_password' => $created[0] ) );
