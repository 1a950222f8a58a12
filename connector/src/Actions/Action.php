<?php
/**
 * One thing a caller may ask of this site.
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
use Presswarden\Connector\Core\Refusal;

interface Action {

	public function spec(): ActionSpec;

	/**
	 * What must be true before it runs and can't be said by a schema.
	 *
	 * @throws Refusal With the action's own code.
	 */
	public function check( Call $call ): void;

	/**
	 * Does it. The arguments fit the schema by now.
	 *
	 * @throws Refusal With the action's own code.
	 */
	public function run( Call $call ): \stdClass;
}
