<?php
/**
 * Prints exactly the bytes that were signed, and nothing before or after them.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Rest;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Reply;

final class Printer {

	/** Ends the request. */
	public static function send( Reply $reply ): void {
		while ( ob_get_level() > 0 && ob_end_clean() ) {
			continue;
		}
		if ( ! headers_sent() ) {
			self::headers( $reply );
		}
		echo $reply->body; // phpcs:ignore WordPress.Security.EscapeOutput -- signed JSON bytes; escaping would break them, and the content type is not HTML.
		if ( function_exists( 'fastcgi_finish_request' ) ) {
			fastcgi_finish_request();
		} else {
			flush();
		}
		// Whatever runs at shutdown may print what it likes.
		ob_start( array( self::class, 'swallow' ) );
		exit;
	}

	/** @param string $late What other code printed after the answer. */
	public static function swallow( string $late ): string {
		return '' === $late ? $late : '';
	}

	private static function headers( Reply $reply ): void {
		ini_set( 'zlib.output_compression', '0' ); // phpcs:ignore WordPress.PHP.IniSet -- the client checks a signature over these bytes as they are.
		header_remove( 'Content-Encoding' );
		header_remove( 'Link' );
		status_header( $reply->status );
		header( 'Content-Type: application/json' );
		header( 'Content-Length: ' . strlen( $reply->body ) );
		header( 'Cache-Control: no-store' );
		header( 'X-Robots-Tag: noindex' );
		header( 'X-Content-Type-Options: nosniff' );
		if ( '' !== $reply->signature ) {
			header( 'X-WP-Agent-ReceiptSignature: ' . $reply->signature );
			header( 'X-WP-Agent-ReceiptKid: ' . $reply->kid );
		}
	}
}
