<?php
/**
 * Reads one stretch of a snapshot again and says whether it can be relied on.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Actions;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\ActionSpec;
use Presswarden\Connector\Core\Call;
use Presswarden\Connector\Core\Catalogue;
use Presswarden\Connector\Site\SnapshotCheck;

final class SnapshotVerify implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.snapshot.verify'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		return SnapshotCheck::step( $call->args->snapshot, $call->args->seconds, $call->args->step );
	}
}
