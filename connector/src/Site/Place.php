<?php
/**
 * Where this WordPress stands: its home URL in the wire's form, and a fingerprint of folder and database.
 *
 * A copy of a site carries the keys along; it is told apart by its place. Both values may change on an honest move as
 * well, so a change makes the site quiet and a person says which it was.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Url;

final class Place {

	/**
	 * As the site's settings (or WP_HOME) say it. Not home_url(): its scheme follows the request and its path the language, so that
	 * a visit over HTTPS and a cron run would tell two homes.
	 *
	 * @return string '' when it has no form the wire knows.
	 */
	public static function home(): string {
		return Url::normalise( (string) get_option( 'home' ) );
	}

	public static function fingerprint(): string {
		global $wpdb;
		$parts = array( ABSPATH );
		foreach ( array( 'DB_HOST', 'DB_NAME', 'DB_DIR', 'DB_FILE' ) as $name ) {
			$parts[] = defined( $name ) ? (string) constant( $name ) : '';
		}
		$parts[] = $wpdb->prefix;
		return hash( 'sha256', implode( "\n", $parts ) );
	}

	/** '' when this is the WordPress that was paired, else what differs. */
	public static function differs_from( Record $record ): string {
		if ( '' !== $record->home && self::home() !== $record->home ) {
			return 'home';
		}
		return '' !== $record->place && self::fingerprint() !== $record->place ? 'place' : '';
	}
}
