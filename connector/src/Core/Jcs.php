<?php
/**
 * RFC 8785 (JCS): one byte sequence for one JSON value.
 *
 * Used for what this site says, never to re-create what it was sent: a received body is hashed as received.
 * Objects are stdClass and lists are arrays, so `{}` and `[]` stay apart.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Jcs {

	private const SAFE_INTEGER = 9007199254740991;

	/** @param mixed $value stdClass, list, string, int, float, bool or null. */
	public static function encode( $value ): string {
		if ( null === $value ) {
			return 'null';
		}
		if ( is_bool( $value ) ) {
			return $value ? 'true' : 'false';
		}
		if ( is_int( $value ) ) {
			return self::integer( $value );
		}
		if ( is_float( $value ) ) {
			return self::number( $value );
		}
		if ( is_string( $value ) ) {
			return self::text( $value );
		}
		if ( is_array( $value ) ) {
			return self::sequence( $value );
		}
		if ( $value instanceof \stdClass ) {
			return self::members( $value );
		}
		throw new \InvalidArgumentException( 'Only stdClass, lists, strings, numbers, booleans and null have a JSON form.' );
	}

	/** @param array<mixed> $values A list; anything else would silently lose its keys. */
	private static function sequence( array $values ): string {
		if ( array() !== $values && array_keys( $values ) !== range( 0, count( $values ) - 1 ) ) {
			throw new \InvalidArgumentException( 'An array with keys has no JSON form here; use stdClass for objects.' );
		}
		$parts = array();
		foreach ( $values as $value ) {
			$parts[] = self::encode( $value );
		}
		return '[' . implode( ',', $parts ) . ']';
	}

	private static function members( \stdClass $object ): string {
		$parts = array();
		foreach ( get_object_vars( $object ) as $name => $value ) {
			$name = (string) $name;
			// RFC 8785 sorts by UTF-16 units. That differs from the order of UTF-8 bytes only where a lead byte EE or EF
			// (U+E000..U+FFFF) meets F0..F4 (surrogate pairs), so these two lead bytes are moved behind them.
			$parts[ 'k' . strtr( $name, "\xEE\xEF", "\xF5\xF6" ) ] = self::text( $name ) . ':' . self::encode( $value );
		}
		ksort( $parts, SORT_STRING );
		return '{' . implode( ',', $parts ) . '}';
	}

	private static function text( string $text ): string {
		$json = json_encode( $text, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS );
		if ( false === $json ) {
			throw new \InvalidArgumentException( 'Text that is not UTF-8 has no JSON form.' );
		}
		return $json;
	}

	private static function integer( int $value ): string {
		if ( $value > self::SAFE_INTEGER || $value < -self::SAFE_INTEGER ) {
			throw new \InvalidArgumentException( 'An integer beyond 2^53-1 has no safe JSON form.' );
		}
		return (string) $value;
	}

	/** A double as ECMAScript writes it; no message of ours carries one, the published test data do. */
	private static function number( float $value ): string {
		if ( is_nan( $value ) || is_infinite( $value ) ) {
			throw new \InvalidArgumentException( 'NaN and infinity have no JSON form.' );
		}
		if ( 0.0 === $value ) {
			return '0';
		}
		$size    = abs( $value );
		$written = '';
		for ( $digits = 0; $digits <= 16; $digits++ ) {
			$written = str_replace( ',', '.', sprintf( '%.' . $digits . 'e', $size ) );
			if ( (float) $written === $size ) {
				break;
			}
		}
		list( $mantissa, $exponent ) = explode( 'e', $written );
		return ( $value < 0 ? '-' : '' ) . self::place( rtrim( str_replace( '.', '', $mantissa ), '0' ), (int) $exponent + 1 );
	}

	/** Puts the decimal point after $point digits, or falls back to an exponent where ECMAScript does. */
	private static function place( string $digits, int $point ): string {
		$count = strlen( $digits );
		if ( $point > 0 && $point <= 21 ) {
			return $count <= $point ? str_pad( $digits, $point, '0' ) : substr( $digits, 0, $point ) . '.' . substr( $digits, $point );
		}
		if ( $point <= 0 && $point > -6 ) {
			return '0.' . str_repeat( '0', -$point ) . $digits;
		}
		$exponent = $point - 1;
		return $digits[0] . ( $count > 1 ? '.' . substr( $digits, 1 ) : '' ) . 'e' . ( $exponent < 0 ? '-' : '+' ) . abs( $exponent );
	}
}
