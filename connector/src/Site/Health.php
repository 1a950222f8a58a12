<?php
/**
 * Whether this site is well enough to be worked on, each sign on its own. No judgement: that is the control plane's.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Updates\Remains;

final class Health {

	public static function facts( int $now ): \stdClass {
		$record = ( new RecordStore() )->read();
		$watch  = Watchdog::facts();
		OpenChange::settled();
		Remains::take_away();
		return (object) array(
			'as_of'            => $now,
			'change'           => OpenChange::facts(),
			'cron_overdue'     => self::cron_overdue( $now ),
			'database_answers' => self::database_answers(),
			'disk_free'        => self::disk_free(),
			'fatals'           => OpenChange::fatals(),
			'file_mods'        => ! ( defined( 'DISALLOW_FILE_MODS' ) && DISALLOW_FILE_MODS ),
			'files_direct'     => self::files_direct(),
			'journal_first_bad' => Journal::first_bad(),
			'maintenance'      => self::maintenance( $now ),
			'paused'           => $record->paused(),
			'paused_extensions' => self::paused_extensions(),
			'quiet'            => $record->quiet( $now ),
			'repair'           => $record->repair,
			'site_time'        => $now,
			'watchdog'         => $watch['armed'],
			'watchdog_door'    => $watch['door'],
			'writable'         => (object) array(
				'content' => wp_is_writable( WP_CONTENT_DIR ),
				'core'    => wp_is_writable( ABSPATH ),
				'plugins' => wp_is_writable( WP_PLUGIN_DIR ),
				'themes'  => wp_is_writable( get_theme_root() ),
				'state'   => wp_is_writable( Storage::folder() ),
			),
		);
	}

	private static function database_answers(): bool {
		global $wpdb;
		return '1' === (string) Quietly::ask(
			static function () use ( $wpdb ): ?string {
				return $wpdb->get_var( 'SELECT 1' );
			}
		);
	}

	/** Seconds since the oldest event that should have run, 0 when none is late. */
	private static function cron_overdue( int $now ): int {
		$events = _get_cron_array();
		$oldest = is_array( $events ) && array() !== $events ? (int) min( array_keys( $events ) ) : $now;
		return max( 0, $now - $oldest );
	}

	/** Bytes, or -1 where the host does not say. */
	private static function disk_free(): int {
		$free = function_exists( 'disk_free_space' ) ? @disk_free_space( WP_CONTENT_DIR ) : false; // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- some hosts forbid it; -1 says so.
		return false === $free ? -1 : (int) min( $free, 9007199254740991 );
	}

	private static function files_direct(): bool {
		require_once ABSPATH . 'wp-admin/includes/file.php';
		return 'direct' === get_filesystem_method();
	}

	/** '' when there is no .maintenance, `fresh` during an update, `stale` when one was left behind. */
	private static function maintenance( int $now ): string {
		$file = ABSPATH . '.maintenance';
		if ( ! is_file( $file ) ) {
			return '';
		}
		return $now - (int) filemtime( $file ) > 600 ? 'stale' : 'fresh';
	}

	/**
	 * Plugins and themes that WordPress itself stopped after a fatal error.
	 *
	 * @return array<int,string>
	 */
	private static function paused_extensions(): array {
		$names = array();
		foreach ( array(
			'plugin' => wp_paused_plugins()->get_all(),
			'theme'  => wp_paused_themes()->get_all(),
		) as $kind => $paused ) {
			foreach ( array_keys( $paused ) as $name ) {
				$names[] = Plain::text( $kind . ':' . $name );
			}
		}
		sort( $names, SORT_STRING );
		return $names;
	}
}
