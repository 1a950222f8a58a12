<?php
/**
 * The language pack of one plugin, theme or of WordPress. Its version is the time of its last revision, in UTC.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class TranslationComponent implements Component {

	private const FOLDERS = array(
		'core'   => '',
		'plugin' => '/plugins',
		'theme'  => '/themes',
	);

	private string $type;
	private string $slug;
	private string $locale;

	public function __construct( string $component ) {
		list( , $this->type, $this->slug, $this->locale ) = explode( ':', $component );
	}

	public function name(): string {
		return "translation:{$this->type}:{$this->slug}:{$this->locale}";
	}

	/** One that is not there yet has no version; it may come, and be taken away again. */
	public function installed(): ?Installed {
		clearstatcache( true );
		return new Installed( $this->revised(), true );
	}

	public function before( Installed $now ): \stdClass {
		return (object) array( 'revised' => $now->version );
	}

	public function offer( string $version ): ?Offer {
		$offers = 'core' === $this->type ? Offers::fresh(
			'update_core',
			static function (): void {
				wp_version_check( array(), true );
			}
		) : ( 'plugin' === $this->type ? Offers::fresh(
			'update_plugins',
			static function (): void {
				wp_update_plugins();
			}
		) : Offers::fresh(
			'update_themes',
			static function (): void {
				wp_update_themes();
			}
		) );
		foreach ( isset( $offers->translations ) ? (array) $offers->translations : array() as $kept ) {
			$kept = (array) $kept;
			$slug = isset( $kept['slug'] ) ? $kept['slug'] : 'default';
			if ( isset( $kept['language'], $kept['updated'] ) && $slug === $this->slug && $kept['language'] === $this->locale && $kept['updated'] === $version ) {
				return Offer::of_translation( array( 'type' => $this->type ) + $kept );
			}
		}
		return null;
	}

	public function is_newer( string $version, Installed $now ): bool {
		return '' === $now->version || strtotime( $version ) > strtotime( $now->version );
	}

	/** The pack's own header and the offer write the same time in two ways. */
	public function is( string $version, Installed $now ): bool {
		return '' !== $now->version && strtotime( $version ) === strtotime( $now->version );
	}

	public function live(): string {
		return Places::below_root( WP_LANG_DIR ) . self::FOLDERS[ $this->type ];
	}

	public function listing(): Listing {
		$names = array();
		foreach ( is_dir( $this->folder() ) ? (array) scandir( $this->folder() ) : array() as $name ) {
			if ( 1 === preg_match( '/\A' . preg_quote( $this->stem(), '/' ) . '(?:\.|-[0-9a-f]{32}\.json\z)/', (string) $name ) ) {
				$names[] = (string) $name;
			}
		}
		return Listing::of_several( $this->folder(), $names );
	}

	public function holds( Listing $package ): bool {
		return $package->count() > 0 && $package->stands_in( Listing::of_several( $this->folder(), array_map( static fn( $path ): string => ltrim( (string) $path, '/' ), array_keys( $package->files ) ) ) );
	}

	public function upgrader( \WP_Upgrader_Skin $skin ): Fetching {
		return new TranslationUpgrader( $skin );
	}

	/** @return mixed */
	public function upgrade( Fetching $upgrader, Offer $offer ) {
		$results = $upgrader instanceof TranslationUpgrader ? $upgrader->bulk_upgrade( array( $offer->raw ) ) : false;
		return is_array( $results ) && isset( $results[0] ) ? $results[0] : false;
	}

	public function afterwards(): string {
		return '';
	}

	private function folder(): string {
		return WP_LANG_DIR . self::FOLDERS[ $this->type ];
	}

	private function stem(): string {
		return 'core' === $this->type && 'default' === $this->slug ? $this->locale : $this->slug . '-' . $this->locale;
	}

	/** As the inventory says it: of the .po, or of the PHP form where there is no .po. */
	private function revised(): string {
		$stem = $this->folder() . '/' . $this->stem();
		if ( is_file( $stem . '.po' ) && is_file( $stem . '.mo' ) ) {
			$header = wp_get_pomo_file_data( $stem . '.po' );
		} elseif ( is_file( $stem . '.l10n.php' ) && ! is_file( $stem . '.po' ) && function_exists( 'wp_get_l10n_php_file_data' ) ) {
			$header = wp_get_l10n_php_file_data( $stem . '.l10n.php' );
		}
		return isset( $header['PO-Revision-Date'] ) ? (string) $header['PO-Revision-Date'] : '';
	}
}
