<?php
/**
 * Writes down, once, that a person has to act, and says what to do in words.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Repair {

	public static function needed( RecordStore $store, string $reason ): void {
		if ( $reason === $store->read()->repair ) {
			return;
		}
		try {
			$store->change(
				static function ( Record $record ) use ( $reason ): void {
					$record->repair = $reason;
				}
			);
			Journal::add( 'repair.needed', array( 'reason' => $reason ), 'this site' );
		} catch ( StoreBroken $unwritten ) {
			// Whoever asked refuses all the same; it is noted the next time, when the database answers again.
			return;
		}
	}

	/** The keys open again: somebody put the old value back. */
	public static function keys_open( RecordStore $store, Record $record ): void {
		if ( 0 !== strncmp( $record->repair, 'sealed_', 7 ) ) {
			return;
		}
		$store->change(
			static function ( Record $fresh ): void {
				$fresh->repair = 0 === strncmp( $fresh->repair, 'sealed_', 7 ) ? '' : $fresh->repair;
			}
		);
		Journal::add( 'repair.over', array(), 'this site' );
	}

	/** What to do next, for the admin page and the command line. */
	public static function next_step( string $reason ): string {
		switch ( $reason ) {
			case '':
				return '';
			case 'restored':
				return __( 'The database was put back to an earlier day. Check what was restored, then press "The restore was mine" or pair again.', 'presswarden-connector' );
			case 'sealed_weak_key':
				return __( 'AUTH_KEY in wp-config.php is empty or the default. Set it to a random value, then pair again.', 'presswarden-connector' );
			default:
				return __( 'AUTH_KEY in wp-config.php changed, so this site can not open its own keys. Put the old value back, or pair again.', 'presswarden-connector' );
		}
	}
}
