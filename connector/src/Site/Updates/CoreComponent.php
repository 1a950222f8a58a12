<?php
/**
 * WordPress itself: its folders and root files, never wp-content and never its settings.
 *
 * The process that updates it goes on running the old code, so the new version is read as text, and the database is brought
 * up to it by a request of its own, after the files were read back.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class CoreComponent implements Component {

	public function name(): string {
		return 'core';
	}

	public function installed(): ?Installed {
		$version = self::told( '$wp_version', '\'([^\']+)\'' );
		return '' === $version ? null : new Installed( $version, true );
	}

	public function before( Installed $now ): \stdClass {
		return (object) array( 'version' => $now->version );
	}

	public function offer( string $version ): ?Offer {
		$offers = Offers::fresh(
			'update_core',
			static function (): void {
				wp_version_check( array(), true );
			}
		);
		$chosen = self::chosen( $offers, $version );
		return null === $chosen ? null : Offer::of_core( $chosen );
	}

	/**
	 * The newest offer, or that of one version; an offer to upgrade by hand before one of WordPress's own automatics, the site's language first.
	 *
	 * @param mixed $offers The transient `update_core`.
	 */
	public static function chosen( $offers, string $version = '' ): ?object {
		$found = array();
		foreach ( is_object( $offers ) && isset( $offers->updates ) ? (array) $offers->updates : array() as $offer ) {
			if ( ! is_object( $offer ) || ! isset( $offer->response, $offer->current ) || ! in_array( $offer->response, array( 'upgrade', 'autoupdate' ), true ) ) {
				continue;
			}
			if ( '' === $version ? 'upgrade' === $offer->response : $offer->current === $version ) {
				$own     = isset( $offer->locale ) && get_locale() === $offer->locale;
				$found[] = array( ( 'upgrade' === $offer->response ? 0 : 2 ) + ( $own ? 0 : 1 ), count( $found ), $offer );
			}
		}
		sort( $found );
		return array() === $found ? null : $found[0][2];
	}

	public function is_newer( string $version, Installed $now ): bool {
		return version_compare( $version, $now->version, '>' );
	}

	public function is( string $version, Installed $now ): bool {
		return $version === $now->version;
	}

	public function live(): string {
		return '';
	}

	public function listing(): Listing {
		$whole = Listing::of_several( rtrim( ABSPATH, '/' ), array_merge( array( 'wp-admin', 'wp-includes' ), self::root_files() ) );
		return $whole;
	}

	/** @return array<int,string> Names of WordPress's own files beside its folders. */
	private static function root_files(): array {
		$names = array();
		foreach ( array_diff( (array) scandir( ABSPATH ), array( '.', '..', 'wp-config.php', false ) ) as $name ) {
			$is_own = 'index.php' === $name || 'xmlrpc.php' === $name || 'license.txt' === $name || 'readme.html' === $name || 1 === preg_match( '/\Awp-[a-z0-9-]+\.php\z/', $name );
			if ( $is_own && is_file( ABSPATH . $name ) ) {
				$names[] = $name;
			}
		}
		return $names;
	}

	public function holds( Listing $package ): bool {
		$files = $package->below( 'wordpress' )->without( 'wp-content' );
		return $files->count() > 0 && $files->stands_in( $this->listing() );
	}

	public function upgrader( \WP_Upgrader_Skin $skin ): Fetching {
		return new CoreUpgrader( $skin );
	}

	/** @return mixed */
	public function upgrade( Fetching $upgrader, Offer $offer ) {
		if ( ! defined( 'CORE_UPGRADE_SKIP_NEW_BUNDLED' ) ) {
			// New themes and plugins that a version brings along are no part of any plan.
			define( 'CORE_UPGRADE_SKIP_NEW_BUNDLED', true );
		}
		return $upgrader instanceof CoreUpgrader ? $upgrader->upgrade( $offer->raw, array( 'pre_check_md5' => false ) ) : false;
	}

	public function afterwards(): string {
		if ( self::database_is_new() ) {
			return '';
		}
		CoreDatabase::let_through();
		wp_remote_post( CoreDatabase::address(), array( 'timeout' => 30 ) );
		return self::database_is_new() ? '' : 'The database is upgraded at the next visit to the dashboard: this site could not ask itself.';
	}

	private static function database_is_new(): bool {
		wp_cache_delete( 'alloptions', 'options' );
		wp_cache_delete( 'db_version', 'options' );
		return (string) get_option( 'db_version' ) === self::told( '$wp_db_version', '(\d+)' );
	}

	private static function told( string $variable, string $value ): string {
		$text = (string) file_get_contents( ABSPATH . WPINC . '/version.php' );
		return 1 === preg_match( '/^\s*(?:<\?php\s*)?' . preg_quote( $variable, '/' ) . '\s*=\s*' . $value . '\s*;/m', $text, $found ) ? $found[1] : '';
	}
}
