<?php
/**
 * A plugin with a folder of its own.
 *
 * Updated by bulk_upgrade(), which leaves it switched on: upgrade() switches it off and counts on an administrator's
 * browser to switch it on again.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class PluginComponent implements Component {

	/** Main file below the plugins' folder. */
	private string $file;

	public function __construct( string $component ) {
		$this->file = substr( $component, strlen( 'plugin:' ) );
	}

	public function file(): string {
		return $this->file;
	}

	public function name(): string {
		return 'plugin:' . $this->file;
	}

	public function installed(): ?Installed {
		clearstatcache( true );
		wp_clean_plugins_cache( false );
		foreach ( array( 'alloptions', 'active_plugins' ) as $cached ) {
			wp_cache_delete( $cached, 'options' );
		}
		$plugins = get_plugins();
		return isset( $plugins[ $this->file ] ) ? new Installed( (string) $plugins[ $this->file ]['Version'], is_plugin_active( $this->file ) ) : null;
	}

	public function before( Installed $now ): \stdClass {
		return (object) array(
			'active'  => $now->active,
			'version' => $now->version,
		);
	}

	public function offer( string $version ): ?Offer {
		$offers = Offers::fresh(
			'update_plugins',
			static function (): void {
				wp_update_plugins();
			}
		);
		$offer  = isset( $offers->response[ $this->file ] ) ? Offer::of_component( $offers->response[ $this->file ] ) : null;
		return null !== $offer && $offer->version === $version ? $offer : null;
	}

	public function is_newer( string $version, Installed $now ): bool {
		return version_compare( $version, $now->version, '>' );
	}

	public function is( string $version, Installed $now ): bool {
		return $version === $now->version;
	}

	public function live(): string {
		return Places::below_root( WP_PLUGIN_DIR ) . '/' . dirname( $this->file );
	}

	public function listing(): Listing {
		return Listing::of( WP_PLUGIN_DIR . '/' . dirname( $this->file ) );
	}

	public function holds( Listing $package ): bool {
		$folder = $package->only_folder();
		return ( '' === $folder ? $package : $package->below( $folder ) )->stands_in( $this->listing() );
	}

	public function upgrader( \WP_Upgrader_Skin $skin ): Fetching {
		return new PluginUpgrader( $skin );
	}

	/** @return mixed */
	public function upgrade( Fetching $upgrader, Offer $offer ) {
		$results = $upgrader instanceof PluginUpgrader ? $upgrader->bulk_upgrade( array( $this->file ) ) : false;
		return is_array( $results ) && isset( $results[ $this->file ] ) ? $results[ $this->file ] : false;
	}

	public function afterwards(): string {
		return '';
	}
}
