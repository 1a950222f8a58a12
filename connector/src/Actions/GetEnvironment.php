<?php
/**
 * Reads what this site runs on. Changes nothing.
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
use Presswarden\Connector\Site\Environment;

final class GetEnvironment implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.site.get_environment'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		return Environment::facts( time() );
	}
}
