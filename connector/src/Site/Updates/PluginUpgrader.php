<?php
/**
 * WordPress's own upgrader, with a package that was compared before.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class PluginUpgrader extends \Plugin_Upgrader implements Fetching {
	use Package;
}
