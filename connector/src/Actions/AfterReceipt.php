<?php
/**
 * An action with something left to do once its receipt was signed and kept, because it takes the key away.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Actions;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Call;

interface AfterReceipt {

	public function after( Call $call ): void;
}
