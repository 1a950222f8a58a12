<?php
/**
 * The word that the open change is good: it stands from now on, and nothing takes it back any more.
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
use Presswarden\Connector\Site\OpenChange;
use Presswarden\Connector\Site\Watchdog;

final class ChangeClose implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.change.close'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		OpenChange::close( $call->args->change );
		// A new connector that was called good brings its own watchdog.
		Watchdog::repair();
		return (object) array(
			'change' => $call->args->change,
			'state'  => 'closed',
		);
	}
}
