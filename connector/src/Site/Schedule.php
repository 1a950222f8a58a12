<?php
/**
 * When heartbeats are sent: what WordPress's cron calls.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Updates\Remains;

final class Schedule {

	/**
	 * Filter `cron_schedules`.
	 *
	 * @param mixed $schedules All intervals.
	 * @return mixed
	 */
	public static function five_minutes( $schedules ) {
		if ( is_array( $schedules ) ) {
			$schedules['presswarden_five_minutes'] = array(
				'interval' => Heartbeat::EVERY,
				'display'  => 'Presswarden: every five minutes',
			);
		}
		return $schedules;
	}

	public static function run(): void {
		Watchdog::repair();
		OpenChange::settled();
		Remains::take_away();
		Snapshots::tidy();
		try {
			Heartbeat::send();
		} catch ( StoreBroken $broken ) {
			// The next one tries again; a database that does not write has louder troubles than this.
			return;
		}
	}

	/** Something was installed, updated, switched or deleted. */
	public static function changed(): void {
		Heartbeat::soon();
	}
}
