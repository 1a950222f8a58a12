<?php
/**
 * The site's sign of life: what it is and what was refused, signed; and what it takes from the answer.
 *
 * Every five minutes from WP-Cron and soon after a change. An unchanged site sends one short message. Of the answer only
 * the standing order and waiting calls count, because only they are signed.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Inventory;
use Presswarden\Connector\Core\Message;
use Presswarden\Connector\Core\SealBroken;
use Presswarden\Connector\Core\Signer;
use Presswarden\Connector\Core\Verifier;

final class Heartbeat {

	public const EVERY = 300;

	/** Waiting calls taken from one answer. */
	private const MAX_CALLS = 20;

	public static function schedule(): void {
		if ( ! wp_next_scheduled( Storage::CRON_HEARTBEAT ) ) {
			wp_schedule_event( time() + 5, 'presswarden_five_minutes', Storage::CRON_HEARTBEAT );
		}
	}

	public static function unschedule(): void {
		foreach ( Storage::CRON_HOOKS as $hook ) {
			wp_unschedule_hook( $hook );
		}
	}

	/** Something changed: say so soon, and not in the visitor's request. */
	public static function soon(): void {
		if ( Record::PAIRED === Flags::state() && ! wp_next_scheduled( Storage::CRON_CHANGED ) ) {
			wp_schedule_single_event( time(), Storage::CRON_CHANGED );
		}
	}

	/**
	 * One heartbeat, with the full inventory behind it if the control plane asks for that.
	 *
	 * @return string '' when it was accepted, else a short code.
	 */
	public static function send(): string {
		$store  = new RecordStore();
		$water  = HighWater::read();
		$record = $store->read();
		if ( Record::PAIRED !== $record->state ) {
			if ( Record::REVOKED === $record->state && $record->holds_secrets() ) {
				// The request that revoked it died before it came to this.
				Pairing::forget_keys();
			}
			return 'not_paired';
		}
		if ( $water->is_ahead_of( $record ) ) {
			$record = Restored::found( $store, $water, time() );
		}
		self::tidy( $store, $water, time() );
		try {
			Keys::load_library();
			$signer = Keys::signer( $record );
			Repair::keys_open( $store, $record );
			$outcome = self::exchange( $store, $record, $signer, false );
			if ( 'ingest.signature' === $outcome && null !== Keys::signer_before( $record ) ) {
				// The answer that carried the new key never arrived; the old one still speaks for this site.
				$outcome = self::exchange( $store, $record, Keys::signer_before( $record ), false );
			} elseif ( '' === $outcome && '' !== $record->site_secret_before ) {
				self::forget_key_before( $record->site_secret_before );
			}
		} catch ( SealBroken $broken ) {
			Repair::needed( $store, 'sealed_' . $broken->reason );
			return 'sealed_' . $broken->reason;
		}
		self::remember( $store, $outcome );
		return $outcome;
	}

	/** Tells the control plane of a local unpair, once, and does not mind if nobody hears it. A copy does not speak for the original. */
	public static function say_goodbye(): void {
		$record = ( new RecordStore() )->read();
		if ( Record::PAIRED !== $record->state || '' !== Place::differs_from( $record ) ) {
			return;
		}
		try {
			Keys::load_library();
			$signer = Keys::signer( $record );
			$fields = self::fields( self::next_sequence(), InventoryFacts::components( time() ), null, false, time() );

			$fields['repair'] = 'unpaired';
			ControlPlane::tell( $record, $signer, '/ingest/v1/heartbeat', Message::heartbeat( self::bind( $record, $signer, 'heartbeat' ), $fields ) );
		} catch ( SealBroken $broken ) {
			return;
		}
	}

	/** @return string '' when the control plane filed it, else a short code. */
	public static function say_moved( string $home, string $old ): string {
		$record = self::next_sequence();
		try {
			Keys::load_library();
			$signer = Keys::signer( $record );
		} catch ( SealBroken $broken ) {
			return 'sealed_' . $broken->reason;
		}
		$body   = Message::moved( self::bind( $record, $signer, 'moved' ), $home, $old, $record->sequence );
		$answer = ControlPlane::tell( $record, $signer, '/ingest/v1/moved', $body );
		return 200 === $answer->status ? '' : $answer->code();
	}

	/** A call whose row goes stays refused: a clock that ran ahead and is put right may open its window once more. */
	private static function tidy( RecordStore $store, HighWater $water, int $now ): void {
		$table    = new CallTable();
		$youngest = $table->youngest_to_drop( $now, $water->claims() );
		if ( $youngest > 0 ) {
			$store->change(
				static function ( Record $fresh ) use ( $youngest ): void {
					$fresh->not_before = max( $fresh->not_before, $youngest + Verifier::SKEW );
				}
			);
		}
		$table->prune( $now, $water->claims() );
	}

	private static function exchange( RecordStore $store, Record $record, Signer $signer, bool $full ): string {
		$now     = time();
		$record  = self::next_sequence();
		$current = InventoryFacts::components( $now );
		$fields  = self::fields( $record, $current, AcknowledgedInventory::read(), $full, $now );
		$body    = Message::heartbeat( self::bind( $record, $signer, 'heartbeat' ), $fields );
		$answer  = ControlPlane::tell( $record, $signer, '/ingest/v1/heartbeat', $body );
		$given   = 200 === $answer->status ? $answer->object() : null;
		if ( null === $given ) {
			return $answer->code();
		}
		Tally::reported( get_object_vars( $fields['refusals'] ) );
		if ( isset( $given->order, $given->order_signature ) && is_string( $given->order ) && is_string( $given->order_signature ) && '' !== $given->order ) {
			StandingOrder::take( $given->order, $given->order_signature );
		}
		$wanted = isset( $given->need ) && 'inventory' === $given->need;
		if ( ! $wanted ) {
			AcknowledgedInventory::keep( $current );
		}
		self::run_waiting( isset( $given->calls ) && is_array( $given->calls ) ? $given->calls : array(), $signer );
		if ( $wanted && ! $full && Record::PAIRED === $store->read()->state ) {
			return self::exchange( $store, $record, $signer, true );
		}
		return '';
	}

	/**
	 * Members of the heartbeat body beside bind and v (wire.md section 5).
	 *
	 * @param \stdClass|null $base What the control plane acknowledged last.
	 * @return array<string,mixed>
	 */
	private static function fields( Record $record, \stdClass $current, ?\stdClass $base, bool $full, int $now ): array {
		$paused = $record->paused();
		$hash   = Inventory::hash( $current );
		$fields = array(
			'checkpoint'     => $record->checkpoint,
			'connector'      => PRESSWARDEN_CONNECTOR_VERSION,
			'epoch'          => $record->site_epoch,
			'fence'          => $record->fence,
			'home'           => Place::home(),
			'inventory_hash' => $hash,
			'paused'         => '' === $paused && '' !== $record->quiet( $now ) ? 'quiet' : $paused,
			'refusals'       => (object) Tally::refusals(),
			'repair'         => $record->repair,
			'seq'            => $record->sequence,
			'sent_at'        => $now,
		);
		if ( $full ) {
			$fields['inventory'] = $current;
		} elseif ( null !== $base && Inventory::hash( $base ) !== $hash ) {
			$fields['delta'] = Inventory::delta( $base, $current );
		}
		return $fields;
	}

	/**
	 * @param array<mixed> $calls  As the answer holds them; each is judged like a call from outside.
	 * @param Signer       $signer The key whose heartbeat was accepted.
	 */
	private static function run_waiting( array $calls, Signer $signer ): void {
		foreach ( array_slice( $calls, 0, self::MAX_CALLS ) as $call ) {
			if ( ! $call instanceof \stdClass || ! isset( $call->body, $call->headers ) || ! is_string( $call->body ) || ! $call->headers instanceof \stdClass ) {
				continue;
			}
			$headers = get_object_vars( $call->headers );
			$reply   = ( new Calls() )->answer( $headers, $call->body, '' );
			if ( '' === $reply->signature ) {
				continue;
			}
			$record = self::next_sequence();

			$id   = self::id_of( $headers );
			$body = Message::receipt( self::bind( $record, $signer, 'receipt' ), $reply->body, $record->sequence, $reply->signature, $reply->status, $id );
			ControlPlane::tell( $record, $signer, '/ingest/v1/receipt', $body );
			if ( Record::PAIRED !== $record->state ) {
				return;
			}
		}
	}

	/** @param array<string,mixed> $headers Of a call that passed the check of its shape. */
	private static function id_of( array $headers ): string {
		foreach ( $headers as $name => $value ) {
			if ( 'x-wp-agent-toolcallid' === strtolower( (string) $name ) ) {
				return (string) $value;
			}
		}
		return '';
	}

	private static function bind( Record $record, Signer $signer, string $direction ): \stdClass {
		return Message::bind( $record->control, $direction, $signer->kid(), bin2hex( random_bytes( 16 ) ) );
	}

	/** Written down before it is used: a number is never sent twice. */
	private static function next_sequence(): Record {
		$record = ( new RecordStore() )->change(
			static function ( Record $fresh ): void {
				++$fresh->sequence;
			}
		);
		HighWater::follow( $record );
		return $record;
	}

	private static function remember( RecordStore $store, string $outcome ): void {
		$store->change(
			static function ( Record $fresh ) use ( $outcome ): void {
				$fresh->last_error = $outcome;
				$fresh->heard      = '' === $outcome ? time() : $fresh->heard;
			}
		);
	}

	private static function forget_key_before( string $known ): void {
		StateChange::make(
			'site_key.old_deleted',
			array(),
			static function ( Record $fresh ) use ( $known ): void {
				$fresh->site_secret_before = $fresh->site_secret_before === $known ? '' : $fresh->site_secret_before;
			},
			'this site'
		);
	}
}
