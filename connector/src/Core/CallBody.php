<?php
/**
 * The two bodies a call may have (wire.md section 3), read with exact keys and types. Values are judged elsewhere.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class CallBody {

	private const READ = array(
		'args'   => 'object',
		'bind'   => 'object',
		'run_id' => 'string',
		'tool'   => 'string',
	);
	private const PLAN = array(
		'bind'         => 'object',
		'header'       => 'string',
		'header_proof' => 'array',
		'index'        => 'integer',
		'leaf'         => 'string',
		'proof'        => 'array',
		'run_id'       => 'string',
		'size'         => 'integer',
		'tool'         => 'string',
	);
	private const BIND = array(
		'aud'   => 'string',
		'dir'   => 'string',
		'kid'   => 'string',
		'nonce' => 'string',
		'v'     => 'integer',
	);

	/** @throws Refusal With call.body, or call.shape when a consent is present. */
	public static function parse( string $bytes ): \stdClass {
		$body = Json::decode_object( $bytes );
		if ( property_exists( $body, 'consent' ) ) {
			throw Refusal::of( 'call.shape' );
		}
		$planned = self::is_planned( $body );
		self::exactly( $body, $planned ? self::PLAN : self::READ, 'call.body' );
		self::exactly( $body->bind, $planned ? self::BIND + array( 'fence' => 'integer' ) : self::BIND, 'call.body' );
		if ( ! Shape::is_uuid( $body->run_id ) || ! Shape::is_tool( $body->tool ) ) {
			throw Refusal::of( 'call.body' );
		}
		return $body;
	}

	public static function is_planned( \stdClass $body ): bool {
		return property_exists( $body, 'leaf' );
	}

	/**
	 * Refuses unless the object has exactly these members, each of its type.
	 *
	 * @param array<string,string> $types Member => type as gettype() names it.
	 * @throws Refusal With the given code.
	 */
	public static function exactly( \stdClass $value, array $types, string $code ): void {
		ksort( $types, SORT_STRING );
		if ( array_keys( $types ) !== Json::keys( $value ) ) {
			throw Refusal::of( $code );
		}
		foreach ( $types as $name => $type ) {
			if ( gettype( $value->$name ) !== $type ) {
				throw Refusal::of( $code );
			}
		}
	}
}
