<?php
/**
 * The alphabets of the wire's fields: uuid, hex, base64. Anything that is not a string of exactly that form is not one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Shape {

	/** @param mixed $value Any value; lower-case version 4. */
	public static function is_uuid( $value ): bool {
		return is_string( $value ) && 1 === preg_match( '/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/', $value );
	}

	/** @param mixed $value Any value; lower-case hex of exactly $digits digits. */
	public static function is_hex( $value, int $digits ): bool {
		return is_string( $value ) && strlen( $value ) === $digits && 1 === preg_match( '/\A[0-9a-f]+\z/', $value );
	}

	/** @param mixed $value Any value; a dotted tool name. */
	public static function is_tool( $value ): bool {
		return is_string( $value ) && strlen( $value ) <= 64 && 1 === preg_match( '/\A[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){1,3}\z/', $value );
	}

	/**
	 * The raw bytes of canonical standard base64, or null.
	 *
	 * @param mixed $value Any value.
	 */
	public static function base64( $value, int $bytes ): ?string {
		if ( ! is_string( $value ) || strlen( $value ) !== 4 * intdiv( $bytes + 2, 3 ) ) {
			return null;
		}
		$raw = base64_decode( $value, true );
		return false !== $raw && strlen( $raw ) === $bytes && base64_encode( $raw ) === $value ? $raw : null;
	}
}
