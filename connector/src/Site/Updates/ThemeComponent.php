<?php
/**
 * A theme.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class ThemeComponent implements Component {

	/** Folder below its themes' folder. */
	private string $stylesheet;

	public function __construct( string $component ) {
		$this->stylesheet = substr( $component, strlen( 'theme:' ) );
	}

	public function name(): string {
		return 'theme:' . $this->stylesheet;
	}

	public function installed(): ?Installed {
		clearstatcache( true );
		wp_clean_themes_cache( false );
		foreach ( array( 'alloptions', 'stylesheet' ) as $cached ) {
			wp_cache_delete( $cached, 'options' );
		}
		$themes = wp_get_themes();
		return isset( $themes[ $this->stylesheet ] ) ? new Installed( (string) $themes[ $this->stylesheet ]->get( 'Version' ), get_option( 'stylesheet' ) === $this->stylesheet ) : null;
	}

	public function before( Installed $now ): \stdClass {
		return (object) array(
			'active'  => $now->active,
			'version' => $now->version,
		);
	}

	public function offer( string $version ): ?Offer {
		$offers = Offers::fresh(
			'update_themes',
			static function (): void {
				wp_update_themes();
			}
		);
		$offer  = isset( $offers->response[ $this->stylesheet ] ) ? Offer::of_component( $offers->response[ $this->stylesheet ] ) : null;
		return null !== $offer && $offer->version === $version ? $offer : null;
	}

	public function is_newer( string $version, Installed $now ): bool {
		return version_compare( $version, $now->version, '>' );
	}

	public function is( string $version, Installed $now ): bool {
		return $version === $now->version;
	}

	public function live(): string {
		return Places::below_root( get_theme_root( $this->stylesheet ) ) . '/' . $this->stylesheet;
	}

	public function listing(): Listing {
		return Listing::of( get_theme_root( $this->stylesheet ) . '/' . $this->stylesheet );
	}

	public function holds( Listing $package ): bool {
		$folder = $package->only_folder();
		return ( '' === $folder ? $package : $package->below( $folder ) )->stands_in( $this->listing() );
	}

	public function upgrader( \WP_Upgrader_Skin $skin ): Fetching {
		return new ThemeUpgrader( $skin );
	}

	/** @return mixed */
	public function upgrade( Fetching $upgrader, Offer $offer ) {
		$results = $upgrader instanceof ThemeUpgrader ? $upgrader->bulk_upgrade( array( $this->stylesheet ) ) : false;
		return is_array( $results ) && isset( $results[ $this->stylesheet ] ) ? $results[ $this->stylesheet ] : false;
	}

	public function afterwards(): string {
		return '';
	}
}
