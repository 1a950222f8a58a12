<?php
/**
 * The two tables of ours, made by the local administrator's own pairing and never by a message.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Tables {

	/** @throws StoreBroken When a table can't be made. */
	public static function make(): void {
		global $wpdb;
		$calls   = $wpdb->prefix . Storage::CALLS;
		$journal = $wpdb->prefix . Storage::JOURNAL;
		$charset = $wpdb->get_charset_collate();
		$made    = Quietly::ask(
			static function () use ( $wpdb, $calls, $journal, $charset ): bool {
				return false !== $wpdb->query(
					"CREATE TABLE IF NOT EXISTS {$calls} (
						n bigint unsigned NOT NULL AUTO_INCREMENT,
						id char(36) NOT NULL,
						nonce char(32) NULL,
						body_hash char(64) NOT NULL,
						tool varchar(64) NOT NULL,
						state varchar(8) NOT NULL,
						status smallint NOT NULL DEFAULT 0,
						answer longtext NULL,
						signature varchar(128) NOT NULL DEFAULT '',
						created bigint NOT NULL,
						keep_until bigint NOT NULL,
						PRIMARY KEY  (n),
						UNIQUE KEY id (id),
						UNIQUE KEY nonce (nonce),
						KEY keep_until (keep_until)
					) {$charset}"
				)
				&& false !== $wpdb->query(
					"CREATE TABLE IF NOT EXISTS {$journal} (
						n bigint unsigned NOT NULL AUTO_INCREMENT,
						at bigint NOT NULL,
						what varchar(40) NOT NULL,
						who varchar(60) NOT NULL,
						detail text NOT NULL,
						previous char(64) NOT NULL,
						hash char(64) NOT NULL,
						PRIMARY KEY  (n),
						UNIQUE KEY previous (previous)
					) {$charset}"
				);
			}
		);
		if ( ! $made ) {
			throw new StoreBroken( 'tables' );
		}
	}
}
