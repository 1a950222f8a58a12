<?php
/**
 * Strict reading of JSON that was already verified.
 *
 * Refuses what two readers could understand differently: a byte order mark, duplicate keys, text that is not UTF-8,
 * numbers that are not safe integers. It never repairs.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Json {

	private const SAFE_INTEGER = 9007199254740991;

	/**
	 * @param string $code The refusal that a fault is answered with.
	 * @throws Refusal When the bytes are not one strict JSON object.
	 */
	public static function decode_object( string $bytes, int $depth = 32, string $code = 'call.body' ): \stdClass {
		$value = json_decode( $bytes, false, $depth );
		if ( ! $value instanceof \stdClass || JSON_ERROR_NONE !== json_last_error() ) {
			throw Refusal::of( $code );
		}
		$members = 0;
		if ( ! self::plain( $value, $members ) || self::members_written( $bytes ) !== $members ) {
			throw Refusal::of( $code );
		}
		return $value;
	}

	/**
	 * The property names of an object, sorted by byte, for exact-key comparison.
	 *
	 * @return array<int,string>
	 */
	public static function keys( \stdClass $value ): array {
		$keys = array_map( 'strval', array_keys( get_object_vars( $value ) ) );
		sort( $keys, SORT_STRING );
		return $keys;
	}

	/**
	 * True when every number is a safe integer; counts the members of all objects on the way.
	 *
	 * @param mixed $value Any decoded value.
	 */
	private static function plain( $value, int &$members ): bool {
		if ( is_float( $value ) ) {
			return false;
		}
		if ( is_int( $value ) ) {
			return $value <= self::SAFE_INTEGER && $value >= -self::SAFE_INTEGER;
		}
		if ( $value instanceof \stdClass ) {
			$value    = get_object_vars( $value );
			$members += count( $value );
		}
		if ( is_array( $value ) ) {
			foreach ( $value as $inner ) {
				if ( ! self::plain( $inner, $members ) ) {
					return false;
				}
			}
		}
		return true;
	}

	/** Members as written: the colons outside strings. More of them than decoded members means a duplicate key. */
	private static function members_written( string $bytes ): int {
		$bare = preg_replace( '/"(?:[^"\\\\]++|\\\\.)*+"/s', '', $bytes );
		return null === $bare ? -1 : substr_count( $bare, ':' );
	}
}
