<?php
/**
 * What happened to the pairing of this site, in order: append-only and hash-chained.
 *
 * Each row holds the hash of the one before under a unique key, so two writers can't both follow the same row and a
 * changed, dropped or moved row is found. It is evidence for the site's own administrator; who owns the database can
 * still rewrite it whole, which only the control plane's audit shows.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Jcs;

final class Journal {

	private const TRIES = 10;
	private const FIRST = '0000000000000000000000000000000000000000000000000000000000000000';

	/**
	 * @param array<string,int|string|bool> $detail Our own words and values, never text of a refused message.
	 * @throws StoreBroken When the row could not be written.
	 */
	public static function add( string $what, array $detail = array(), string $who = '' ): void {
		global $wpdb;
		$table = $wpdb->prefix . Storage::JOURNAL;
		$at    = time();
		$who   = '' === $who ? self::current_person() : $who;
		$text  = (string) json_encode( (object) $detail );
		for ( $try = 0; $try < self::TRIES; ++$try ) {
			$previous = self::head();
			$added    = Quietly::ask(
				static function () use ( $wpdb, $table, $at, $what, $who, $text, $previous ): bool {
					$hash = self::hash( $previous, $at, $what, $who, $text );
					return 1 === $wpdb->query( $wpdb->prepare( "INSERT INTO {$table} (at, what, who, detail, previous, hash) VALUES (%d, %s, %s, %s, %s, %s)", $at, $what, $who, $text, $previous, $hash ) );
				}
			);
			if ( $added ) {
				return;
			}
		}
		throw new StoreBroken( 'journal' );
	}

	/**
	 * Newest first.
	 *
	 * @return array<int,\stdClass>
	 */
	public static function newest( int $count ): array {
		global $wpdb;
		$table = $wpdb->prefix . Storage::JOURNAL;
		return Quietly::ask(
			static function () use ( $wpdb, $table, $count ): array {
				return (array) $wpdb->get_results( $wpdb->prepare( "SELECT n, at, what, who, detail FROM {$table} ORDER BY n DESC LIMIT %d", $count ) );
			}
		);
	}

	/** 0 when every row follows from the one before, else the number of the first that does not. */
	public static function first_bad(): int {
		global $wpdb;
		$table    = $wpdb->prefix . Storage::JOURNAL;
		$previous = self::FIRST;
		$last     = 0;
		do {
			$rows = Quietly::ask(
				static function () use ( $wpdb, $table, $last ): array {
					return (array) $wpdb->get_results( $wpdb->prepare( "SELECT * FROM {$table} WHERE n > %d ORDER BY n LIMIT 500", $last ) );
				}
			);
			foreach ( $rows as $row ) {
				$last = (int) $row->n;
				if ( $row->previous !== $previous || self::hash( $previous, (int) $row->at, $row->what, $row->who, $row->detail ) !== $row->hash ) {
					return $last;
				}
				$previous = $row->hash;
			}
		} while ( array() !== $rows );
		return 0;
	}

	private static function head(): string {
		global $wpdb;
		$table = $wpdb->prefix . Storage::JOURNAL;
		$hash  = Quietly::ask(
			static function () use ( $wpdb, $table ): ?string {
				return $wpdb->get_var( "SELECT hash FROM {$table} ORDER BY n DESC LIMIT 1" );
			}
		);
		return null === $hash ? self::FIRST : $hash;
	}

	private static function hash( string $previous, int $at, string $what, string $who, string $detail ): string {
		return hash( 'sha256', Jcs::encode( array( $previous, $at, $what, $who, $detail ) ) );
	}

	private static function current_person(): string {
		$id = get_current_user_id();
		if ( 0 === $id ) {
			return defined( 'WP_CLI' ) ? 'command line' : 'this site';
		}
		return 'user ' . $id;
	}
}
