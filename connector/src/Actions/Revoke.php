<?php
/**
 * Ends the pairing from the control plane's side. The keys go once the receipt was signed.
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

final class Revoke implements Action, AfterReceipt {

	public function spec(): ActionSpec {
		return Catalogue::actions()['control.revoke'];
	}

	public function check( Call $call ): void {
		// Nothing beyond the schema.
	}

	public function run( Call $call ): \stdClass {
		Pairing::revoke( $call->installation, 'control plane', $call->args->reason );
		return (object) array( 'revoked' => true );
	}

	public function after( Call $call ): void {
		Pairing::forget_keys();
	}
}
