<?php
/**
 * Lifts the control plane's own pause; a local one stays.
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
use Presswarden\Connector\Site\Record;
use Presswarden\Connector\Site\StateChange;

final class Resume implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['control.resume'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		$record = StateChange::asked_by(
			$call,
			'resumed',
			array( 'by' => 'control' ),
			static function ( Record $fresh ): void {
				$fresh->paused_control = false;
				$fresh->pause_reason   = '';
			}
		);
		return (object) array( 'paused' => $record->paused() );
	}
}
