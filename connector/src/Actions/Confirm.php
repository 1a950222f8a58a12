<?php
/**
 * The control plane's first signed call: from here on both sides are paired.
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
use Presswarden\Connector\Site\Pairing;

final class Confirm implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['control.confirm'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		$record = Pairing::confirm( $call );
		return (object) array(
			'home'  => $record->home,
			'words' => explode( ' ', $record->words ),
		);
	}
}
