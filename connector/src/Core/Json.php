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
		// PHP counts the scalars inside the innermost object as a level of their own.
		$value = json_decode( $bytes, false, $depth + 1 );
		if ( ! $value instanceof \stdClass || JSON_ERROR_NONE !== json_last_error() ) {
			throw Refusal::of( $code );
		}
		$members = 0;
		$bare    = self::without_strings( $bytes );
		// More colons than decoded members means a duplicate key. Minus zero is a float that PHP reads as an integer.
		if ( ! self::plain( $value, $members ) || substr_count( $bare, ':' ) !== $members || false !== strpos( $bare, '-0' ) ) {
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

	/** Valid JSON with all strings taken out; an empty text, which matches no object with members, when that fails. */
	private static function without_strings( string $bytes ): string {
		// In valid JSON backslashes come in pairs with what they escape: without these two pairs, every quotation mark that
		// is left opens or closes a string.
		return (string) preg_replace( '/"[^"]*+"/', '', str_replace( array( '\\\\', '\\"' ), '', $bytes ) );
	}
}
