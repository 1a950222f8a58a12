<?php
/**
 * Runs a script inside a site: php run.php ROOT URL SCRIPT [ARGUMENT...]
 *
 * The script sees WordPress loaded and its own arguments in $argv. wp_die() ends with exit code 1
 * here, unlike WordPress's own, which ends with 0.
 */

declare( strict_types=1 );

require __DIR__ . '/environment.php';
presswarden_lab_environment( $argv[2] );
require $argv[1] . '/wp-load.php';
add_filter(
	'wp_die_handler',
	static function () {
		return static function ( $message ): void {
			fwrite( STDERR, is_wp_error( $message ) ? $message->get_error_message() : (string) $message );
			exit( 1 );
		};
	}
);
$argv = array_slice( $argv, 3 );
$argc = count( $argv );
try {
	require $argv[0];
} catch ( Throwable $fault ) {
	fwrite( STDERR, get_class( $fault ) . ': ' . $fault->getMessage() . ' in ' . $fault->getFile() . ':' . $fault->getLine() );
	exit( 255 );
}
