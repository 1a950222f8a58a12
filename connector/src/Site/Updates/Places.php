<?php
/**
 * Folders of this site as places below ABSPATH.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

final class Places {

	/**
	 * @param string $folder Full path.
	 * @throws Refusal With action.files where it lies elsewhere: what can't be named can't be taken back.
	 */
	public static function below_root( string $folder ): string {
		$root = wp_normalize_path( rtrim( ABSPATH, '/\\' ) ) . '/';
		$full = wp_normalize_path( $folder );
		if ( 0 !== strpos( $full, $root ) ) {
			throw Refusal::because( 'action.files', 'other_device' );
		}
		return rtrim( substr( $full, strlen( $root ) ), '/' );
	}
}
