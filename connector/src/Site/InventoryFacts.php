<?php
/**
 * What this site holds: core, plugins, themes, translations, the updates it knows of, and the age of its application
 * passwords. Component key => facts (wire.md section 5).
 *
 * Asks no other server: updates come from what WordPress cached, with the time it asked. Holds nothing that changes by
 * itself from hour to hour, so an unchanged site has an unchanged hash; and no name or mail of a person.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Inventory;

final class InventoryFacts {

	private const OPTIONS = array(
		'_site_transient_update_core',
		'_site_transient_update_plugins',
		'_site_transient_update_themes',
		'auto_update_plugins',
		'auto_update_themes',
	);

	/** `{"as_of":{...},"hash":"...","inventory":{...}}`. */
	public static function result( int $now ): \stdClass {
		$components = self::components( $now );
		return (object) array(
			'as_of'     => (object) array(
				'core'            => $now,
				'passwords'       => $now,
				'plugins'         => $now,
				'themes'          => $now,
				'translations'    => $now,
				'updates_core'    => KnownUpdates::asked_at( 'update_core' ),
				'updates_plugins' => KnownUpdates::asked_at( 'update_plugins' ),
				'updates_themes'  => KnownUpdates::asked_at( 'update_themes' ),
			),
			'hash'      => Inventory::hash( $components ),
			'inventory' => $components,
		);
	}

	public static function components( int $now ): \stdClass {
		if ( ! is_multisite() && function_exists( 'wp_prime_option_caches' ) ) {
			// One query instead of one for each.
			wp_prime_option_caches( self::OPTIONS );
		}
		$found = array(
			'core'      => self::core(),
			'passwords' => ApplicationPasswords::facts( $now ),
			'php'       => (object) array( 'version' => PHP_VERSION ),
			'server'    => Environment::server(),
		);
		$found += self::plugins() + self::themes() + self::translations() + KnownUpdates::components();
		ksort( $found, SORT_STRING );
		return (object) $found;
	}

	private static function core(): \stdClass {
		return (object) array(
			'locale'    => Plain::text( get_locale() ),
			'multisite' => is_multisite(),
			'sites'     => is_multisite() ? (int) get_sites( array( 'count' => true ) ) : 1,
			'timezone'  => Plain::text( substr( wp_timezone_string(), 0, 60 ) ),
			'version'   => Plain::text( get_bloginfo( 'version' ) ),
		);
	}

	/** @return array<string,\stdClass> */
	private static function plugins(): array {
		require_once ABSPATH . 'wp-admin/includes/plugin.php';
		$auto  = (array) get_site_option( 'auto_update_plugins', array() );
		$facts = array();
		$known = KnownUpdates::known( 'update_plugins' );
		foreach ( get_plugins() as $file => $header ) {
			$place = WP_PLUGIN_DIR . '/' . ( false === strpos( $file, '/' ) ? $file : dirname( $file ) );
			$facts[ 'plugin:' . Plain::text( (string) $file ) ] = (object) array(
				'active'         => is_plugin_active( $file ),
				'auto_update'    => in_array( $file, $auto, true ),
				'known'          => isset( $known[ $file ] ),
				'link'           => Updatable::is_link( $place ),
				'name'           => Plain::text( $header['Name'] ),
				'network_active' => is_multisite() && is_plugin_active_for_network( $file ),
				'requires_php'   => Plain::text( $header['RequiresPHP'] ),
				'requires_wp'    => Plain::text( $header['RequiresWP'] ),
				'same_device'    => Updatable::on_same_device( $place ),
				'update_uri'     => Plain::text( isset( $header['UpdateURI'] ) ? $header['UpdateURI'] : '' ),
				'version'        => Plain::text( $header['Version'] ),
			);
		}
		return $facts;
	}

	/** @return array<string,\stdClass> */
	private static function themes(): array {
		$auto   = (array) get_site_option( 'auto_update_themes', array() );
		$active = get_stylesheet();
		$facts  = array();
		$known  = KnownUpdates::known( 'update_themes' );
		foreach ( wp_get_themes() as $stylesheet => $theme ) {
			$place = $theme->get_stylesheet_directory();
			$facts[ 'theme:' . Plain::text( (string) $stylesheet ) ] = (object) array(
				'active'       => $stylesheet === $active,
				'auto_update'  => in_array( $stylesheet, $auto, true ),
				'known'        => isset( $known[ $stylesheet ] ),
				'link'         => Updatable::is_link( $place ),
				'name'         => Plain::text( $theme->get( 'Name' ) ),
				'parent'       => $theme->get_template() === $stylesheet ? '' : Plain::text( $theme->get_template() ),
				'requires_php' => Plain::text( $theme->get( 'RequiresPHP' ) ),
				'requires_wp'  => Plain::text( $theme->get( 'RequiresWP' ) ),
				'same_device'  => Updatable::on_same_device( $place ),
				'version'      => Plain::text( $theme->get( 'Version' ) ),
			);
		}
		return $facts;
	}

	/** @return array<string,\stdClass> */
	private static function translations(): array {
		$facts = array();
		foreach ( array(
			'core'   => 'core',
			'plugin' => 'plugins',
			'theme'  => 'themes',
		) as $type => $folder ) {
			foreach ( wp_get_installed_translations( $folder ) as $slug => $locales ) {
				foreach ( $locales as $locale => $header ) {
					$key           = Plain::text( "translation:{$type}:{$slug}:{$locale}" );
					$facts[ $key ] = (object) array(
						'revised' => Plain::text( isset( $header['PO-Revision-Date'] ) ? $header['PO-Revision-Date'] : '' ),
					);
				}
			}
		}
		return $facts;
	}
}
