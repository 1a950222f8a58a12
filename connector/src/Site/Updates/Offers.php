<?php
/**
 * What the update servers offer this site, asked now.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

use Presswarden\Connector\Core\Refusal;

final class Offers {

	/**
	 * @param string          $transient update_core, update_plugins or update_themes.
	 * @param \Closure():void $ask       WordPress's own question for it.
	 * @throws Refusal With action.offer when no server answered; what was known before is kept then.
	 */
	public static function fresh( string $transient, \Closure $ask ): object {
		$known = get_site_transient( $transient );
		delete_site_transient( $transient );
		$ask();
		$offers = get_site_transient( $transient );
		if ( is_object( $offers ) && ( isset( $offers->response ) || isset( $offers->updates ) ) ) {
			return $offers;
		}
		if ( is_object( $known ) ) {
			set_site_transient( $transient, $known );
		}
		throw Refusal::because( 'action.offer', 'The update servers did not answer this site.' );
	}
}
