<?php
/**
 * The life of a pairing on this site: start, confirm, revoke, unpair, move, copy.
 *
 * Only a local administrator starts one or takes one apart; the control plane confirms, revokes or finishes a move by
 * a signed call. A pairing that the control plane refuses costs no live one: the old one stands as it stood.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Call;
use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\Message;
use Presswarden\Connector\Core\PairingString;
use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\SealBroken;
use Presswarden\Connector\Core\Url;

final class Pairing {

	/** How long the control plane may take to call back. */
	public const CONFIRM_LIFE = 600;

	/**
	 * @param string $pasted  What the administrator pasted.
	 * @param bool   $hmac    The administrator asked for HMAC instead of Ed25519.
	 * @param bool   $replace The administrator said that a live pairing may go.
	 * @throws PairingProblem With the reason and the next step.
	 */
	public static function start( string $pasted, bool $hmac, bool $replace ): Record {
		$now = time();
		try {
			$string = PairingString::parse( $pasted );
		} catch ( Refusal $refusal ) {
			throw new PairingProblem( $refusal->wire_code );
		}
		$store = new RecordStore();
		try {
			$before = $store->read();
			self::must_be_possible( $before, $replace, $now );
			$fresh = self::prepare( $string, $hmac, $now );
			self::put( $fresh, $replace, $now );
			$answer = ControlPlane::post( $fresh->control, '/ingest/v1/pair', self::request( $fresh, $string ), array() );
			if ( 202 !== $answer->status ) {
				self::put_back( $before, $fresh, 0 === strpos( $answer->code(), 'pairing.' ) );
				throw new PairingProblem( $answer->code() );
			}
		} catch ( StoreBroken $broken ) {
			throw new PairingProblem( in_array( $broken->getMessage(), array( 'folder', 'file', 'lock' ), true ) ? 'here.folder' : 'here.store' );
		} catch ( SealBroken $broken ) {
			throw new PairingProblem( SealBroken::WEAK_KEY === $broken->reason ? 'here.weak_key' : 'here.openssl' );
		}
		return $store->read();
	}

	/** Both sides are paired from here on. Asked again, it says the same. */
	public static function confirm( Call $call ): Record {
		$control_key = $call->control_key;
		$record      = StateChange::asked_by(
			$call,
			'pairing.confirmed',
			array(),
			static function ( Record $fresh ) use ( $control_key ): void {
				if ( Record::CONFIRMING !== $fresh->state ) {
					return;
				}
				$public = Pinned::ED25519 === $fresh->alg ? base64_encode( $control_key ) : '';
				if ( '' !== $public ) {
					$fresh->control_keys = array(
						array(
							'key'       => $public,
							'not_after' => 0,
						),
					);
				}
				$fresh->words     = implode( ' ', $fresh->transcript()->words( $public ) );
				$fresh->state     = Record::PAIRED;
				$fresh->paired_at = time();
				$fresh->contact   = time();
			}
		);
		Heartbeat::schedule();
		Watchdog::repair();
		return $record;
	}

	/** The control plane or the standing order ended it: nothing is answered any more, and why stays visible. Another pairing stays. */
	public static function revoke( string $installation, string $who, string $reason ): void {
		StateChange::make(
			'revoked',
			array( 'reason' => $reason ),
			static function ( Record $fresh ) use ( $installation ): void {
				$fresh->state = $fresh->installation === $installation ? Record::REVOKED : $fresh->state;
			},
			$who
		);
	}

	/** Of a revoked pairing. One that an administrator has begun since keeps its own. */
	public static function forget_keys(): void {
		$record = StateChange::make( 'keys.deleted', array(), array( self::class, 'strip' ), 'this site' );
		if ( Record::REVOKED === $record->state ) {
			Heartbeat::unschedule();
			Watchdog::disarm();
			delete_option( Storage::INVENTORY );
		}
	}

	/** A local administrator ends it. Works with the other side down; it is told if it can be. */
	public static function unpair(): void {
		Heartbeat::say_goodbye();
		Heartbeat::unschedule();
		Watchdog::disarm();
		delete_option( Storage::INVENTORY );
		StateChange::make(
			'unpaired',
			array(),
			static function ( Record $fresh ): void {
				self::replace_all_but( array( 'agent', 'generation' ), new Record(), $fresh );
			}
		);
	}

	/** "This site moved": tells the control plane, and stays quiet until it confirms at the new address. */
	public static function move(): string {
		$home = Place::home();
		$held = ( new RecordStore() )->read();
		$old  = $held->home;
		if ( Record::PAIRED !== $held->state ) {
			throw new PairingProblem( 'here.unpaired' );
		}
		if ( ! Url::permitted( $home ) ) {
			throw new PairingProblem( 'pairing.home' );
		}
		$record = StateChange::make(
			'moved',
			array( 'home' => $home ),
			static function ( Record $fresh ) use ( $home ): void {
				$fresh->place    = Place::fingerprint();
				$fresh->moved_to = $home === $fresh->home ? '' : $home;
			}
		);
		return '' === $record->moved_to ? '' : Heartbeat::say_moved( $home, $old );
	}

	public static function finish_move( Call $call ): Record {
		$home = $call->args->home;
		return StateChange::asked_by(
			$call,
			'move.confirmed',
			array( 'home' => $home ),
			static function ( Record $fresh ) use ( $home ): void {
				$fresh->home     = $home;
				$fresh->place    = Place::fingerprint();
				$fresh->moved_to = '';
			}
		);
	}

	/** "This is a copy": the copy forgets the original's pairing and says nothing to anybody. */
	public static function is_copy(): void {
		Heartbeat::unschedule();
		Watchdog::disarm();
		delete_option( Storage::INVENTORY );
		StateChange::make(
			'copy.forgot',
			array(),
			static function ( Record $fresh ): void {
				self::replace_all_but( array( 'agent', 'generation' ), new Record(), $fresh );
			}
		);
	}

	/** Takes every key out of a revoked record. */
	public static function strip( Record $record ): void {
		if ( Record::REVOKED !== $record->state ) {
			return;
		}
		$record->control_keys       = array();
		$record->site_secret        = '';
		$record->site_secret_before = '';
		$record->hmac_call          = '';
		$record->hmac_site          = '';
	}

	private static function must_be_possible( Record $before, bool $replace, int $now ): void {
		if ( is_multisite() && ! is_main_site() ) {
			throw new PairingProblem( 'here.network' );
		}
		self::must_not_be_live( $before, $replace, $now );
		if ( ! Url::permitted( Place::home() ) ) {
			throw new PairingProblem( 'pairing.home' );
		}
		if ( Keys::are_weak() ) {
			throw new PairingProblem( 'here.weak_key' );
		}
	}

	private static function must_not_be_live( Record $before, bool $replace, int $now ): void {
		if ( $before->is_live( $now ) && ! $replace ) {
			throw new PairingProblem( 'here.live' );
		}
	}

	private static function prepare( PairingString $string, bool $hmac, int $now ): Record {
		Keys::load_library();
		StateFolder::make();
		Tables::make();
		$fresh                = new Record();
		$fresh->state         = Record::CONFIRMING;
		$fresh->installation  = $string->installation;
		$fresh->alg           = $hmac ? Pinned::HMAC : Pinned::ED25519;
		$fresh->control       = $string->control;
		$fresh->home          = Place::home();
		$fresh->fingerprint   = $string->fingerprint;
		$fresh->pair_nonce    = bin2hex( random_bytes( 16 ) );
		$fresh->place         = Place::fingerprint();
		$fresh->confirm_until = $now + self::CONFIRM_LIFE;
		if ( $hmac ) {
			$keys             = $fresh->transcript()->hmac_keys( $string->verifier() );
			$fresh->hmac_call = Keys::seal( Keys::HMAC_CALL, $keys['call'] );
			$fresh->hmac_site = Keys::seal( Keys::HMAC_SITE, $keys['site'] );
		} else {
			$pair                          = Ed25519::keypair();
			$fresh->site_secret            = Keys::seal( Keys::SITE, $pair['secret'] );
			$fresh->site_public            = base64_encode( $pair['public'] );
			$fresh->site_public_at_pairing = $fresh->site_public;
		}
		$fresh->agent = AgentUser::make();
		return $fresh;
	}

	private static function request( Record $fresh, PairingString $string ): string {
		$transcript = $fresh->transcript();
		return Message::pairing(
			array(
				'alg'          => $fresh->alg,
				'connector'    => PRESSWARDEN_CONNECTOR_VERSION,
				'home'         => $fresh->home,
				'installation' => $fresh->installation,
				'mac'          => $transcript->mac( $string->verifier() ),
				'nonce'        => $fresh->pair_nonce,
				'php'          => PHP_VERSION,
				'public_key'   => $fresh->site_public,
				'signature'    => Pinned::ED25519 === $fresh->alg ? Keys::signer( $fresh )->sign( $transcript->text() ) : '',
				'wordpress'    => get_bloginfo( 'version' ),
			)
		);
	}

	/** Asked again on the row as it is now: of two pairings begun at once, one may have come to life meanwhile. */
	private static function put( Record $wanted, bool $replace, int $now ): void {
		StateChange::make(
			'pairing.started',
			array( 'control' => $wanted->control ),
			static function ( Record $fresh ) use ( $wanted, $replace, $now ): void {
				self::must_not_be_live( $fresh, $replace, $now );
				self::replace_all_but( array( 'generation', 'paused_local' ), $wanted, $fresh );
			}
		);
	}

	/**
	 * Only if the failed attempt still stands there: another one may have begun meanwhile.
	 *
	 * The first call may have come while the answer was awaited. If no answer came, it was for this attempt, and stands. If the proof was refused, it was for
	 * an earlier attempt with the same string: nobody knows the key that was made for this one.
	 */
	private static function put_back( Record $before, Record $failed, bool $refused ): void {
		$record = StateChange::make(
			'pairing.refused',
			array(),
			static function ( Record $fresh ) use ( $before, $failed, $refused ): void {
				$is_it = $fresh->installation === $failed->installation && $fresh->pair_nonce === $failed->pair_nonce;
				if ( $is_it && ( Record::CONFIRMING === $fresh->state || ( $refused && Record::PAIRED === $fresh->state ) ) ) {
					self::replace_all_but( array( 'agent', 'generation', 'paused_local' ), $before, $fresh );
				}
			}
		);
		if ( Record::PAIRED !== $record->state ) {
			Heartbeat::unschedule();
		}
	}

	/** @param array<int,string> $kept Members that stay as the row has them. */
	private static function replace_all_but( array $kept, Record $from, Record $into ): void {
		foreach ( array_diff_key( get_object_vars( $from ), array_flip( $kept ) ) as $name => $value ) {
			$into->$name = $value;
		}
	}
}
