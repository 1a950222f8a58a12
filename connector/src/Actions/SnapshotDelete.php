<?php
/**
 * Deletes one snapshot. Cannot be undone.
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

final class SnapshotDelete implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.snapshot.delete'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		return (object) array(
			'deleted'  => Snapshots::delete( $call->args->snapshot ),
			'snapshot' => $call->args->snapshot,
		);
	}
}
