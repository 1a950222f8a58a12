<?php
/**
 * A counted allowance. Where the counters live is not this folder's concern.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

interface Limits {

	/** Takes one from the bucket; false when it is empty. The Verifier asks for the bucket `address`. */
	public function allows( string $bucket ): bool;
}
