<?php
/**
 * Takes what a standing order says: pause, revocation, the newest audit checkpoint. A refused order changes nothing.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Order;
use Presswarden\Connector\Core\Refusal;

final class StandingOrder {

	public static function take( string $text, string $signature ): void {
		$store  = new RecordStore();
		$record = $store->read();
		$now    = time();
		try {
			$order = Order::take( $text, $signature, $record->pinned( $now ), $now, $record->order_seq );
		} catch ( Refusal $refusal ) {
			// An order that did not change since the last heartbeat is the usual case, not a fault.
			if ( 'order.sequence' !== $refusal->wire_code ) {
				Tally::refused( $refusal->wire_code );
			}
			return;
		}
		$kept = self::keep( $store, $order, $record->installation, $now );
		if ( $kept->installation === $record->installation && $kept->order_seq === $order->seq && $order->paused !== $kept->paused_control ) {
			StateChange::make(
				$order->paused ? 'paused' : 'resumed',
				array( 'by' => 'standing order' ),
				static function ( Record $fresh ) use ( $order, $kept ): void {
					// Another process may have taken a newer order by now; the older one changes nothing any more.
					if ( $fresh->installation === $kept->installation && $fresh->order_seq === $order->seq ) {
						$fresh->paused_control = $order->paused;
					}
				},
				'control plane'
			);
		}
		if ( $order->revoked ) {
			Pairing::revoke( $record->installation, 'control plane', 'standing order' );
			Pairing::forget_keys();
		}
	}

	private static function keep( RecordStore $store, Order $order, string $installation, int $now ): Record {
		return $store->change(
			static function ( Record $fresh ) use ( $order, $installation, $now ): void {
				if ( $fresh->installation === $installation && $order->seq > $fresh->order_seq ) {
					$fresh->order_seq  = $order->seq;
					$fresh->order_at   = $now;
					$fresh->contact    = $now;
					$fresh->checkpoint = '' === $order->checkpoint ? $fresh->checkpoint : $order->checkpoint;
				}
			}
		);
	}
}
