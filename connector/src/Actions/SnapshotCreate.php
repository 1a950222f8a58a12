<?php
/**
 * Makes one step of a snapshot, in the connector's own folder.
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
use Presswarden\Connector\Site\Snapshots;

final class SnapshotCreate implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.snapshot.create'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		$args = $call->args;
		return Snapshots::create( $args->snapshot, $args->component, $args->database, $args->seconds, $args->step );
	}
}
