<?php
/**
 * A strict structural check of arguments against the small part of JSON Schema that the Catalogue uses.
 *
 * Knows type, pattern, minimum, maximum, minLength, maxLength, enum, items and nested objects. A schema word it does
 * not know is a fault of ours and stops the call.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Arguments {

	private const WORDS = array( 'type', 'properties', 'required', 'additionalProperties', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'enum', 'items', 'maxItems' );

	/**
	 * @param array<string,mixed> $schema Of type object.
	 * @throws Refusal With call.args.
	 */
	public static function check( \stdClass $args, array $schema ): void {
		if ( ! self::fits( $args, $schema ) ) {
			throw Refusal::of( 'call.args' );
		}
	}

	/**
	 * @param mixed               $value  A decoded value.
	 * @param array<string,mixed> $schema Its schema.
	 */
	private static function fits( $value, array $schema ): bool {
		if ( array() !== array_diff( array_keys( $schema ), self::WORDS ) ) {
			throw new \LogicException( 'The schema uses a word this check does not know.' );
		}
		if ( isset( $schema['enum'] ) && ! in_array( $value, $schema['enum'], true ) ) {
			return false;
		}
		switch ( $schema['type'] ) {
			case 'object':
				return $value instanceof \stdClass && self::object_fits( $value, $schema );
			case 'array':
				return is_array( $value ) && self::list_fits( $value, $schema );
			case 'string':
				return is_string( $value ) && self::string_fits( $value, $schema );
			case 'integer':
				return is_int( $value )
					&& ( ! isset( $schema['minimum'] ) || $value >= $schema['minimum'] )
					&& ( ! isset( $schema['maximum'] ) || $value <= $schema['maximum'] );
			case 'boolean':
				return is_bool( $value );
		}
		throw new \LogicException( 'The schema uses a type this check does not know.' );
	}

	/** @param array<string,mixed> $schema Of type object. */
	private static function object_fits( \stdClass $value, array $schema ): bool {
		$members = $schema['properties'];
		$given   = Json::keys( $value );
		if ( array() !== array_diff( $schema['required'], $given ) || array() !== array_diff( $given, array_map( 'strval', array_keys( $members ) ) ) ) {
			return false;
		}
		foreach ( $given as $name ) {
			if ( ! self::fits( $value->$name, $members[ $name ] ) ) {
				return false;
			}
		}
		return true;
	}

	/**
	 * @param array<mixed>        $values A decoded list.
	 * @param array<string,mixed> $schema Of type array.
	 */
	private static function list_fits( array $values, array $schema ): bool {
		if ( isset( $schema['maxItems'] ) && count( $values ) > $schema['maxItems'] ) {
			return false;
		}
		foreach ( $values as $value ) {
			if ( ! self::fits( $value, $schema['items'] ) ) {
				return false;
			}
		}
		return true;
	}

	/** @param array<string,mixed> $schema Of type string. */
	private static function string_fits( string $value, array $schema ): bool {
		// Code points, as JSON Schema counts; no mbstring needed.
		$length = preg_match_all( '/./su', $value );
		return false !== $length
			&& ( ! isset( $schema['minLength'] ) || $length >= $schema['minLength'] )
			&& ( ! isset( $schema['maxLength'] ) || $length <= $schema['maxLength'] )
			&& ( ! isset( $schema['pattern'] ) || 1 === preg_match( '#' . $schema['pattern'] . '#uD', $value ) );
	}
}
