<?php
/**
 * What the update servers offer this site, asked now.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

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

	/** @return array<string,mixed> What WordPress knows to be offered, by transient. */
	public static function known(): array {
		$known = array();
		foreach ( array( 'update_core', 'update_plugins', 'update_themes' ) as $transient ) {
			$known[ $transient ] = get_site_transient( $transient );
		}
		return $known;
	}

	/**
	 * WordPress forgets every offer when it has updated anything, and asks again hours later. Until then this site would report that
	 * nothing is offered and no component known, so what was known stays, but for what was just done.
	 *
	 * @param array<string,mixed> $known What known() said before.
	 * @param string              $done  Component that has its new version now; '' for none.
	 */
	public static function remember( array $known, string $done ): void {
		list( $kind, $name ) = explode( ':', $done, 2 ) + array( '', '' );
		foreach ( $known as $transient => $offers ) {
			if ( ! is_object( $offers ) || is_object( get_site_transient( $transient ) ) || ( 'core' === $kind && 'update_core' === $transient ) ) {
				continue;
			}
			$kept = clone $offers;
			if ( ( 'plugin' === $kind ? 'update_plugins' : 'update_themes' ) === $transient && isset( $kept->response[ $name ] ) ) {
				$kept->no_update[ $name ] = $kept->response[ $name ];
				unset( $kept->response[ $name ] );
			}
			if ( 'translation' === $kind && isset( $kept->translations ) ) {
				$kept->translations = array_values(
					array_filter(
						(array) $kept->translations,
						static function ( $pack ) use ( $transient, $name ): bool {
							$pack = (array) $pack;
							$type = rtrim( substr( $transient, strlen( 'update_' ) ), 's' );
							return $name !== $type . ':' . ( $pack['slug'] ?? '' ) . ':' . ( $pack['language'] ?? '' );
						}
					)
				);
			}
			set_site_transient( $transient, $kept );
		}
	}
}
