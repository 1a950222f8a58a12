<?php
/**
 * The control plane confirms, at the new address, the move that a local administrator started.
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
use Presswarden\Connector\Site\Pairing;
use Presswarden\Connector\Site\RecordStore;

final class Moved implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['control.moved'];
	}

	public function check( Call $call ): void {
		$named = ( new RecordStore() )->read()->moved_to;
		if ( '' === $named || $named !== $call->args->home ) {
			throw Refusal::of( 'call.args' );
		}
	}

	public function run( Call $call ): \stdClass {
		return (object) array( 'home' => Pairing::finish_move( $call )->home );
	}
}
