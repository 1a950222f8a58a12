<?php
/**
 * Which snapshots this site keeps and how much room they take. Changes nothing.
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

final class SnapshotList implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.snapshot.list'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		return Snapshots::listed( time() );
	}
}
