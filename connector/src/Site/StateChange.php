<?php
/**
 * One change of what this site trusts or allows: row, then the file outside the database, then the journal.
 *
 * Row first: a file that is ahead of the row means a restored database, so an honest change must never look like one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Call;
use Presswarden\Connector\Core\Refusal;

final class StateChange {

	/**
	 * @param string                        $what   Word for the journal.
	 * @param array<string,int|string|bool> $detail Our own words and values.
	 * @param callable(Record):void         $change Runs on a fresh copy.
	 * @param string                        $who    Whose doing it was; '' for the person at this site.
	 * @throws StoreBroken When it could not be written.
	 */
	public static function make( string $what, array $detail, callable $change, string $who = '' ): Record {
		$record = ( new RecordStore() )->change(
			static function ( Record $fresh ) use ( $change ): void {
				$change( $fresh );
				++$fresh->generation;
			}
		);
		HighWater::follow( $record );
		Journal::add( $what, $detail, $who );
		return $record;
	}

	/**
	 * The same, asked for by a verified call. Only on the pairing it was verified under: between the check and this moment an
	 * administrator may have ended that pairing, or begun another.
	 *
	 * @param Call                          $call   Verified.
	 * @param string                        $what   Word for the journal.
	 * @param array<string,int|string|bool> $detail Our own words and values.
	 * @param callable(Record):void         $change Runs on a fresh copy.
	 * @throws Refusal With call.installation; nothing changed then.
	 * @throws StoreBroken When it could not be written.
	 */
	public static function asked_by( Call $call, string $what, array $detail, callable $change ): Record {
		return self::make(
			$what,
			$detail,
			static function ( Record $fresh ) use ( $call, $change ): void {
				if ( $fresh->installation !== $call->installation || ! $fresh->is_live( time() ) ) {
					throw Refusal::of( 'call.installation' );
				}
				$change( $fresh );
			},
			'control plane'
		);
	}
}
