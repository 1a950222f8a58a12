<?php
/**
 * Takes an open change back, or puts a kept snapshot back: files or database, never both.
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
use Presswarden\Connector\Site\SnapshotRestore as Restore;

final class SnapshotRestore implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.snapshot.restore'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		$args = $call->args;
		if ( 'database' === $args->scope ) {
			return Restore::database( $args->snapshot );
		}
		return '' === $args->change ? Restore::files( $args->snapshot, $call->tool_call_id ) : Restore::change( $args->change, $args->snapshot );
	}
}
