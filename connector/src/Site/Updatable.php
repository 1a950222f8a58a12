<?php
/**
 * Why a component of this site can't be updated, before anything is touched (N20).
 *
 * Each reason is one word of wire.md. A place is judged as it is now: another process may change it in the next second, and the
 * upgrader's own failure is told then.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\Updates\Component;
use Presswarden\Connector\Site\Updates\CoreComponent;
use Presswarden\Connector\Site\Updates\Listing;
use Presswarden\Connector\Site\Updates\PluginComponent;
use Presswarden\Connector\Site\Updates\TranslationComponent;

final class Updatable {

	/**
	 * @param bool $signed Whether only a signed release can come of it, which alone may replace the connector.
	 * @throws Refusal With action.files and the reason's word.
	 */
	public static function check( Component $component, bool $signed = false ): void {
		$reason = self::is_own( $component->name() ) && ! $signed ? 'own' : self::reason( $component );
		if ( '' !== $reason ) {
			throw Refusal::because( 'action.files', $reason );
		}
	}

	private static function reason( Component $component ): string {
		if ( $component instanceof PluginComponent && false === strpos( $component->file(), '/' ) ) {
			// It lies among other plugins, and WordPress would put a folder of another name in its place.
			return 'single_file';
		}
		$is_language = $component instanceof TranslationComponent;
		if ( ! wp_is_file_mod_allowed( $is_language ? 'can_install_language_pack' : 'capability_update_core' ) ) {
			return 'file_mods';
		}
		$live = rtrim( ABSPATH . $component->live(), '/' );
		$all  = $component->listing();
		// Core is copied over what stands there: through a link it would change another site.
		if ( self::is_link( $live ) || ( $component instanceof CoreComponent && '' !== $all->link ) ) {
			return 'link';
		}
		if ( ! self::on_same_device( $live ) ) {
			return 'other_device';
		}
		if ( '' !== $all->unwritable || ! self::can_be_replaced( $live, $is_language ) ) {
			return 'not_writable';
		}
		require_once ABSPATH . 'wp-admin/includes/file.php';
		foreach ( array( WP_CONTENT_DIR, is_dir( $live ) ? $live : dirname( $live ) ) as $folder ) {
			if ( 'direct' !== get_filesystem_method( array(), $folder ) ) {
				return 'not_direct';
			}
		}
		return self::has_room( $all ) ? '' : 'disk';
	}

	/** The connector itself takes only packages of its own release key (N14). */
	public static function is_own( string $component ): bool {
		return 'plugin:' . plugin_basename( dirname( __DIR__, 2 ) . '/presswarden-connector.php' ) === $component;
	}

	/** True when the component is a link, or reached through one below WordPress's folder. */
	public static function is_link( string $path ): bool {
		$root = rtrim( ABSPATH, '/' );
		while ( 0 === strpos( $path, $root . '/' ) ) {
			if ( is_link( $path ) ) {
				return true;
			}
			$path = dirname( $path );
		}
		return false;
	}

	/** What is put aside and put back moves by rename, and that ends at the edge of a file system. */
	public static function on_same_device( string $path ): bool {
		while ( ! file_exists( $path ) && strlen( $path ) > 1 ) {
			$path = dirname( $path );
		}
		$here  = @stat( WP_CONTENT_DIR ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a host may forbid it; then the rename itself tells.
		$there = @stat( $path ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- as above.
		return false === $here || false === $there || $here['dev'] === $there['dev'];
	}

	private static function can_be_replaced( string $live, bool $is_language ): bool {
		if ( $is_language ) {
			// The folder comes with the first language pack.
			$live = is_dir( $live ) ? $live : WP_CONTENT_DIR;
			return wp_is_writable( $live );
		}
		$parent = rtrim( ABSPATH, '/' ) === $live ? $live : dirname( $live );
		return wp_is_writable( $live ) && wp_is_writable( $parent ) && wp_is_writable( WP_CONTENT_DIR );
	}

	/** Twice what stands there: the new version beside the old one, and the way back. */
	private static function has_room( Listing $all ): bool {
		$free = function_exists( 'disk_free_space' ) ? @disk_free_space( WP_CONTENT_DIR ) : false; // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- some hosts forbid it; the upgrader tells then.
		return false === $free || $free >= 2 * $all->bytes();
	}
}
