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
}
