<?php
/**
 * Reads whether this site is well enough to be worked on. Answered also while the site is paused.
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
use Presswarden\Connector\Site\Health;

final class GetHealth implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.site.health'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		return Health::facts( time() );
	}
}
