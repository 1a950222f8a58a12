<?php
/**
 * What stands on this site's disk and in its settings for one component, read now.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Installed {

	/** @readonly '' for a translation that is not there yet. */
	public string $version;
	/** @readonly Whether the site uses it. Core and translations always are. */
	public bool $active;

	public function __construct( string $version, bool $active ) {
		$this->version = $version;
		$this->active  = $active;
	}
}
