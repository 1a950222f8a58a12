<?php
/**
 * Switches one plugin on.
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
use Presswarden\Connector\Site\Updates\Switching;
use Presswarden\Connector\Site\Updates\Update;

final class PluginActivate implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.plugin.activate'];
	}

	public function check( Call $call ): void {
		Update::protection( $call, time() );
	}

	public function run( Call $call ): \stdClass {
		return ( new Switching( $call, true ) )->run();
	}
}
