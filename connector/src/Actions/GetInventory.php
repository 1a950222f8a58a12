<?php
/**
 * Reads which components this site holds and which updates it knows of. Changes nothing and asks no other server.
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
use Presswarden\Connector\Site\InventoryFacts;

final class GetInventory implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.site.inventory'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		return InventoryFacts::result( time() );
	}
}
