<?php
/**
 * Takes away the maintenance file that an update left behind when it died.
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
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\OpenChange;
use Presswarden\Connector\Site\Updates\Turn;

final class MaintenanceClear implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.maintenance.clear'];
	}

	public function check( Call $call ): void {
		$open = OpenChange::facts();
		if ( null !== $open && in_array( $open->state, array( 'applying', 'restoring' ), true ) ) {
			// Files are moving; who moves them ends the maintenance.
			throw Refusal::of( 'action.change_open' );
		}
	}

	public function run( Call $call ): \stdClass {
		return (object) array( 'cleared' => Turn::end_maintenance() );
	}
}
