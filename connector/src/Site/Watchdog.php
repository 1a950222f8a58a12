<?php
/**
 * Puts the watchdog's files where WordPress runs them first, keeps them right, and takes them away.
 *
 * They work without the connector and beside any version of it, under a namespace of their own: while a new release of the connector
 * waits for its word, the copies are those of the release before. A file of somebody else is never overwritten: where another
 * plugin has the first door, the second one does.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\Tree;

final class Watchdog {

	public const DROPIN = 'fatal-error-handler.php';
	public const MU     = '0-presswarden-watchdog.php';
	public const FOLDER = 'presswarden-watchdog';

	/** From src/Watch; load.php of the doors names the same. */
	private const CLASSES = array(
		'Added.php',
		'Evidence.php',
		'FileList.php',
		'Flight.php',
		'Guard.php',
		'Lock.php',
		'Marker.php',
		'PackBroken.php',
		'PartReader.php',
		'PartWriter.php',
		'Rescue.php',
		'Room.php',
		'Swap.php',
		'TakeBack.php',
		'TakeBackFailed.php',
		'Tree.php',
		'Unpacker.php',
		'Watch.php',
	);
	private const BESIDE  = array( 'load.php', 'prepend.php', 'stages.php' );
	/** How a file of ours is known, whatever version wrote it. */
	private const OURS = 'Presswarden watchdog';

	/** Puts everything in place and repairs what is not as it should be; true when a door stands. */
	public static function arm(): bool {
		if ( ! self::folder_of( Storage::snapshots() ) ) {
			return false;
		}
		foreach ( self::folders() as $folder ) {
			if ( ! self::folder_of( $folder ) || ! self::put_all( $folder ) ) {
				return false;
			}
		}
		foreach ( array(
			self::DROPIN => WP_CONTENT_DIR,
			self::MU     => WPMU_PLUGIN_DIR,
		) as $name => $place ) {
			if ( ! file_exists( $place . '/' . $name ) || self::is_ours( $place . '/' . $name ) ) {
				self::put( self::door( $name ), $place . '/' . $name );
			}
		}
		return self::facts()['armed'];
	}

	/** While this site is paired: after an update of the connector, or when somebody took a file away. */
	public static function repair(): void {
		if ( Record::PAIRED === Flags::state() && ! self::is_held() && ! self::is_whole() ) {
			self::arm();
		}
	}

	/** At the end of a pairing. A change that is still open keeps its watch: nobody called it good. */
	public static function disarm(): void {
		$open = Marker::read( Storage::snapshots() );
		if ( null === $open || ! $open->is_open() ) {
			self::remove();
		}
	}

	/** Takes everything away, whatever is open. */
	public static function remove(): void {
		self::keep_watching();
		$open  = Marker::read( Storage::snapshots() );
		$files = array_merge( array( WP_CONTENT_DIR . '/' . self::DROPIN, WPMU_PLUGIN_DIR . '/' . self::MU ), (array) glob( ABSPATH . 'presswarden-*.php' ) );
		if ( null !== $open && '' !== $open->rescue ) {
			$files[] = $open->rescue;
		}
		$gone = array_filter( $files, array( self::class, 'is_ours' ) );
		foreach ( $gone as $file ) {
			unlink( $file );
		}
		foreach ( self::folders() as $folder ) {
			if ( is_dir( $folder ) && ! is_link( $folder ) ) {
				$gone = array_merge( $gone, Tree::php_files( $folder ) );
				Tree::remove( $folder );
			}
		}
		Tree::forget_compiled( ...array_values( $gone ) );
	}

	/** Where a change is open, this very request is watched to its end: by classes that are in memory before their files go. */
	private static function keep_watching(): void {
		foreach ( class_exists( 'Presswarden\\Watchdog\\Watch', false ) ? self::CLASSES : array() as $name ) {
			class_exists( 'Presswarden\\Watchdog\\' . basename( $name, '.php' ) );
		}
	}

	/** @return array{armed:bool,door:string} The door is the first that works: dropin, mu, or none. */
	public static function facts(): array {
		$door = '';
		foreach ( self::folders() as $folder ) {
			if ( ! is_file( $folder . '/load.php' ) ) {
				return array(
					'armed' => false,
					'door'  => '',
				);
			}
		}
		$held = self::is_held();
		if ( self::stands( self::MU, WPMU_PLUGIN_DIR . '/' . self::MU, $held ) ) {
			$door = 'mu';
		}
		if ( self::stands( self::DROPIN, WP_CONTENT_DIR . '/' . self::DROPIN, $held ) && wp_is_fatal_error_handler_enabled() ) {
			$door = 'dropin';
		}
		return array(
			'armed' => '' !== $door && ( $held || self::is_whole() ),
			'door'  => $door,
		);
	}

	/**
	 * Makes the rescue file of a core change and says where.
	 *
	 * @return string Full path, '' when the web root can't be written.
	 */
	public static function make_rescue( string $name ): string {
		$home  = untrailingslashit( ABSPATH );
		$below = 0 === strpos( site_url(), home_url() . '/' ) ? substr( site_url(), strlen( home_url() ) ) : '';
		if ( '' !== $below && substr( $home, -strlen( $below ) ) === $below ) {
			// WordPress in a folder of its own: the address begins one above.
			$home = substr( $home, 0, -strlen( $below ) );
		}
		$text = self::text( dirname( __DIR__, 2 ) . '/doors/rescue.php' );
		$text = str_replace( "'CONTENT'", "'" . addcslashes( WP_CONTENT_DIR, "'\\" ) . "'", $text );
		return self::write( $home . '/' . $name, $text ) ? $home . '/' . $name : '';
	}

	/** While a new release of the connector waits for its word, the watchdog of the version before watches over it, untouched. */
	private static function is_held(): bool {
		$open = Marker::read( Storage::snapshots() );
		return null !== $open && $open->is_open() && Updatable::is_own( $open->component );
	}

	private static function stands( string $name, string $file, bool $held ): bool {
		return $held ? self::is_ours( $file ) : self::is_same( $name, $file );
	}

	private static function is_whole(): bool {
		foreach ( self::folders() as $folder ) {
			foreach ( self::sources() as $name => $source ) {
				if ( ! self::is_copy( $source, $folder . '/' . $name ) ) {
					return false;
				}
			}
		}
		return self::is_same( self::MU, WPMU_PLUGIN_DIR . '/' . self::MU );
	}

	private static function put_all( string $folder ): bool {
		foreach ( self::sources() as $name => $source ) {
			if ( ! self::put( $source, $folder . '/' . $name ) ) {
				return false;
			}
		}
		return true;
	}

	/** @return array<string,string> Full path of the source by name. */
	private static function sources(): array {
		$found = array();
		foreach ( self::CLASSES as $name ) {
			$found[ $name ] = dirname( __DIR__ ) . '/Watch/' . $name;
		}
		foreach ( self::BESIDE as $name ) {
			$found[ $name ] = dirname( __DIR__, 2 ) . '/doors/' . $name;
		}
		return $found;
	}

	/**
	 * The first door looks below the content folder; the second in its own, which may be elsewhere.
	 *
	 * @return array<int,string>
	 */
	private static function folders(): array {
		return array_values( array_unique( array( WP_CONTENT_DIR . '/mu-plugins/' . self::FOLDER, WPMU_PLUGIN_DIR . '/' . self::FOLDER ) ) );
	}

	private static function folder_of( string $folder ): bool {
		return ! is_link( $folder ) && ( is_dir( $folder ) || wp_mkdir_p( $folder ) );
	}

	/** False when it can't be written. */
	private static function put( string $source, string $target ): bool {
		return self::is_copy( $source, $target ) || ( ! is_link( $target ) && self::write( $target, self::text( $source ) ) );
	}

	private static function is_copy( string $source, string $target ): bool {
		return is_file( $target ) && file_get_contents( $target ) === self::text( $source );
	}

	/** As it stands where it is put. */
	private static function text( string $source ): string {
		return str_replace(
			array( 'Presswarden\\Connector\\Watch', 'Presswarden\\\\Connector\\\\Watch' ),
			array( 'Presswarden\\Watchdog', 'Presswarden\\\\Watchdog' ),
			(string) file_get_contents( $source )
		);
	}

	private static function write( string $target, string $text ): bool {
		$fresh = $target . '.' . bin2hex( random_bytes( 6 ) );
		if ( strlen( $text ) !== @file_put_contents( $fresh, $text ) || ! @rename( $fresh, $target ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is the answer; health tells it.
			is_file( $fresh ) && unlink( $fresh );
			return false;
		}
		Tree::forget_compiled( $target );
		return true;
	}

	/** WordPress asks for a name of its own; here it has one that says what it is. */
	private static function door( string $name ): string {
		return dirname( __DIR__, 2 ) . '/doors/' . ( self::DROPIN === $name ? 'dropin.php' : $name );
	}

	private static function is_same( string $name, string $file ): bool {
		return self::is_copy( self::door( $name ), $file );
	}

	private static function is_ours( string $file ): bool {
		return is_file( $file ) && ! is_link( $file ) && false !== strpos( (string) file_get_contents( $file, false, null, 0, 4096 ), self::OURS );
	}
}
