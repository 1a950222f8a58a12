<?php
/**
 * What happens when the database turns out to be older than what this site has lived through.
 *
 * The strictest of both holds, reads only, and calls that were signed before this moment are refused: their ids may
 * have been used already. A person ends it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Restored {

	public static function found( RecordStore $store, HighWater $water, int $now ): Record {
		$record = $store->change(
			static function ( Record $fresh ) use ( $water, $now ): void {
				$water->tighten( $fresh, $now );
			}
		);
		HighWater::start_over( $record );
		Journal::add( 'database.restored', array(), 'this site' );
		return $record;
	}

	/** The local administrator says that the restore was theirs. */
	public static function accept(): Record {
		return StateChange::make(
			'database.accepted',
			array(),
			static function ( Record $fresh ): void {
				$fresh->quiet  = '';
				$fresh->repair = 'restored' === $fresh->repair ? '' : $fresh->repair;
			}
		);
	}
}
