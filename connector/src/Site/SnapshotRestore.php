<?php
/**
 * Puts a snapshot back: the files of a component, or the tables of the database. Never both, and never by itself.
 *
 * Files go back by the watchdog's own way, as a change that is taken back: proved beside the live ones first, and finished by the
 * next request if this process dies. What a restore of the database takes away is counted before it happens.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\Database\Dumps;
use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\PackBroken;

final class SnapshotRestore {

	private const WHY = 'asked';

	/** The longest a restore of a database may take; who asked may long be gone then. */
	private const SECONDS = 600;

	/**
	 * Takes an open change back.
	 *
	 * @throws Refusal action.change_state when it is not open; action.half when it could not be.
	 */
	public static function change( string $change, string $snapshot ): \stdClass {
		$open   = OpenChange::named( $change );
		$marker = Marker::newest( Storage::snapshots() );
		if ( null === $marker || ( array() !== $marker->items && ! SnapshotQuota::is_needed( $snapshot ) ) ) {
			throw Refusal::of( 'call.args' );
		}
		$files = (int) array_sum( array_column( $marker->items, 'files' ) );
		self::must_be_restored( $open->take_back( self::WHY ) );
		Journal::add( 'change.taken_back', array( 'change' => $change ) );
		// Files take nothing of it away. Whoever thinks of putting the tables back too has to know what that would cost.
		return self::told( $marker->component, 'files', $files, 0, Lost::since( $marker->opened ) );
	}

	/**
	 * The files of a kept snapshot, whatever stands there now.
	 *
	 * @throws Refusal action.change_open while a change is open; action.snapshot when it can't be put back.
	 */
	public static function files( string $snapshot, string $call ): \stdClass {
		Snapshots::take_time( self::SECONDS );
		$info = self::verified( $snapshot );
		if ( Updatable::is_own( $info->component ) ) {
			// An older connector knows fewer attacks; only its own releases replace it (N14).
			throw Refusal::because( 'action.files', 'own' );
		}
		if ( 0 === $info->files ) {
			throw SnapshotRefusal::because( 'nothing' );
		}
		try {
			SnapshotCheck::files( SnapshotManifest::open( $snapshot ) );
		} catch ( PackBroken $broken ) {
			throw SnapshotRefusal::because( $broken->reason );
		}
		$open = OpenChange::begin( $call, $info->component, $info, SnapshotSource::version( $info->component ) );
		self::must_be_restored( $open->take_back( self::WHY ) );
		Journal::add( 'snapshot.restored', array( 'snapshot' => $snapshot ) );
		return self::told( $info->component, 'files', $info->files, 0, new Lost() );
	}

	/** @throws Refusal action.snapshot with the reason; nothing was changed then. */
	public static function database( string $snapshot ): \stdClass {
		Snapshots::take_time( self::SECONDS );
		return SnapshotFolder::alone(
			static function () use ( $snapshot ): \stdClass {
				$info     = self::with_database( $snapshot );
				$manifest = SnapshotManifest::open( $snapshot );
				$staged   = SnapshotStage::taken( $manifest );
				$lost     = Lost::since( $info->created );
				$ours     = Ours::remembered();
				try {
					$tables = Dumps::here()->restore(
						$manifest->folder( SnapshotInfo::DATABASE ),
						$manifest->pack_key( SnapshotInfo::DATABASE ),
						$manifest->pack_id( SnapshotInfo::DATABASE ),
						$manifest->facts['dump'],
						$staged
					);
				} catch ( PackBroken $broken ) {
					throw SnapshotRefusal::because( $broken->reason );
				}
				$ours->put_back();
				Journal::add( 'snapshot.database_restored', array( 'snapshot' => $snapshot ) );
				return self::told( $info->component, 'database', 0, count( $tables ), $lost );
			}
		);
	}

	/** @throws Refusal action.snapshot where it was not verified or holds no database. */
	public static function with_database( string $snapshot ): SnapshotInfo {
		$info = self::verified( $snapshot );
		if ( ! $info->database ) {
			throw SnapshotRefusal::because( 'no_database' );
		}
		return $info;
	}

	private static function verified( string $snapshot ): SnapshotInfo {
		$info = new SnapshotInfo( SnapshotManifest::open( $snapshot ) );
		if ( SnapshotManifest::VERIFIED !== $info->state ) {
			throw SnapshotRefusal::because( 'unverified' );
		}
		return $info;
	}

	private static function must_be_restored( string $state ): void {
		if ( Marker::RESTORED === $state ) {
			return;
		}
		if ( Marker::FAILED === $state ) {
			throw Refusal::of( 'action.half' );
		}
		if ( '' === $state ) {
			throw Refusal::of( 'action.failed' );
		}
		throw Refusal::because( 'action.change_state', $state . ': ' . Refusal::TABLE['action.change_state'][1] );
	}

	private static function told( string $component, string $scope, int $files, int $tables, Lost $lost ): \stdClass {
		return (object) array(
			'active'      => SnapshotSource::is_active( $component ),
			'component'   => $component,
			'files'       => $files,
			'lost'        => $lost->counts(),
			'maintenance' => '',
			'scope'       => $scope,
			'state'       => Marker::RESTORED,
			'tables'      => $tables,
			'version'     => SnapshotSource::version( $component ),
		);
	}
}
