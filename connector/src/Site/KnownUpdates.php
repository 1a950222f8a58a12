<?php
/**
 * The updates this WordPress knows of, from its own cache. Never asks the update servers.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Updates\CoreComponent;
use Presswarden\Connector\Site\Updates\Offer;

final class KnownUpdates {

	/** Unix time of WordPress's last question, 0 for never. */
	public static function asked_at( string $transient ): int {
		$cached = get_site_transient( $transient );
		return is_object( $cached ) && isset( $cached->last_checked ) ? (int) $cached->last_checked : 0;
	}

	/**
	 * What the update servers know, with a newer version or without.
	 *
	 * @return array<string,mixed> By plugin file or stylesheet.
	 */
	public static function known( string $transient ): array {
		$cached = get_site_transient( $transient );
		$known  = array();
		foreach ( array( 'response', 'no_update' ) as $group ) {
			$known += is_object( $cached ) && isset( $cached->$group ) ? (array) $cached->$group : array();
		}
		return $known;
	}

	/** @return array<string,\stdClass> */
	public static function components(): array {
		return self::core() + self::of( 'update_plugins', 'plugin:' ) + self::of( 'update_themes', 'theme:' );
	}

	/** @return array<string,\stdClass> */
	private static function core(): array {
		$cached = get_site_transient( 'update_core' );
		$chosen = CoreComponent::chosen( $cached );
		$facts  = null === $chosen ? array() : array( 'update:core' => self::offer( Offer::of_core( $chosen ) ) );
		return $facts + self::translations( $cached, 'core' );
	}

	/** @return array<string,\stdClass> */
	private static function of( string $transient, string $prefix ): array {
		$cached = get_site_transient( $transient );
		$facts  = array();
		foreach ( is_object( $cached ) && isset( $cached->response ) ? (array) $cached->response : array() as $name => $kept ) {
			$offer = Offer::of_component( is_object( $kept ) ? $kept : (array) $kept );
			if ( '' !== $offer->version ) {
				$facts[ 'update:' . $prefix . Plain::text( (string) $name ) ] = self::offer( $offer );
			}
		}
		return $facts + self::translations( $cached, rtrim( $prefix, ':' ) );
	}

	/**
	 * @param mixed $cached A site transient.
	 * @return array<string,\stdClass>
	 */
	private static function translations( $cached, string $type ): array {
		$facts = array();
		foreach ( is_object( $cached ) && isset( $cached->translations ) ? (array) $cached->translations : array() as $kept ) {
			$kept = (array) $kept;
			if ( isset( $kept['slug'], $kept['language'] ) ) {
				$facts[ Plain::text( "update:translation:{$type}:{$kept['slug']}:{$kept['language']}" ) ] = self::offer( Offer::of_translation( $kept ) );
			}
		}
		return $facts;
	}

	private static function offer( Offer $offer ): \stdClass {
		return (object) array(
			'package'      => '' !== $offer->package,
			'requires_php' => Plain::text( $offer->requires_php ),
			'requires_wp'  => Plain::text( $offer->requires_wp ),
			'url'          => $offer->public_address(),
			'version'      => Plain::text( $offer->version ),
		);
	}
}
