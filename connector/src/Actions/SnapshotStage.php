<?php
/**
 * Lays one stretch of a snapshot's tables beside the live ones.
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
use Presswarden\Connector\Site\SnapshotStage as Staging;

final class SnapshotStage implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.snapshot.stage'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		return Staging::step( $call->args->snapshot, $call->args->seconds, $call->args->step );
	}
}
