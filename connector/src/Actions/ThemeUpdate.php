<?php
/**
 * Updates one theme to one version, from the offer of the site's own update servers.
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
use Presswarden\Connector\Site\Updates\ThemeComponent;
use Presswarden\Connector\Site\Updates\Update;

final class ThemeUpdate implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.theme.update'];
	}

	public function check( Call $call ): void {
		Update::protection( $call, time() );
	}

	public function run( Call $call ): \stdClass {
		return ( new Update( $call, new ThemeComponent( $call->args->component ) ) )->run();
	}
}
