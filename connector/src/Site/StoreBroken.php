<?php
/**
 * Something of ours could not be written down. Nothing that depends on it may go on.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class StoreBroken extends \RuntimeException {
}
