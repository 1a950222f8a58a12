<?php
/**
 * One call from its bytes to its signed answer, in the order of wire.md section 3.
 *
 * The same way for a call that came in over REST and for one that waited at the control plane. Nothing runs before its
 * row was inserted; a crash after that leaves the row `running`, and it is never run again.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Actions\Action;
use Presswarden\Connector\Actions\Actions;
use Presswarden\Connector\Actions\AfterReceipt;
use Presswarden\Connector\Core\ActionSpec;
use Presswarden\Connector\Core\Answer;
use Presswarden\Connector\Core\Arguments;
use Presswarden\Connector\Core\Call;
use Presswarden\Connector\Core\Envelope;
use Presswarden\Connector\Core\Receipt;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\SealBroken;
use Presswarden\Connector\Core\Signer;
use Presswarden\Connector\Core\Verifier;

final class Calls {

	/** Within this time another valid call is not written down as a sign of life again. */
	private const CONTACT_STEP = 300;

	/** Not while this may be a copy or a restored database: it would become a party of its own. */
	private const KEY_TOOLS = array( 'control.rotate', 'control.rotate_site' );

	private RecordStore $store;
	private CallTable $table;
	/** Whether the newest call ever taken stood in the table when the record was read; null when the table did not answer. */
	private ?bool $remembers = false;

	public function __construct() {
		$this->store = new RecordStore();
		$this->table = new CallTable();
	}

	/**
	 * @param array<string,mixed> $headers As received.
	 * @param string              $body    The bytes as received.
	 * @param string              $address Of the connection; '' for a call this site fetched itself.
	 */
	public function answer( array $headers, string $body, string $address ): Reply {
		$now = time();
		try {
			$envelope = Envelope::from_headers( $headers, $body );
			Keys::load_library();
			$water  = HighWater::read();
			$record = $this->current( $water, $now );
			$limits = new CallLimits( $address, $now );
			$call   = ( new Verifier( $this->pinned( $record, $envelope, $now ), Place::home(), $now, $limits ) )->verify( $envelope );
			$signer = self::signer( $record, $call );
			if ( $envelope->timestamp <= $record->not_before ) {
				throw Refusal::of( 'call.store' );
			}
		} catch ( Refusal $refusal ) {
			Tally::refused( $refusal->wire_code );
			return Reply::unsigned( $refusal );
		} catch ( SealBroken $broken ) {
			return $this->sealed_shut( $broken );
		} catch ( StoreBroken $broken ) {
			return Reply::unsigned( Refusal::of( 'call.store' ) );
		}
		return $this->take( $call, $record, $water, $signer, $limits, $now );
	}

	/** Step 11 and what follows; every answer from here on is signed. */
	private function take( Call $call, Record $record, HighWater $water, Signer $signer, CallLimits $limits, int $now ): Reply {
		try {
			Repair::keys_open( $this->store, $record );
			$row = $this->table->claim( $call, $now );
			$this->must_remember( $call, $row, $water, $now );
			$this->learn( $call, $record, $now );
		} catch ( Refusal $refusal ) {
			Tally::refused( $refusal->wire_code );
			return self::signed( $call, $signer, $refusal->http_status, $refusal->body() );
		} catch ( StoreBroken $broken ) {
			$refusal = Refusal::of( 'call.store' );
			return self::signed( $call, $signer, $refusal->http_status, $refusal->body() );
		}
		$action = null;
		$person = get_current_user_id();
		try {
			$action = $this->permitted( $call, $record, $limits, $now );
			do_action( 'presswarden_action_ran', $call->tool, $call->tool_call_id );
			$status = 200;
			$body   = Answer::done( $action->run( $call ) );
			if ( strlen( $body ) > Envelope::MAX_BODY ) {
				throw new \RuntimeException( 'The answer is larger than 1 MiB.' );
			}
		} catch ( Refusal $refusal ) {
			Tally::refused( $refusal->wire_code );
			$status = $refusal->http_status;
			$body   = $refusal->body();
		} catch ( \Throwable $failed ) {
			$refusal = Refusal::of( 'action.failed' );
			$status  = $refusal->http_status;
			$body    = $refusal->body();
		}
		wp_set_current_user( $person );
		$reply = self::signed( $call, $signer, $status, $body );
		try {
			$this->table->settle( $row, $reply->status, $reply->body, $reply->signature );
		} catch ( StoreBroken $unkept ) {
			// It ran, and this answer proves it. If the answer is lost too, a retry finds the row running: unknown, settled by a read.
			unset( $unkept );
		}
		if ( $action instanceof AfterReceipt && 200 === $status ) {
			$action->after( $call );
		}
		return $reply;
	}

	/**
	 * Checks 12 to 17.
	 *
	 * @throws Refusal With the code of the first that fails.
	 */
	private function permitted( Call $call, Record $record, CallLimits $limits, int $now ): Action {
		if ( ! $limits->allows( 'installation' ) ) {
			throw Refusal::of( 'call.rate' );
		}
		$action = Actions::of( $call->tool );
		if ( null === $action ) {
			throw Refusal::of( 'call.tool' );
		}
		$spec = $action->spec();
		$this->awake( $call, $spec, $record, $now );
		Arguments::check( $call->args, $spec->args );
		self::become( $spec, $record );
		$action->check( $call );
		return $action;
	}

	private function awake( Call $call, ActionSpec $spec, Record $record, int $now ): void {
		if ( ActionSpec::CONTROL === $spec->class ) {
			if ( in_array( $spec->tool, self::KEY_TOOLS, true ) && in_array( $record->quiet( $now ), array( 'clone', 'restored' ), true ) ) {
				throw Refusal::of( 'call.quiet' );
			}
			return;
		}
		if ( '' !== $record->paused() && 'wp.site.health' !== $spec->tool && ! self::ends_the_open_change( $call, $spec ) ) {
			throw Refusal::of( 'call.paused' );
		}
		if ( ActionSpec::READ !== $spec->class && '' !== $record->quiet( $now ) ) {
			throw Refusal::of( 'call.quiet' );
		}
	}

	/** A pause does not strand a change half way: what is open may still be closed or taken back, and nothing else. */
	private static function ends_the_open_change( Call $call, ActionSpec $spec ): bool {
		if ( ActionSpec::RECOVER !== $spec->class || ! isset( $call->args->change ) ) {
			return false;
		}
		$open = OpenChange::facts();
		return null !== $open && $open->id === $call->args->change && in_array( $open->state, array( 'applying', 'confirm', 'restoring' ), true );
	}

	/** The action runs as the agent user and as nobody else. Control tools act on the pairing alone and need no user. */
	private static function become( ActionSpec $spec, Record $record ): void {
		if ( '' === $spec->capability ) {
			wp_set_current_user( 0 );
			return;
		}
		$agent = AgentUser::load( $record->agent );
		if ( null === $agent ) {
			throw Refusal::of( 'call.capability' );
		}
		Rights::need( $agent, $spec );
		wp_set_current_user( $agent->ID );
	}

	/** The record, made stricter when the file outside the database knows more. */
	private function current( HighWater $water, int $now ): Record {
		$found  = $this->store->read_beside_call( $water->claims() );
		$record = $found['record'];

		$this->remembers = null === $found['id'] ? null : '' === $water->newest_id() || $found['id'] === $water->newest_id();
		return $water->is_ahead_of( $record ) ? Restored::found( $this->store, $water, $now ) : $record;
	}

	private function pinned( Record $record, Envelope $envelope, int $now ): \Presswarden\Connector\Core\Pinned {
		if ( ! hash_equals( $record->installation, $envelope->installation ) ) {
			// Before any sealed key is opened: a stranger learns nothing about the state of our keys.
			throw Refusal::of( 'call.installation' );
		}
		return $record->pinned( $now );
	}

	/** An answer about a rotation that was not seen yet is signed by the key the control plane knows. */
	private static function signer( Record $record, Call $call ): Signer {
		$before = 'control.rotate_site' === $call->tool ? Keys::signer_before( $record ) : null;
		return null === $before ? Keys::signer( $record ) : $before;
	}

	/** The newest call ever taken must have stood in the table, before this one. If it did not, the table was put back to an earlier day. */
	private function must_remember( Call $call, int $row, HighWater $water, int $now ): void {
		if ( null === $this->remembers ) {
			// A question that failed is no answer, least of all "this database was restored".
			throw new StoreBroken( 'calls' );
		}
		if ( $this->remembers && $row > $water->claims() ) {
			HighWater::claimed( $row, $call->tool_call_id );
			return;
		}
		Restored::found( $this->store, $water, $now );
		HighWater::claimed( $row, $call->tool_call_id );
		throw Refusal::of( 'call.store' );
	}

	private function learn( Call $call, Record $record, int $now ): void {
		if ( null === $call->leaf && $now - $record->contact < self::CONTACT_STEP ) {
			return;
		}
		$this->store->change(
			static function ( Record $fresh ) use ( $call, $now ): void {
				if ( $fresh->installation !== $call->installation ) {
					throw Refusal::of( 'call.installation' );
				}
				if ( null !== $call->leaf && $call->leaf->fence < $fresh->fence ) {
					// A newer writer came between the check and this moment.
					throw Refusal::of( 'call.fence' );
				}
				$fresh->fence   = null === $call->leaf ? $fresh->fence : $call->leaf->fence;
				$fresh->contact = max( $fresh->contact, $now );
			}
		);
	}

	private static function signed( Call $call, Signer $signer, int $status, string $body ): Reply {
		$text = Receipt::text( $call->installation, $call->tool_call_id, $status, $call->body_hash, $body );
		return new Reply( $status, $body, $signer->sign( $text ), $signer->kid() );
	}

	/** No crash, no new keys: the next step stands on the admin page and in this answer. */
	private function sealed_shut( SealBroken $broken ): Reply {
		Repair::needed( $this->store, 'sealed_' . $broken->reason );
		$refusal = new Refusal( 'call.store', 503, 'This site can not open its own keys: AUTH_KEY in wp-config.php changed or is not set. Put the old value back, or pair again.' );
		Tally::refused( 'call.store' );
		return Reply::unsigned( $refusal );
	}
}
