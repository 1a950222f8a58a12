<?php
/**
 * The updates this WordPress knows of, from its own cache. Never asks the update servers.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

final class KnownUpdates {

	/** Unix time of WordPress's last question, 0 for never. */
	public static function asked_at( string $transient ): int {
		$cached = get_site_transient( $transient );
		return is_object( $cached ) && isset( $cached->last_checked ) ? (int) $cached->last_checked : 0;
	}

	/** @return array<string,\stdClass> */
	public static function components(): array {
		return self::core() + self::of( 'update_plugins', 'plugin:' ) + self::of( 'update_themes', 'theme:' );
	}

	/** @return array<string,\stdClass> */
	private static function core(): array {
		$cached = get_site_transient( 'update_core' );
		$facts  = array();
		foreach ( is_object( $cached ) && isset( $cached->updates ) ? (array) $cached->updates : array() as $offer ) {
			if ( is_object( $offer ) && isset( $offer->response, $offer->current ) && 'upgrade' === $offer->response ) {
				$facts['update:core'] = (object) array(
					'package'      => ! empty( $offer->download ),
					'requires_php' => Plain::text( isset( $offer->php_version ) ? $offer->php_version : '' ),
					'requires_wp'  => '',
					'version'      => Plain::text( $offer->current ),
				);
				break;
			}
		}
		return $facts + self::translations( $cached, 'core' );
	}

	/** @return array<string,\stdClass> */
	private static function of( string $transient, string $prefix ): array {
		$cached = get_site_transient( $transient );
		$facts  = array();
		foreach ( is_object( $cached ) && isset( $cached->response ) ? (array) $cached->response : array() as $name => $offer ) {
			$offer = (array) $offer;
			if ( empty( $offer['new_version'] ) ) {
				continue;
			}
			$facts[ 'update:' . $prefix . Plain::text( (string) $name ) ] = (object) array(
				'package'      => ! empty( $offer['package'] ),
				'requires_php' => Plain::text( isset( $offer['requires_php'] ) ? $offer['requires_php'] : '' ),
				'requires_wp'  => Plain::text( isset( $offer['requires'] ) ? $offer['requires'] : '' ),
				'version'      => Plain::text( $offer['new_version'] ),
			);
		}
		return $facts + self::translations( $cached, rtrim( $prefix, ':' ) );
	}

	/**
	 * @param mixed $cached A site transient.
	 * @return array<string,\stdClass>
	 */
	private static function translations( $cached, string $type ): array {
		$facts = array();
		foreach ( is_object( $cached ) && isset( $cached->translations ) ? (array) $cached->translations : array() as $offer ) {
			$offer = (array) $offer;
			if ( isset( $offer['slug'], $offer['language'] ) ) {
				$key           = Plain::text( "update:translation:{$type}:{$offer['slug']}:{$offer['language']}" );
				$facts[ $key ] = (object) array(
					'package'      => ! empty( $offer['package'] ),
					'requires_php' => '',
					'requires_wp'  => '',
					'version'      => Plain::text( isset( $offer['updated'] ) ? $offer['updated'] : '' ),
				);
			}
		}
		return $facts;
	}
}
