<?php
/**
 * Plugin Name:       Presswarden Connector
 * Description:       Lets a Presswarden control plane see this site and, once you allow it, change exactly what was approved. Every call is signed and checked here.
 * Version:           0.1.0
 * Requires at least: 6.2
 * Requires PHP:      7.4
 * Author:            Presswarden
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       presswarden-connector
 * Domain Path:       /languages
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

const VERSION = '0.1.0';

define( 'PRESSWARDEN_CONNECTOR_VERSION', VERSION );

require __DIR__ . '/autoload.php';

Plugin::start( __FILE__ );
