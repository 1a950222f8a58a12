<?php
/**
 * Activation and deactivation. Deactivating pauses and keeps the keys; taking everything away is uninstall.php's work.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Lifecycle {

	public static function activated(): void {
		if ( Record::PAIRED === Flags::state() ) {
			Heartbeat::schedule();
			Watchdog::repair();
		}
	}

	public static function deactivated(): void {
		Heartbeat::unschedule();
		if ( Record::PAIRED !== Flags::state() ) {
			return;
		}
		try {
			StateChange::make(
				'paused',
				array( 'by' => 'deactivation' ),
				static function ( Record $record ): void {
					$record->paused_local = true;
					$record->pause_reason = 'deactivated';
				}
			);
		} catch ( StoreBroken $broken ) {
			// Nothing keeps an administrator from switching us off; switched off, nothing is answered anyway.
			return;
		}
	}
}
