<?php
/**
 * Which files a component is made of, and how they are put back: a whole folder, one file, or entries one by one.
 *
 * Only components that WordPress itself lists have one, so no path is ever taken from a message. Core is wp-admin, wp-includes
 * and the files of the root that WordPress ships; never wp-config.php, .htaccess or wp-content.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Watch\Added;

final class SnapshotSource {

	public const DIR  = 'dir';
	public const FILE = 'file';
	public const EACH = 'each';

	private const CORE = array(
		'wp-admin',
		'wp-includes',
		'index.php',
		'license.txt',
		'readme.html',
		'wp-activate.php',
		'wp-blog-header.php',
		'wp-comments-post.php',
		'wp-config-sample.php',
		'wp-cron.php',
		'wp-links-opml.php',
		'wp-load.php',
		'wp-login.php',
		'wp-mail.php',
		'wp-settings.php',
		'wp-signup.php',
		'wp-trackback.php',
		'xmlrpc.php',
	);

	/** @readonly One of the constants. */
	public string $kind;
	/** @readonly Below ABSPATH; '' for the root itself. */
	public string $live;
	/** @readonly Folder that the names below are in. */
	public string $base;
	/**
	 * Names in it that count; none means all.
	 *
	 * @readonly
	 * @var array<int,string>
	 */
	public array $tops;
	/** @readonly Of a translation: how its files are named, as a pattern; else ''. */
	public string $pattern;

	/** @param array<int,string> $tops Names that count. */
	private function __construct( string $kind, string $live, string $base, array $tops, string $pattern = '' ) {
		foreach ( array() === $tops ? array( $base ) : $tops as $top ) {
			if ( is_link( array() === $tops ? $base : $base . '/' . $top ) ) {
				throw SnapshotRefusal::because( 'link' );
			}
		}
		$this->kind = $kind;
		$this->live = self::below_root( $live );
		$this->base = $base;
		$this->tops = $tops;

		$this->pattern = $pattern;
	}

	/** True for a language pack that is yet to come: taking it back takes its files away. */
	public function is_nothing(): bool {
		return '' !== $this->pattern && array() === $this->tops;
	}

	/** @throws Refusal When there is no such component, or not in a place where it could be put back. */
	public static function of( string $component ): self {
		list( $kind, $name ) = explode( ':', $component, 2 ) + array( '', '' );
		if ( 'core' === $component ) {
			$root = untrailingslashit( ABSPATH );
			return new self( self::EACH, $root, $root, array_values( array_filter( self::CORE, array( self::class, 'is_in_root' ) ) ) );
		}
		if ( '' === self::version( $component ) && ! self::exists( $kind, $name ) && ! ( 'translation' === $kind && self::is_offered( $name ) ) ) {
			throw SnapshotRefusal::because( 'component' );
		}
		if ( 'plugin' === $kind ) {
			$folder = strstr( $name, '/', true );
			return false === $folder
				? new self( self::FILE, WP_PLUGIN_DIR . '/' . $name, WP_PLUGIN_DIR, array( $name ) )
				: new self( self::DIR, WP_PLUGIN_DIR . '/' . $folder, WP_PLUGIN_DIR . '/' . $folder, array() );
		}
		if ( 'theme' === $kind ) {
			$folder = wp_get_theme( $name )->get_stylesheet_directory();
			return new self( self::DIR, $folder, $folder, array() );
		}
		return self::translation( $name );
	}

	/** What the component says its version is; '' when it says nothing or is not there. */
	public static function version( string $component ): string {
		list( $kind, $name ) = explode( ':', $component, 2 ) + array( '', '' );
		if ( 'core' === $component ) {
			return Plain::text( self::core_version() );
		}
		if ( ! self::exists( $kind, $name ) ) {
			return '';
		}
		if ( 'plugin' === $kind ) {
			return Plain::text( (string) get_plugin_data( WP_PLUGIN_DIR . '/' . $name, false, false )['Version'] );
		}
		if ( 'theme' === $kind ) {
			return Plain::text( (string) wp_get_theme( $name )->get( 'Version' ) );
		}
		list( $type, $slug, $locale ) = explode( ':', $name, 3 );
		$header = wp_get_installed_translations( 'core' === $type ? 'core' : $type . 's' )[ $slug ][ $locale ];
		return Plain::text( isset( $header['PO-Revision-Date'] ) ? (string) $header['PO-Revision-Date'] : '' );
	}

	public static function is_active( string $component ): bool {
		list( $kind, $name ) = explode( ':', $component, 2 ) + array( '', '' );
		if ( 'plugin' === $kind ) {
			require_once ABSPATH . 'wp-admin/includes/plugin.php';
			return is_plugin_active( $name );
		}
		return 'theme' === $kind ? in_array( $name, array( get_stylesheet(), get_template() ), true ) : true;
	}

	private static function exists( string $kind, string $name ): bool {
		require_once ABSPATH . 'wp-admin/includes/plugin.php';
		switch ( $kind ) {
			case 'plugin':
				wp_cache_delete( 'plugins', 'plugins' );
				return isset( get_plugins()[ $name ] );
			case 'theme':
				wp_clean_themes_cache( false );
				return isset( wp_get_themes()[ $name ] );
			case 'translation':
				list( $type, $slug, $locale ) = explode( ':', $name, 3 ) + array( '', '', '' );
				return in_array( $type, array( 'core', 'plugin', 'theme' ), true )
					&& isset( wp_get_installed_translations( 'core' === $type ? 'core' : $type . 's' )[ $slug ][ $locale ] );
		}
		return false;
	}

	private static function is_offered( string $name ): bool {
		list( $type, $slug, $locale ) = explode( ':', $name, 3 ) + array( '', '', '' );
		foreach ( wp_get_translation_updates() as $offer ) {
			$offer = (array) $offer;
			if ( array( $type, $slug, $locale ) === array( $offer['type'] ?? '', $offer['slug'] ?? 'default', $offer['language'] ?? '' ) ) {
				return true;
			}
		}
		return false;
	}

	/** Language files of one component in one language. A pack of core's brings those of the dashboard along. */
	private static function translation( string $name ): self {
		list( $type, $slug, $locale ) = explode( ':', $name, 3 );
		$folder = 'core' === $type ? WP_LANG_DIR : WP_LANG_DIR . '/' . $type . 's';
		$stem   = 'core' === $type ? '(?:(?:admin|admin-network|continents-cities)-)?' : preg_quote( $slug, '/' ) . '-';
		$named  = '/\A' . $stem . preg_quote( $locale, '/' ) . '(?:-[0-9a-f]{32}\.json|\.po|\.mo|\.l10n\.php)\z/';
		return new self( self::EACH, $folder, $folder, Added::names( $folder, $named ), $named );
	}

	/** From the file and not from memory: the running process may be of the version before. */
	private static function core_version(): string {
		$text = (string) file_get_contents( ABSPATH . WPINC . '/version.php' );
		return 1 === preg_match( '/(?:^|[;\s])\$wp_version\s*=\s*\'([^\']+)\';/', $text, $found ) ? $found[1] : '';
	}

	private static function is_in_root( string $name ): bool {
		return file_exists( ABSPATH . $name );
	}

	private static function below_root( string $full ): string {
		$full = wp_normalize_path( $full );
		$root = untrailingslashit( wp_normalize_path( ABSPATH ) );
		if ( $full !== $root && 0 !== strpos( $full, $root . '/' ) ) {
			throw SnapshotRefusal::because( 'place' );
		}
		return (string) substr( $full, strlen( $root ) + 1 );
	}
}
