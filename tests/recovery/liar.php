<?php
/**
 * A neighbour that gets in the way of updates, as other plugins and hosts do. What it does stands in a file beside the site, written by a test.
 *
 * `offer`: members of the offer of `tiny`. `files`: WordPress may not change files. `method`: how files are written.
 * `at`: hook; there it does `do`: throw, print, exit, delete the file `path`, or fill the disk.
 */

$GLOBALS['liar'] = (array) json_decode( (string) @file_get_contents( dirname( ABSPATH ) . '/state/liar.json' ), true );

add_filter(
	'site_transient_update_plugins',
	static function ( $kept ) {
		if ( isset( $GLOBALS['liar']['offer'], $kept->response['tiny/tiny.php'] ) ) {
			foreach ( $GLOBALS['liar']['offer'] as $name => $value ) {
				$kept->response['tiny/tiny.php']->$name = $value;
			}
		}
		return $kept;
	}
);
isset( $GLOBALS['liar']['files'] ) && add_filter( 'file_mod_allowed', '__return_false' );
isset( $GLOBALS['liar']['method'] ) && add_filter(
	'filesystem_method',
	static function () {
		return $GLOBALS['liar']['method'];
	}
);
isset( $GLOBALS['liar']['at'] ) && add_filter(
	$GLOBALS['liar']['at'],
	static function ( $value = null ) {
		switch ( $GLOBALS['liar']['do'] ) {
			case 'throw':
				throw new Error( 'A neighbour broke.' );
			case 'print':
				echo '<p>A neighbour says hello.</p>';
				break;
			case 'exit':
				exit( 'A neighbour left.' );
			case 'fill':
				$full = fopen( WP_CONTENT_DIR . '/filled.bin', 'wb' );
				while ( 4096 === @fwrite( $full, str_repeat( 'x', 4096 ) ) ) {
					continue;
				}
				fclose( $full );
				break;
			case 'delete':
				unlink( ABSPATH . $GLOBALS['liar']['path'] );
				clearstatcache();
				break;
		}
		return $value;
	},
	20
);
