<?php
/**
 * The folder of snapshots: made, listed and emptied here and nowhere else.
 *
 * Every file in it ends in .php and begins with the guard. There is no .htaccess: a server that shows the files of this folder
 * would show that one too, and the canary is what tells.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Watch\Guard;
use Presswarden\Connector\Watch\PackBroken;

final class SnapshotFolder {

	private const CANARY = 'canary.php';

	public static function of( string $id ): string {
		return Storage::snapshots() . '/' . $id;
	}

	/** @throws Refusal When it can't be made. */
	public static function make(): void {
		$folder = Storage::snapshots();
		if ( is_link( $folder ) || ( ! is_dir( $folder ) && ! wp_mkdir_p( $folder ) ) || ! is_writable( $folder ) ) {
			throw SnapshotRefusal::because( 'folder' );
		}
		try {
			is_file( $folder . '/index.php' ) || Guard::replace( $folder . '/index.php', '' );
		} catch ( PackBroken $broken ) {
			throw SnapshotRefusal::because( 'folder' );
		}
	}

	/**
	 * A folder for one snapshot, with the packs' folders in it.
	 *
	 * @param array<int,string> $packs Names.
	 * @throws PackBroken When it can't be made.
	 */
	public static function add( string $id, array $packs, string $token ): void {
		foreach ( array_merge( array( '' ), $packs ) as $pack ) {
			$folder = rtrim( self::of( $id ) . '/' . $pack, '/' );
			if ( ! is_dir( $folder ) && ! @mkdir( $folder, 0755 ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown, the path must not reach a log.
				throw new PackBroken( PackBroken::WRITE );
			}
			Guard::replace( $folder . '/index.php', '' );
		}
		Guard::replace( self::of( $id ) . '/' . self::CANARY, $token );
	}

	/**
	 * Where the canary stands below the home address. A content folder that is served from elsewhere is tried where it lies.
	 *
	 * @throws Refusal When it is not below the home address at all: nobody could test whether the folder is shut.
	 */
	public static function canary_path( string $id ): string {
		$home = (string) preg_replace( '#\Ahttps?:#i', '', trailingslashit( home_url() ) );
		foreach ( array( content_url(), site_url( substr( WP_CONTENT_DIR, strlen( ABSPATH ) ) ) ) as $content ) {
			$full = (string) preg_replace( '#\Ahttps?:#i', '', $content ) . '/' . Storage::SNAPSHOT_FOLDER . '/' . $id . '/' . self::CANARY;
			if ( 0 === strpos( $full, $home ) ) {
				return substr( $full, strlen( $home ) );
			}
		}
		throw SnapshotRefusal::because( 'address' );
	}

	/** @return array<int,string> Ids. */
	public static function ids(): array {
		$names = is_dir( Storage::snapshots() ) ? scandir( Storage::snapshots() ) : false;
		return array_values( array_filter( false === $names ? array() : $names, array( SnapshotManifest::class, 'is_id' ) ) );
	}

	/** What a snapshot takes on the disk. */
	public static function size( string $id ): int {
		$bytes = 0;
		foreach ( self::files( self::of( $id ) ) as $file ) {
			$bytes += (int) filesize( $file );
		}
		return $bytes;
	}

	/** False when something of it is still there. The manifest goes first: what is half deleted is no snapshot. */
	public static function remove( string $id ): bool {
		if ( ! SnapshotManifest::is_id( $id ) ) {
			return false;
		}
		$manifest = self::of( $id ) . '/manifest.php';
		is_file( $manifest ) && unlink( $manifest );
		return Storage::remove_tree( self::of( $id ) );
	}

	/**
	 * Runs one call's work while no other call works on snapshots.
	 *
	 * @return mixed What it gives back.
	 * @throws Refusal When another one is at work.
	 */
	public static function alone( \Closure $work ) {
		self::make();
		$open = fopen( Storage::snapshots() . '/work.lock.php', 'c+b' );
		if ( false === $open || ! flock( $open, LOCK_EX | LOCK_NB ) ) {
			throw SnapshotRefusal::because( 'busy' );
		}
		try {
			if ( 0 === fstat( $open )['size'] ) {
				fwrite( $open, Guard::LINE );
			}
			return $work();
		} catch ( PackBroken $broken ) {
			throw SnapshotRefusal::because( $broken->reason );
		} finally {
			fclose( $open );
		}
	}

	/** @return \Generator<int,string> Full paths of files. */
	private static function files( string $folder ): \Generator {
		foreach ( is_dir( $folder ) && ! is_link( $folder ) ? (array) scandir( $folder ) : array() as $name ) {
			$full = $folder . '/' . $name;
			if ( '.' === $name || '..' === $name ) {
				continue;
			}
			if ( is_dir( $full ) ) {
				yield from self::files( $full );
			} else {
				yield $full;
			}
		}
	}
}
