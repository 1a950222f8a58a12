<?php
/**
 * A package of the connector, proved to be a release before anything of it is unpacked, and once more where it was unpacked to.
 *
 * The second look holds for every update by WordPress's own upgrader, whoever asked for it, and leaves nothing to two readers of
 * one zip. Limits: who can write files on the site can replace the connector without WordPress; that is the owner's own right.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\Release;
use Presswarden\Connector\Core\ReleaseKey;
use Presswarden\Connector\Site\Keys;
use Presswarden\Connector\Site\Updatable;

use const Presswarden\Connector\CLASS_FILES;
use const Presswarden\Connector\VERSION;

final class ReleasePackage {

	/** The folder that every package of it has at its top. */
	private const TOP = 'presswarden-connector/';

	/** @throws Refusal With action.release unless the zip is the signed release of that version. */
	public static function must_be( string $zip, string $version ): void {
		if ( self::version( self::below_top( self::of_zip( $zip ) ) ) !== $version ) {
			throw Refusal::because( 'action.release', 'The package is a signed release of another version; nothing was unpacked.' );
		}
	}

	/**
	 * Filter `upgrader_source_selection`: where a package was unpacked to, before it takes the place of the old one.
	 *
	 * @param mixed $source   Folder, or an error.
	 * @param mixed $remote   Unused.
	 * @param mixed $upgrader Unused.
	 * @param mixed $extra    What is updated.
	 * @return mixed
	 */
	public static function selected( $source, $remote = '', $upgrader = null, $extra = array() ) {
		$plugin = is_array( $extra ) && isset( $extra['plugin'] ) && is_string( $extra['plugin'] ) ? $extra['plugin'] : '';
		if ( ! is_string( $source ) || ! Updatable::is_own( 'plugin:' . $plugin ) || array() === ReleaseKey::KEYS ) {
			return $source;
		}
		try {
			$version = self::version( self::of_folder( untrailingslashit( $source ) ) );
		} catch ( Refusal $refusal ) {
			return new \WP_Error( 'presswarden_release', __( 'This is no release of the connector that its release key signed. The old one stays.', 'presswarden-connector' ) );
		}
		if ( version_compare( $version, VERSION, '<' ) ) {
			return new \WP_Error( 'presswarden_release', __( 'This release of the connector is older than the one that is installed. The old one stays.', 'presswarden-connector' ) );
		}
		return $source;
	}

	/** Every class into memory: from here on other files lie where this version's did. */
	public static function stand_alone(): void {
		foreach ( array_keys( CLASS_FILES ) as $name ) {
			class_exists( $name );
		}
	}

	/** @param array<string,string> $found Hash by path; of the list and its signature the text itself. */
	private static function version( array $found ): string {
		Keys::load_library();
		$text      = $found[ Release::FILES ] ?? '';
		$signature = $found[ Release::SIGNATURE ] ?? '';
		unset( $found[ Release::FILES ], $found[ Release::SIGNATURE ] );
		return Release::version( $found, $text, $signature, ReleaseKey::KEYS );
	}

	/** @return array<string,string> By name in the zip, as the reader sees it that WordPress will unpack it with. */
	private static function of_zip( string $zip ): array {
		return class_exists( \ZipArchive::class, false ) && apply_filters( 'unzip_file_use_ziparchive', true ) ? self::by_extension( $zip ) : self::by_wordpress( $zip );
	}

	/** @return array<string,string> */
	private static function by_extension( string $zip ): array {
		$archive = new \ZipArchive();
		if ( true !== $archive->open( $zip, \ZipArchive::CHECKCONS ) ) {
			throw Refusal::of( 'action.release' );
		}
		$found = array();
		$bytes = 0;
		for ( $at = 0; $at < $archive->numFiles; $at++ ) { // phpcs:ignore WordPress.NamingConventions.ValidVariableName -- the extension's own name.
			$about  = $archive->statIndex( $at );
			$bytes += false === $about ? 0 : (int) $about['size'];
			if ( false === $about || $at > Release::MOST_FILES || $bytes > Release::MOST_BYTES ) {
				throw Refusal::of( 'action.release' );
			}
			self::add( $found, (string) $about['name'], (string) $archive->getFromIndex( $at ) );
		}
		$archive->close();
		return $found;
	}

	/** @return array<string,string> */
	private static function by_wordpress( string $zip ): array {
		require_once ABSPATH . 'wp-admin/includes/class-pclzip.php';
		mbstring_binary_safe_encoding();
		$archive = new \PclZip( $zip );
		$listed  = $archive->listContent();
		$listed  = is_array( $listed ) ? $listed : array();
		$found   = array();
		if ( array() === $listed || count( $listed ) > Release::MOST_FILES || array_sum( array_column( $listed, 'size' ) ) > Release::MOST_BYTES ) {
			reset_mbstring_encoding();
			throw Refusal::of( 'action.release' );
		}
		$read = $archive->extractByIndex( '0-' . ( count( $listed ) - 1 ), PCLZIP_OPT_EXTRACT_AS_STRING );
		reset_mbstring_encoding();
		foreach ( is_array( $read ) ? $read : array() as $entry ) {
			self::add( $found, (string) $entry['filename'] . ( $entry['folder'] && '/' !== substr( (string) $entry['filename'], -1 ) ? '/' : '' ), (string) $entry['content'] );
		}
		return $found;
	}

	/** @return array<string,string> */
	private static function of_folder( string $folder ): array {
		$listing = Listing::of( $folder );
		if ( '' !== $listing->link || $listing->count() > Release::MOST_FILES || $listing->bytes() > Release::MOST_BYTES ) {
			throw Refusal::of( 'action.release' );
		}
		$found = array();
		foreach ( array_keys( $listing->files ) as $path ) {
			self::add( $found, ltrim( (string) $path, '/' ), (string) file_get_contents( $folder . $path ) );
		}
		return $found;
	}

	/** @param array<string,string> $found Grows by one. */
	private static function add( array &$found, string $name, string $text ): void {
		if ( '/' === substr( $name, -1 ) ) {
			return;
		}
		if ( isset( $found[ $name ] ) ) {
			// Which of the two would be unpacked is anybody's guess.
			throw Refusal::of( 'action.release' );
		}
		$kept           = in_array( basename( $name ), array( Release::FILES, Release::SIGNATURE ), true );
		$found[ $name ] = $kept ? $text : hash( 'sha256', $text );
	}

	/**
	 * @param array<string,string> $found By name in the zip.
	 * @return array<string,string> By path below the plugin's folder.
	 */
	private static function below_top( array $found ): array {
		$below = array();
		foreach ( $found as $name => $held ) {
			if ( 0 !== strpos( (string) $name, self::TOP ) ) {
				throw Refusal::of( 'action.release' );
			}
			$below[ substr( (string) $name, strlen( self::TOP ) ) ] = $held;
		}
		return $below;
	}
}
