<?php
/**
 * Plugin Name: Lab: core files of its own
 * Description: Before a core update, gives this site its own copies of the files it shares with others.
 *
 * WordPress writes core files in place, which would reach every site that holds a hard link.
 */

declare( strict_types=1 );

add_filter(
	'upgrader_pre_download',
	static function ( $answer, $package, $upgrader ) {
		if ( ! $upgrader instanceof Core_Upgrader ) {
			return $answer;
		}
		foreach ( array( 'wp-admin', 'wp-includes' ) as $folder ) {
			$files = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( ABSPATH . $folder, FilesystemIterator::SKIP_DOTS ) );
			foreach ( $files as $file ) {
				$path = $file->getPathname();
				if ( stat( $path )['nlink'] > 1 ) {
					copy( $path, $path . '.own' );
					rename( $path . '.own', $path );
				}
			}
		}
		return $answer;
	},
	1,
	3
);
