<?php
/**
 * A standing order: what the dispatcher signed ahead for this site and a heartbeat's answer brought (wire.md section 8).
 *
 * The answer itself is not signed, so nothing in it is believed but this text.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Order {

	private const MEMBERS = array(
		'aud'          => 'string',
		'checkpoint'   => 'string',
		'dir'          => 'string',
		'epoch'        => 'integer',
		'expires'      => 'integer',
		'installation' => 'string',
		'kid'          => 'string',
		'paused'       => 'boolean',
		'revoked'      => 'boolean',
		'seq'          => 'integer',
		'v'            => 'integer',
	);
	private const MAX_LIFE  = 930;
	private const MAX_BYTES = 16384;

	/** @readonly Newest audit checkpoint, or ''. */
	public string $checkpoint;
	/** @readonly Epoch of the control key. */
	public int $epoch;
	/** @readonly */
	public int $expires;
	/** @readonly */
	public bool $paused;
	/** @readonly */
	public bool $revoked;
	/** @readonly */
	public int $seq;

	private function __construct( \stdClass $order ) {
		$this->checkpoint = $order->checkpoint;
		$this->epoch      = $order->epoch;
		$this->expires    = $order->expires;
		$this->paused     = $order->paused;
		$this->revoked    = $order->revoked;
		$this->seq        = $order->seq;
	}

	/** The text that `order_signature` signs. */
	public static function signed_text( string $installation, string $text ): string {
		return "presswarden-order-1\n" . $installation . "\n" . hash( 'sha256', $text );
	}

	/**
	 * The order, if this site may take it.
	 *
	 * @param int $highest_seq Highest sequence number taken so far; 0 when none was.
	 * @throws Refusal With an `order.*` code; a refused order changes nothing.
	 */
	public static function take( string $text, string $signature_base64, Pinned $pinned, int $now, int $highest_seq ): self {
		if ( strlen( $text ) > self::MAX_BYTES ) {
			throw Refusal::of( 'order.shape' );
		}
		$kid   = self::signing_kid( $text, $signature_base64, $pinned, $now );
		$order = Json::decode_object( $text, 4, 'order.shape' );
		CallBody::exactly( $order, self::MEMBERS, 'order.shape' );
		if ( 1 !== $order->v || 'order' !== $order->dir || $order->aud !== $pinned->home || $order->installation !== $pinned->installation || $order->kid !== $kid ) {
			throw Refusal::of( 'order.bind' );
		}
		if ( $order->expires <= $now || $order->expires > $now + self::MAX_LIFE ) {
			throw Refusal::of( 'order.time' );
		}
		if ( $order->seq <= $highest_seq ) {
			throw Refusal::of( 'order.sequence' );
		}
		if ( $order->epoch < $pinned->epoch ) {
			throw Refusal::of( 'order.epoch' );
		}
		return new self( $order );
	}

	private static function signing_kid( string $text, string $signature_base64, Pinned $pinned, int $now ): string {
		$signature = Shape::base64( $signature_base64, Pinned::ED25519 === $pinned->alg ? 64 : 32 );
		if ( null !== $signature ) {
			foreach ( $pinned->live_keys( $now ) as $key ) {
				if ( $pinned->verify( $signature, self::signed_text( $pinned->installation, $text ), $key ) ) {
					return $key->kid;
				}
			}
		}
		throw Refusal::of( 'order.signature' );
	}
}
