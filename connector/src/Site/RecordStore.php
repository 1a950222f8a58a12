<?php
/**
 * The one row that holds the pairing: read fresh each time, replaced only as a whole.
 *
 * It goes past the options cache on purpose. A page cache or an object cache that still holds yesterday's row must not
 * bring a revoked key back. Two writers never lose each other's change: the row is replaced only where it still holds
 * the text that was read.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class RecordStore {

	private const TRIES = 20;

	/** @throws StoreBroken When the database does not answer: that is not the same as no pairing. */
	public function read(): Record {
		$text = $this->text();
		return null === $text ? new Record() : Record::from_text( $text );
	}

	/**
	 * The record, and by the same query the id of the call that stands under a number in the table of calls.
	 *
	 * @return array{record:Record,id:?string} With '' for an id when there is no such row, null when the table did not answer.
	 */
	public function read_beside_call( int $row ): array {
		global $wpdb;
		$calls = $wpdb->prefix . Storage::CALLS;
		$found = Quietly::ask(
			static function () use ( $wpdb, $calls, $row ): ?\stdClass {
				return $wpdb->get_row( $wpdb->prepare( "SELECT option_value, (SELECT id FROM {$calls} WHERE n = %d) AS id FROM {$wpdb->options} WHERE option_name = %s", $row, Storage::RECORD ) );
			}
		);
		$failed = null === $found ? (string) $wpdb->last_error : '';
		// No answer may also mean that the table of calls is gone; the record stands alone then.
		return array(
			'record' => null === $found ? $this->read() : Record::from_text( (string) $found->option_value ),
			'id'     => null === $found && '' !== $failed ? null : (string) ( null === $found ? '' : $found->id ),
		);
	}

	/**
	 * @param callable(Record):void $change Runs on a fresh copy, again if somebody was quicker.
	 * @throws StoreBroken When the row could not be written.
	 */
	public function change( callable $change ): Record {
		for ( $try = 0; $try < self::TRIES; ++$try ) {
			$before = $this->text();
			$record = null === $before ? new Record() : Record::from_text( $before );
			$change( $record );
			$after = $record->to_text();
			if ( $after === $before || $this->replace( $before, $after ) ) {
				Flags::follow( $record );
				return $record;
			}
		}
		throw new StoreBroken( 'record' );
	}

	private function text(): ?string {
		global $wpdb;
		return Quietly::ask(
			static function () use ( $wpdb ): ?string {
				$text = $wpdb->get_var( $wpdb->prepare( "SELECT option_value FROM {$wpdb->options} WHERE option_name = %s", Storage::RECORD ) );
				if ( null === $text && '' !== (string) $wpdb->last_error ) {
					throw new StoreBroken( 'record' );
				}
				return $text;
			}
		);
	}

	private function replace( ?string $before, string $after ): bool {
		global $wpdb;
		return Quietly::ask(
			static function () use ( $wpdb, $before, $after ): bool {
				if ( null === $before ) {
					return 1 === $wpdb->query( $wpdb->prepare( "INSERT INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')", Storage::RECORD, $after ) );
				}
				return 1 === $wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->options} SET option_value = %s WHERE option_name = %s AND option_value = %s", $after, Storage::RECORD, $before ) );
			}
		);
	}
}
