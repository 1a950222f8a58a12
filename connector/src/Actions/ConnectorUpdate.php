<?php
/**
 * Puts a newer release of the connector in its own place, from the offer of the site's own update servers (N14).
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
use Presswarden\Connector\Site\Updatable;
use Presswarden\Connector\Site\Updates\PluginComponent;
use Presswarden\Connector\Site\Updates\Update;

final class ConnectorUpdate implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['wp.connector.update'];
	}

	public function check( Call $call ): void {
		if ( ! Updatable::is_own( $call->args->component ) ) {
			throw Refusal::of( 'call.args' );
		}
		Update::protection( $call, time() );
	}

	public function run( Call $call ): \stdClass {
		return Update::of_the_connector( $call, new PluginComponent( $call->args->component ) )->run();
	}
}
