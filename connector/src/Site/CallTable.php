<?php
/**
 * Which calls this site has taken, and what it answered. One INSERT under unique keys decides; nothing is read first.
 *
 * A nonce is emptied after 15 minutes, longer than the longest window. The row stays 24 h, or until 24 h after its plan
 * ends, so a retry always meets its first copy.
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

final class CallTable {

	private const NONCE_LIFE = 900;
	private const ROW_LIFE   = 86400;

	/**
	 * Takes the call, or says why not.
	 *
	 * @return int The row's number.
	 * @throws Refusal With call.duplicate, call.conflict, call.replay or call.store.
	 */
	public function claim( Call $call, int $now ): int {
		global $wpdb;
		$table = $wpdb->prefix . Storage::CALLS;
		$keep  = max( $now, null === $call->leaf ? 0 : $call->leaf->not_after ) + self::ROW_LIFE;
		$taken = Quietly::ask(
			static function () use ( $wpdb, $table, $call, $now, $keep ): bool {
				return 1 === $wpdb->query(
					$wpdb->prepare(
						"INSERT INTO {$table} (id, nonce, body_hash, tool, state, created, keep_until) VALUES (%s, %s, %s, %s, 'running', %d, %d)",
						$call->tool_call_id,
						$call->nonce,
						$call->body_hash,
						$call->tool,
						$now,
						$keep
					)
				);
			}
		);
		if ( $taken && (int) $wpdb->insert_id > 0 ) {
			return (int) $wpdb->insert_id;
		}
		throw $this->why_not( $call );
	}

	/** Keeps the outcome of a row; base64, so that no character set can change a byte. */
	public function settle( int $row, int $status, string $body, string $signature ): void {
		global $wpdb;
		$table = $wpdb->prefix . Storage::CALLS;
		$saved = Quietly::ask(
			static function () use ( $wpdb, $table, $row, $status, $body, $signature ): bool {
				return 1 === $wpdb->query(
					$wpdb->prepare(
						"UPDATE {$table} SET state = 'done', status = %d, answer = %s, signature = %s WHERE n = %d AND state = 'running'",
						$status,
						self::packed( $body ),
						$signature,
						$row
					)
				);
			}
		);
		if ( ! $saved ) {
			throw new StoreBroken( 'receipt' );
		}
	}

	/** When the youngest of the rows that prune() would drop was taken; 0 when it would drop none. */
	public function youngest_to_drop( int $now, int $newest ): int {
		global $wpdb;
		$table = $wpdb->prefix . Storage::CALLS;
		return Quietly::ask(
			static function () use ( $wpdb, $table, $now, $newest ): int {
				return (int) $wpdb->get_var( $wpdb->prepare( "SELECT MAX(created) FROM {$table} WHERE keep_until < %d AND n <> %d", $now, $newest ) );
			}
		);
	}

	/**
	 * Empties old nonces and drops rows nobody can repeat any more.
	 *
	 * @param int $newest Number of the newest call: it stays, so that a table without it is known to be an earlier one.
	 */
	public function prune( int $now, int $newest ): void {
		global $wpdb;
		$table = $wpdb->prefix . Storage::CALLS;
		Quietly::ask(
			static function () use ( $wpdb, $table, $now, $newest ): void {
				$wpdb->query( $wpdb->prepare( "UPDATE {$table} SET nonce = NULL WHERE nonce IS NOT NULL AND created < %d", $now - self::NONCE_LIFE ) );
				$wpdb->query( $wpdb->prepare( "DELETE FROM {$table} WHERE keep_until < %d AND n <> %d", $now, $newest ) );
			}
		);
	}

	private function why_not( Call $call ): Refusal {
		global $wpdb;
		$table = $wpdb->prefix . Storage::CALLS;
		return Quietly::ask(
			static function () use ( $wpdb, $table, $call ): Refusal {
				$held = $wpdb->get_row( $wpdb->prepare( "SELECT body_hash, state, status, answer, signature FROM {$table} WHERE id = %s", $call->tool_call_id ) );
				if ( null !== $held ) {
					return hash_equals( (string) $held->body_hash, $call->body_hash ) ? self::duplicate( $held ) : Refusal::of( 'call.conflict' );
				}
				$nonce = $wpdb->get_var( $wpdb->prepare( "SELECT n FROM {$table} WHERE nonce = %s", $call->nonce ) );
				return Refusal::of( null === $nonce ? 'call.store' : 'call.replay' );
			}
		);
	}

	private static function duplicate( \stdClass $held ): Refusal {
		$body = 'done' === $held->state ? self::unpacked( (string) $held->answer ) : null;
		if ( null === $body ) {
			return Refusal::of(
				'call.duplicate',
				array(
					'state'  => 'running',
					'stored' => null,
				)
			);
		}
		$stored = (object) array(
			'body'      => $body,
			'signature' => (string) $held->signature,
			'status'    => (int) $held->status,
		);
		return Refusal::of(
			'call.duplicate',
			array(
				'state'  => 'done',
				'stored' => $stored,
			)
		);
	}

	private static function packed( string $body ): string {
		if ( strlen( $body ) > 1024 && function_exists( 'gzcompress' ) ) {
			return 'z' . base64_encode( (string) gzcompress( $body, 1 ) );
		}
		return 'r' . base64_encode( $body );
	}

	private static function unpacked( string $text ): ?string {
		$bytes = base64_decode( substr( $text, 1 ), true );
		if ( false !== $bytes && 'z' === $text[0] ) {
			$bytes = function_exists( 'gzuncompress' ) ? gzuncompress( $bytes ) : false;
		}
		return false === $bytes ? null : $bytes;
	}
}
