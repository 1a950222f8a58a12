<?php
/**
 * Runs a query whose failure is expected, without WordPress printing or logging it.
 *
 * A refused duplicate is an ordinary answer here, and its SQL holds what a stranger sent.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Quietly {

	/**
	 * @param callable():mixed $query What to run.
	 * @return mixed Whatever it returns.
	 */
	public static function ask( callable $query ) {
		global $wpdb;
		$before = $wpdb->suppress_errors( true );
		try {
			return $query();
		} finally {
			$wpdb->suppress_errors( $before );
		}
	}
}
