<?php
/**
 * The inventory that the control plane has, so that the next heartbeat says only what differs.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Jcs;

final class AcknowledgedInventory {

	/** Null when there is none, or when the row was edited. */
	public static function read(): ?\stdClass {
		$text  = get_option( Storage::INVENTORY, '' );
		$bytes = is_string( $text ) ? base64_decode( $text, true ) : false;
		if ( false !== $bytes && function_exists( 'gzuncompress' ) && '' !== $bytes && '{' !== $bytes[0] ) {
			$bytes = gzuncompress( $bytes );
		}
		$value = is_string( $bytes ) ? json_decode( $bytes, false, 32 ) : null;
		return $value instanceof \stdClass ? $value : null;
	}

	public static function keep( \stdClass $inventory ): void {
		$text = Jcs::encode( $inventory );
		$text = base64_encode( function_exists( 'gzcompress' ) ? (string) gzcompress( $text, 6 ) : $text );
		if ( get_option( Storage::INVENTORY ) !== $text ) {
			update_option( Storage::INVENTORY, $text, false );
		}
	}
}
