<?php
/**
 * What goes back for one call: status, exact bytes, and the headers that sign them.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

final class Reply {

	/** @readonly */
	public int $status;
	/** @readonly */
	public string $body;
	/** @readonly Base64 of the receipt's signature, or '' before the claim. */
	public string $signature;
	/** @readonly Key id of the receipt, or ''. */
	public string $kid;

	public function __construct( int $status, string $body, string $signature = '', string $kid = '' ) {
		$this->status    = $status;
		$this->body      = $body;
		$this->signature = $signature;
		$this->kid       = $kid;
	}

	public static function unsigned( Refusal $refusal ): self {
		return new self( $refusal->http_status, $refusal->body() );
	}
}
