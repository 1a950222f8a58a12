<?php
/**
 * Makes a new site key and offers its public half. The receipt is signed by the old key, the offer by the new one.
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
use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\Rotation;
use Presswarden\Connector\Site\Keys;
use Presswarden\Connector\Site\Record;
use Presswarden\Connector\Site\RecordStore;
use Presswarden\Connector\Site\StateChange;

final class RotateSite implements Action {

	public function spec(): ActionSpec {
		return Catalogue::actions()['control.rotate_site'];
	}

	public function check( Call $call ): void {
		if ( Pinned::ED25519 !== ( new RecordStore() )->read()->alg ) {
			throw Refusal::of( 'action.rotation_mode' );
		}
	}

	/** Asked again before the control plane has shown that it knows the new key, it offers the same one again. */
	public function run( Call $call ): \stdClass {
		$record = ( new RecordStore() )->read();
		if ( '' === $record->site_secret_before ) {
			$pair   = Ed25519::keypair();
			$sealed = Keys::seal( Keys::SITE, $pair['secret'] );
			$public = base64_encode( $pair['public'] );
			$record = StateChange::asked_by(
				$call,
				'site_key.rotated',
				array(),
				static function ( Record $fresh ) use ( $sealed, $public ): void {
					if ( '' === $fresh->site_secret_before ) {
						$fresh->site_secret_before = $fresh->site_secret;
						$fresh->site_secret        = $sealed;
						$fresh->site_public        = $public;
						++$fresh->site_epoch;
					}
				}
			);
		}
		return Rotation::offer( $record->installation, $record->site_epoch, Keys::signer( $record ) );
	}
}
