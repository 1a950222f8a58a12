<?php
/**
 * Everything the connector leaves on a site, in one list.
 *
 * What stands here is left out of every dump, never written by a restore, and taken away by uninstall.php. Whatever is
 * not listed here must not be stored.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\Database\Dumps;

final class Storage {

	/** The only autoloaded option: state flags, below 1 KB, so that a visitor's page asks the database nothing more. */
	public const FLAGS = 'presswarden_flags';
	/** The pairing and its sealed keys. */
	public const RECORD = 'presswarden_record';
	/** The inventory that the control plane acknowledged last. */
	public const INVENTORY = 'presswarden_inventory';

	/** '1' when the administrator wants to keep the snapshots after the plugin is deleted. */
	public const KEEP_SNAPSHOTS = 'presswarden_keep_snapshots';

	public const OPTIONS = array( self::FLAGS, self::RECORD, self::INVENTORY, self::KEEP_SNAPSHOTS );

	/** Table names without the site's prefix. */
	public const CALLS   = 'presswarden_calls';
	public const JOURNAL = 'presswarden_journal';
	public const TABLES  = array( self::CALLS, self::JOURNAL );

	public const CRON_HEARTBEAT = 'presswarden_heartbeat';
	public const CRON_CHANGED   = 'presswarden_changed';
	public const CRON_HOOKS     = array( self::CRON_HEARTBEAT, self::CRON_CHANGED );

	public const ROLE = 'presswarden_agent';

	/** Keys of user meta that are ours; the role's own row goes with the user. */
	public const USER_META = array();

	/** Transients (without WordPress's prefix). None: a transient can vanish, and nothing of ours may. */
	public const TRANSIENTS = array();

	/** Tables that a restore of the database fills beside the live ones, and the ones it took out of use. Both go when it ends. */
	public const SHADOW = 'presswarden_r_';
	public const ASIDE  = 'presswarden_o_';

	/** How the names of all our options and tables (without the site's prefix) begin: for a dump, which can't know a later version's. */
	public const PREFIX = 'presswarden_';

	/** A copy of a SQLite database on its way into a snapshot or out of one, beside the database; gone when the call's work is done. */
	public const SQLITE_COPY = '.ht.presswarden-';

	/** Folders below wp-content. */
	public const STATE_FOLDER    = 'presswarden-state';
	public const SNAPSHOT_FOLDER = 'presswarden-snapshots';
	public const FOLDERS         = array( self::STATE_FOLDER, self::SNAPSHOT_FOLDER );

	public static function table( string $name ): string {
		global $wpdb;
		return $wpdb->prefix . $name;
	}

	public static function folder(): string {
		return WP_CONTENT_DIR . '/' . self::STATE_FOLDER;
	}

	public static function snapshots(): string {
		return WP_CONTENT_DIR . '/' . self::SNAPSHOT_FOLDER;
	}

	/** Takes away what one site of a network (or the only site) holds. Folders are shared and go last, once. */
	public static function remove_from_this_site(): void {
		global $wpdb;
		foreach ( self::CRON_HOOKS as $hook ) {
			wp_unschedule_hook( $hook );
		}
		foreach ( get_users(
			array(
				'role'   => self::ROLE,
				'fields' => 'ID',
			)
		) as $user ) {
			self::remove_user( (int) $user );
		}
		remove_role( self::ROLE );
		foreach ( self::OPTIONS as $option ) {
			delete_option( $option );
		}
		try {
			Dumps::here()->tidy( array() );
		} catch ( Refusal $unanswered ) {
			// A network keeps none, and a database that does not answer gives nothing away either.
			unset( $unanswered );
		}
		$calls   = $wpdb->prefix . self::CALLS;
		$journal = $wpdb->prefix . self::JOURNAL;
		$wpdb->query( "DROP TABLE IF EXISTS {$calls}" );
		$wpdb->query( "DROP TABLE IF EXISTS {$journal}" );
	}

	/** @param bool $with_snapshots False when the administrator wants to keep them; their keys are in them, sealed under AUTH_KEY. */
	public static function remove_folders( bool $with_snapshots ): void {
		foreach ( self::FOLDERS as $name ) {
			$folder = WP_CONTENT_DIR . '/' . $name;
			if ( ! is_link( $folder ) && ( $with_snapshots || self::SNAPSHOT_FOLDER !== $name ) ) {
				self::remove_tree( $folder );
			}
		}
	}

	/** The local administrator's word; no message can say it. */
	public static function keep_snapshots( bool $keep ): void {
		$keep ? update_option( self::KEEP_SNAPSHOTS, '1', false ) : delete_option( self::KEEP_SNAPSHOTS );
	}

	/** The administrator's choice, as it stands before anything is taken away. */
	public static function keeps_snapshots(): bool {
		return '1' === get_option( self::KEEP_SNAPSHOTS, '' );
	}

	/** @param array<int,string> $kept Names that stay. */
	public static function remove_sqlite_copies( array $kept ): void {
		$folder = defined( 'FQDB' ) ? dirname( (string) FQDB ) : '';
		foreach ( '' !== $folder && is_dir( $folder ) ? (array) scandir( $folder ) : array() as $name ) {
			if ( 0 === strpos( (string) $name, self::SQLITE_COPY ) && ! in_array( $name, $kept, true ) ) {
				self::remove_tree( $folder . '/' . $name );
			}
		}
	}

	/** True when nothing is left of it. No link is followed. */
	public static function remove_tree( string $path ): bool {
		if ( is_link( $path ) || is_file( $path ) ) {
			return unlink( $path );
		}
		foreach ( is_dir( $path ) ? array_diff( (array) scandir( $path ), array( '.', '..' ) ) : array() as $name ) {
			self::remove_tree( $path . '/' . $name );
		}
		return ! is_dir( $path ) || rmdir( $path );
	}

	private static function remove_user( int $user ): void {
		require_once ABSPATH . 'wp-admin/includes/user.php';
		if ( ! is_multisite() ) {
			wp_delete_user( $user );
			return;
		}
		require_once ABSPATH . 'wp-admin/includes/ms.php';
		wpmu_delete_user( $user );
	}
}
