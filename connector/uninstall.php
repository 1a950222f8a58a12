<?php
/**
 * Takes away everything of the connector, on every site of a network.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector;

use Presswarden\Connector\Site\Storage;
use Presswarden\Connector\Site\Watchdog;

if ( ! defined( 'WP_UNINSTALL_PLUGIN' ) ) {
	exit;
}

require __DIR__ . '/autoload.php';

$presswarden_keep = Storage::keeps_snapshots();
if ( is_multisite() ) {
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $presswarden_site ) {
		switch_to_blog( (int) $presswarden_site );
		Storage::remove_from_this_site();
		restore_current_blog();
	}
} else {
	Storage::remove_from_this_site();
}
Watchdog::remove();
Storage::remove_folders( ! $presswarden_keep );
