<?php
/**
 * The short name of a key: the first 16 hex digits of the SHA-256 of its 32 raw bytes.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class KeyId {

	public static function of( string $raw_key ): string {
		return substr( hash( 'sha256', $raw_key ), 0, 16 );
	}
}
