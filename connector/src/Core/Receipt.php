<?php
/**
 * The text a site signs to stand by its answer (wire.md section 4).
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Receipt {

	/** @param string $request_hash Hex SHA-256 of the request body as received. */
	public static function text( string $installation, string $tool_call_id, int $status, string $request_hash, string $response_body ): string {
		return implode(
			"\n",
			array( 'presswarden-receipt-1', $installation, $tool_call_id, (string) $status, $request_hash, hash( 'sha256', $response_body ) )
		);
	}
}
