<?php
/**
 * Plugin Name: Test: opens a change
 * Description: Does with OpenChange what an update does, step by step as a file beside the site says, inside a web request.
 *
 * Read from a file of the site's state and nowhere else, so that no visitor can ask for it.
 */

declare( strict_types=1 );

use Presswarden\Connector\Site\OpenChange;
use Presswarden\Connector\Watch\FileList;
use Presswarden\Connector\Watch\FilePacker;
use Presswarden\Connector\Watch\Marker;

function presswarden_test_copy( string $from, string $to ): void {
	if ( ! is_dir( $from ) ) {
		copy( $from, $to );
		// Killed in the middle, as WordPress itself copies: file by file over the old ones.
		if ( isset( $GLOBALS['presswarden_test_left'] ) && 0 === --$GLOBALS['presswarden_test_left'] ) {
			posix_kill( getmypid(), 9 );
		}
		return;
	}
	is_dir( $to ) || mkdir( $to, 0755, true );
	$names = array_diff( scandir( $from ), array( '.', '..' ) );
	// A file system hands names out in an order of its own; this one is as odd and always the same.
	usort( $names, static function ( string $one, string $other ): int {
		return strcmp( md5( $one ), md5( $other ) );
	} );
	foreach ( $names as $name ) {
		presswarden_test_copy( $from . '/' . $name, $to . '/' . $name );
	}
}

/** A pack of each item, as a snapshot has them. */
function presswarden_test_items( string $change, array $wanted ): array {
	$folder = Marker::folder( WP_CONTENT_DIR );
	$items  = array();
	foreach ( $wanted as $number => $one ) {
		$pack = $change . '-' . $number;
		$full = rtrim( ABSPATH . $one['live'], '/' );
		$base = 'file' === $one['kind'] ? dirname( $full ) : $full;
		$tops = 'file' === $one['kind'] ? array( basename( $full ) ) : ( $one['tops'] ?? array() );
		$key  = random_bytes( 32 );
		$id   = random_bytes( 16 );
		mkdir( $folder . '/' . $pack );
		FileList::write( $base, $tops, $folder . '/' . $pack . '/list.php' );
		$packed  = FilePacker::step( $base, $folder . '/' . $pack . '/list.php', $folder . '/' . $pack, $key, $id, FilePacker::START, INF );
		$items[] = array(
			'live'  => $one['live'],
			'kind'  => $one['kind'],
			'pack'  => $pack,
			'parts' => $packed['parts'],
			'key'   => base64_encode( $key ),
			'id'    => base64_encode( $id ),
			'files' => $packed['files'],
			'bytes' => $packed['bytes'],
		);
	}
	return $items;
}

function presswarden_test_change( array $wanted ): string {
	$open   = OpenChange::begin( $wanted['change'], $wanted['component'], null, '1.0', $wanted['undo'] ?? '' );
	$member = new ReflectionProperty( OpenChange::class, 'marker' );
	$member->setAccessible( true );
	$marker        = $member->getValue( $open );
	$marker->items = presswarden_test_items( $wanted['change'], $wanted['items'] );
	$marker->live  = $wanted['items'][0]['live'] ?? $marker->live;
	$marker->save();
	if ( 'core' === $wanted['component'] ) {
		update_option( 'core_updater.lock', time() );
	}
	if ( $wanted['maintenance'] ?? false ) {
		file_put_contents( ABSPATH . '.maintenance', '<?php $upgrading = ' . time() . ';' );
	}
	foreach ( $wanted['delete'] ?? array() as $live ) {
		Presswarden\Connector\Watch\Tree::remove( ABSPATH . $live );
	}
	if ( 'die' === ( $wanted['then'] ?? '' ) ) {
		posix_kill( getmypid(), 9 );
	}
	if ( isset( $wanted['dies_after'] ) ) {
		$GLOBALS['presswarden_test_left'] = $wanted['dies_after'];
	}
	foreach ( $wanted['copy'] ?? array() as $live => $from ) {
		presswarden_test_copy( $from, ABSPATH . $live );
		Presswarden\Connector\Watch\Tree::forget_compiled( ...Presswarden\Connector\Watch\Tree::php_files( ABSPATH . $live ) );
	}
	foreach ( $wanted['activate'] ?? array() as $plugin ) {
		update_option( 'active_plugins', array_merge( (array) get_option( 'active_plugins' ), array( $plugin ) ) );
	}
	if ( 'abandon' === ( $wanted['then'] ?? '' ) ) {
		$open->abandon();
		return 'abandoned';
	}
	if ( 'take back' === ( $wanted['then'] ?? '' ) ) {
		return $open->take_back( 'asked' );
	}
	$open->confirm( ABSPATH . $marker->live, time() + $wanted['deadline'] );
	@unlink( ABSPATH . '.maintenance' );
	return 'confirm';
}

add_action(
	'init',
	static function (): void {
		$order = PRESSWARDEN_LAB_STATE . '/change.json';
		if ( ! isset( $_GET['presswarden-test'] ) || ! is_file( $order ) ) {
			return;
		}
		$wanted = json_decode( file_get_contents( $order ), true );
		unlink( $order );
		header( 'Content-Type: application/json' );
		try {
			echo json_encode( array( 'said' => presswarden_test_change( $wanted ) ) );
		} catch ( Presswarden\Connector\Core\Refusal $refusal ) {
			echo json_encode( array( 'said' => $refusal->wire_code ) );
		}
		exit;
	},
	PHP_INT_MIN
);
