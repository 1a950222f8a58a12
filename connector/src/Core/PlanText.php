<?php
/**
 * The two texts of a plan that a call carries, decoded: the header (leaf 0) and the action's own leaf.
 *
 * Reads shapes only; whether they belong together and to this site is the Verifier's business.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class PlanText {

	private const HEADER = array(
		'actions'    => 'integer',
		'approvals'  => 'integer',
		'level'      => 'string',
		'not_after'  => 'integer',
		'not_before' => 'integer',
		'org'        => 'string',
		'plan'       => 'string',
		'v'          => 'integer',
	);
	private const LEAF   = array(
		'args'         => 'object',
		'aud'          => 'string',
		'before'       => 'object',
		'not_after'    => 'integer',
		'not_before'   => 'integer',
		'package'      => 'string',
		'plan'         => 'string',
		'tool'         => 'string',
		'tool_call_id' => 'string',
		'v'            => 'integer',
	);
	private const LEVELS = array( 'low', 'medium', 'high', 'critical' );

	/** @throws Refusal With call.plan. */
	public static function header( string $text ): \stdClass {
		$header = Json::decode_object( $text, 32, 'call.plan' );
		CallBody::exactly( $header, self::HEADER, 'call.plan' );
		$sound = 1 === $header->v && $header->actions >= 1 && $header->approvals >= 0
			&& in_array( $header->level, self::LEVELS, true )
			&& Shape::is_uuid( $header->org ) && Shape::is_uuid( $header->plan );
		if ( ! $sound ) {
			throw Refusal::of( 'call.plan' );
		}
		return $header;
	}

	/** @throws Refusal With call.plan. */
	public static function leaf( string $text ): \stdClass {
		$leaf = Json::decode_object( $text, 32, 'call.plan' );
		CallBody::exactly( $leaf, self::LEAF, 'call.plan' );
		if ( 1 !== $leaf->v || ( '' !== $leaf->package && ! Shape::is_hex( $leaf->package, 64 ) ) ) {
			throw Refusal::of( 'call.plan' );
		}
		return $leaf;
	}

	/**
	 * The raw hashes of a proof as it is written on the wire.
	 *
	 * @param array<mixed> $proof Hex strings.
	 * @return array<int,string>
	 * @throws Refusal With call.plan.
	 */
	public static function proof( array $proof ): array {
		$raw = array();
		foreach ( $proof as $hex ) {
			if ( ! Shape::is_hex( $hex, 64 ) ) {
				throw Refusal::of( 'call.plan' );
			}
			$raw[] = (string) hex2bin( $hex );
		}
		return $raw;
	}
}
