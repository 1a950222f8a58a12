<?php
/**
 * The bodies this site sends by itself: heartbeat, receipt of a waiting call, moved, pairing request (wire.md 2.2, 5, 6, 11).
 *
 * Builds canonical text from values; sends nothing.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Message {

	/**
	 * @param array<string,mixed> $fields All members of the heartbeat body but `bind` and `v`: checkpoint, connector, epoch,
	 *                                    fence, home, inventory_hash, paused, refusals (stdClass), repair, seq, sent_at, and at
	 *                                    most one of inventory and delta.
	 */
	public static function heartbeat( \stdClass $bind, array $fields ): string {
		$needed = array( 'checkpoint', 'connector', 'epoch', 'fence', 'home', 'inventory_hash', 'paused', 'refusals', 'repair', 'seq', 'sent_at' );
		$given  = array_keys( $fields );
		$extra  = array_values( array_diff( $given, $needed ) );
		if ( array() !== array_diff( $needed, $given ) || ! in_array( $extra, array( array(), array( 'inventory' ), array( 'delta' ) ), true ) ) {
			throw new \InvalidArgumentException( 'A heartbeat has exactly its members, and at most one of inventory and delta.' );
		}
		return self::body( $bind, $fields );
	}

	/** What the control plane gets for a call it could not deliver itself: the stored answer and its signature. */
	public static function receipt( \stdClass $bind, string $response, int $seq, string $signature_base64, int $status, string $tool_call_id ): string {
		return self::body(
			$bind,
			array(
				'body'         => $response,
				'seq'          => $seq,
				'signature'    => $signature_base64,
				'status'       => $status,
				'tool_call_id' => $tool_call_id,
			)
		);
	}

	public static function moved( \stdClass $bind, string $home, string $old_home, int $seq ): string {
		return self::body(
			$bind,
			array(
				'home'     => $home,
				'old_home' => $old_home,
				'seq'      => $seq,
			)
		);
	}

	/**
	 * @param array<string,string> $fields alg, connector, home, installation, mac, nonce, php, public_key, signature, wordpress.
	 */
	public static function pairing( array $fields ): string {
		$names = array_keys( $fields );
		sort( $names );
		if ( array( 'alg', 'connector', 'home', 'installation', 'mac', 'nonce', 'php', 'public_key', 'signature', 'wordpress' ) !== $names ) {
			throw new \InvalidArgumentException( 'A pairing request has exactly its members.' );
		}
		return Jcs::encode( (object) ( $fields + array( 'v' => 1 ) ) );
	}

	/** The `bind` of a message to the control plane. */
	public static function bind( string $control, string $direction, string $kid, string $nonce ): \stdClass {
		return (object) array(
			'aud'   => $control,
			'dir'   => $direction,
			'kid'   => $kid,
			'nonce' => $nonce,
			'v'     => 1,
		);
	}

	/** @param array<string,mixed> $fields Members beside bind and v. */
	private static function body( \stdClass $bind, array $fields ): string {
		return Jcs::encode(
			(object) ( $fields + array(
				'bind' => $bind,
				'v'    => 1,
			) )
		);
	}
}
