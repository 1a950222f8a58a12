<?php
/**
 * Pins a new control key. The call is signed by the old one, the key by itself; both are valid 24 hours at most.
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
use Presswarden\Connector\Core\Rotation;
use Presswarden\Connector\Site\OpenChange;
use Presswarden\Connector\Site\Record;
use Presswarden\Connector\Site\RecordStore;
use Presswarden\Connector\Site\StateChange;

final class Rotate implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['control.rotate'];
	}

	public function check( Call $call ): void {
		Rotation::accept( $call->args, ( new RecordStore() )->read()->pinned( time() ), time() );
	}

	public function run( Call $call ): \stdClass {
		$kid = '';
		$now = time();
		$args = $call->args;
		$record = StateChange::asked_by(
			$call,
			'control_key.rotated',
			array( 'epoch' => $args->epoch ),
			static function ( Record $fresh ) use ( $args, $now, &$kid ): void {
				// Again on the row as it is now: two rotations at once must not both pass.
				$kid  = Rotation::accept( $args, $fresh->pinned( $now ), $now )->kid;
				$live = array();
				foreach ( $fresh->control_keys as $key ) {
					if ( 0 === $key['not_after'] ) {
						$live[] = array(
							'key'       => $key['key'],
							'not_after' => $now + Rotation::OVERLAP,
						);
					}
				}
				$live[] = array(
					'key'       => $args->public_key,
					'not_after' => 0,
				);
				$fresh->control_keys  = $live;
				$fresh->control_epoch = $args->epoch;
			}
		);
		OpenChange::keys_changed( $record );
		return (object) array(
			'epoch' => $record->control_epoch,
			'kid'   => $kid,
		);
	}
}
