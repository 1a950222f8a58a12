<?php
/**
 * The control plane's own pause. The local one is the administrator's.
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

final class Pause implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['control.pause'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		$reason = $call->args->reason;
		StateChange::asked_by(
			$call,
			'paused',
			array(
				'by'     => 'control',
				'reason' => $reason,
			),
			static function ( Record $record ) use ( $reason ): void {
				$record->paused_control = true;
				$record->pause_reason   = $reason;
			}
		);
		return (object) array( 'paused' => 'control' );
	}
}
