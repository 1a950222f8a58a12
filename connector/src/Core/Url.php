<?php
/**
 * The one written form of a base URL (wire.md, "URL forms") and the rule that plain HTTP is for local hosts only.
 *
 * Hosts are parsed, never matched as text: `127.0.0.1.example` and `127.1` are names, not loopback.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Url {

	private const MAX_BYTES = 200;

	/** True for a URL in the wire's form that is HTTPS or stands on a local host. */
	public static function permitted( string $url ): bool {
		return self::normalise( $url ) === $url && ( 0 === strncmp( $url, 'https://', 8 ) || self::is_local( $url ) );
	}

	/** The wire's form of a URL, or '' when it has none. */
	public static function normalise( string $url ): string {
		if ( strlen( $url ) > self::MAX_BYTES || 1 !== preg_match( '/\A[\x21-\x7e]+\z/', $url ) || false !== strpbrk( $url, '?#\\@' ) ) {
			return '';
		}
		$parts = parse_url( $url );
		if ( ! is_array( $parts ) || empty( $parts['host'] ) || empty( $parts['scheme'] ) ) {
			return '';
		}
		$scheme = strtolower( $parts['scheme'] );
		$host   = strtolower( $parts['host'] );
		if ( ! in_array( $scheme, array( 'http', 'https' ), true ) || 1 !== preg_match( '/\A(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])\z/', $host ) ) {
			return '';
		}
		$port = isset( $parts['port'] ) && ( 'https' === $scheme ? 443 : 80 ) !== $parts['port'] ? ':' . $parts['port'] : '';
		return $scheme . '://' . $host . $port . rtrim( isset( $parts['path'] ) ? $parts['path'] : '', '/' );
	}

	/** True when the host is localhost, below localhost, in 127.0.0.0/8, or ::1. */
	public static function is_local( string $url ): bool {
		$host = parse_url( $url, PHP_URL_HOST );
		if ( ! is_string( $host ) ) {
			return false;
		}
		$host = strtolower( $host );
		if ( 'localhost' === $host || '.localhost' === substr( $host, -10 ) ) {
			return true;
		}
		$address = filter_var( trim( $host, '[]' ), FILTER_VALIDATE_IP ) ? inet_pton( trim( $host, '[]' ) ) : false;
		if ( false === $address ) {
			return false;
		}
		return 4 === strlen( $address ) ? 127 === ord( $address[0] ) : inet_pton( '::1' ) === $address;
	}
}
