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

final class Storage {

	/** The only autoloaded option: state flags, below 1 KB, so that a visitor's page asks the database nothing more. */
	public const FLAGS = 'presswarden_flags';
	/** The pairing and its sealed keys. */
	public const RECORD = 'presswarden_record';
	/** The inventory that the control plane acknowledged last. */
	public const INVENTORY = 'presswarden_inventory';

	public const OPTIONS = array( self::FLAGS, self::RECORD, self::INVENTORY );

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

	/** Folders below wp-content. */
	public const STATE_FOLDER = 'presswarden-state';
	public const FOLDERS      = array( self::STATE_FOLDER );

	public static function table( string $name ): string {
		global $wpdb;
		return $wpdb->prefix . $name;
	}

	public static function folder(): string {
		return WP_CONTENT_DIR . '/' . self::STATE_FOLDER;
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
		$calls   = $wpdb->prefix . self::CALLS;
		$journal = $wpdb->prefix . self::JOURNAL;
		$wpdb->query( "DROP TABLE IF EXISTS {$calls}" );
		$wpdb->query( "DROP TABLE IF EXISTS {$journal}" );
	}

	/** Only flat folders of ours: files directly inside, no link is followed. */
	public static function remove_folders(): void {
		foreach ( self::FOLDERS as $name ) {
			$folder = WP_CONTENT_DIR . '/' . $name;
			if ( is_link( $folder ) || ! is_dir( $folder ) ) {
				continue;
			}
			foreach ( (array) scandir( $folder ) as $entry ) {
				$file = $folder . '/' . $entry;
				if ( is_file( $file ) && ! is_link( $file ) ) {
					unlink( $file );
				}
			}
			rmdir( $folder );
		}
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
