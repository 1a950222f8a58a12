<?php
/**
 * What is written down when a change opens and when its files are in place: the marker that the watchdog goes by.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\Rescue;
use Presswarden\Connector\Watch\Tree;

final class Opening {

	public static function marker( string $change, string $component, ?SnapshotInfo $snapshot, string $was, string $undo ): Marker {
		$record               = ( new RecordStore() )->read();
		$marker               = new Marker();
		$marker->change       = $change;
		$marker->component    = $component;
		$marker->installation = $record->installation;
		$marker->was          = $was;
		$marker->state        = Marker::APPLYING;
		$marker->opened       = time();
		$marker->root         = untrailingslashit( wp_normalize_path( ABSPATH ) );
		$marker->content      = untrailingslashit( wp_normalize_path( WP_CONTENT_DIR ) );
		$marker->undo         = $undo;
		$marker->baseline     = bin2hex( random_bytes( 16 ) );
		$marker->items        = null === $snapshot || '' !== $undo ? array() : $snapshot->items();
		$marker->live         = 1 === count( $marker->items ) ? (string) $marker->items[0]['live'] : self::folder_of( $component );
		if ( array() !== $marker->items && 0 === strpos( $component, 'translation:' ) ) {
			$source          = SnapshotSource::of( $component );
			$marker->pattern = $source->pattern;
			$marker->before  = $source->tops;
		}
		self::give_keys( $marker, $record );
		if ( 'core' === $component ) {
			$marker->rescue = Watchdog::make_rescue( Rescue::file_name( $record->installation, $change ) );
		}
		return $marker;
	}

	public static function give_keys( Marker $marker, Record $record ): void {
		$marker->keys = array();
		if ( Pinned::HMAC === $record->alg ) {
			$marker->mac = base64_encode( hash_hkdf( 'sha256', Keys::open( Keys::HMAC_CALL, $record->hmac_call ), 32, 'presswarden-recover-1' ) );
			return;
		}
		foreach ( Keys::pinned( $record ) as $key ) {
			$marker->keys[] = base64_encode( $key->raw );
		}
	}

	/** @return array<string,string> Fingerprint by live path; of WordPress itself the two folders that are all its own. */
	public static function fingerprints( Marker $marker ): array {
		$after = array();
		if ( '' !== $marker->undo ) {
			return $after;
		}
		$paths = 'core' === $marker->component ? array( 'wp-admin', 'wp-includes' ) : array();
		foreach ( $marker->items as $item ) {
			if ( SnapshotSource::EACH !== $item['kind'] ) {
				$paths[] = (string) $item['live'];
			}
		}
		foreach ( $paths as $path ) {
			$after[ $path ] = Tree::fingerprint( $marker->root . '/' . $path );
		}
		return $after;
	}

	public static function below_root( string $path ): string {
		$path = untrailingslashit( wp_normalize_path( $path ) );
		$root = wp_normalize_path( ABSPATH );
		return 0 === strpos( $path . '/', $root ) ? (string) substr( $path, strlen( $root ) ) : ltrim( $path, '/' );
	}

	private static function folder_of( string $component ): string {
		list( $kind, $name ) = explode( ':', $component, 2 ) + array( '', '' );
		if ( 'plugin' === $kind ) {
			$folder = strstr( $name, '/', true );
			return self::below_root( WP_PLUGIN_DIR . '/' . ( false === $folder ? $name : $folder ) );
		}
		return 'theme' === $kind ? self::below_root( get_theme_root( $name ) . '/' . $name ) : '';
	}
}
