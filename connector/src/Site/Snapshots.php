<?php
/**
 * Snapshots of components, on this site and nowhere else: made and verified in steps, listed, deleted.
 *
 * A step that dies has lost its own work only: the manifest says what is done, and the same step can be asked again. The
 * database comes first, in the call that has the time for it, then the files.
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
use Presswarden\Connector\Watch\FileList;
use Presswarden\Connector\Watch\FilePacker;
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\PartWriter;

final class Snapshots {

	/** An update may rely on one for that long. */
	private const FRESH = 86400;
	private const SHOWN = 200;

	/** @throws Refusal action.step with nothing done; action.snapshot with the reason. */
	public static function create( string $id, string $component, bool $database, int $seconds, int $step ): \stdClass {
		$until = microtime( true ) + $seconds;
		self::take_time( $seconds );
		return SnapshotFolder::alone(
			static function () use ( $id, $component, $database, $step, $until ): \stdClass {
				$manifest = SnapshotManifest::find( $id );
				try {
					$manifest = null === $manifest && 0 === $step ? self::begin( $id, $component, $database ) : SnapshotManifest::open( $id );
					$facts    = $manifest->facts;
					if ( SnapshotManifest::MAKING !== $facts['state'] || $facts['step'] !== $step ) {
						throw self::not_next( SnapshotManifest::MAKING === $facts['state'] ? $facts['step'] : null );
					}
					if ( $facts['component'] !== $component || $facts['database'] !== $database ) {
						throw Refusal::of( 'call.args' );
					}
					self::work( $manifest, $until );
				} catch ( PackBroken $broken ) {
					if ( PackBroken::WRITE === $broken->reason ) {
						// A full disk: what is there of it must not keep the site from writing.
						SnapshotFolder::remove( $id );
						$database && Dumps::here()->tidy( self::copies() );
					}
					throw SnapshotRefusal::because( $broken->reason );
				}
				return self::told( $manifest );
			}
		);
	}

	/**
	 * The verified one of that component as it is now, not older than a day.
	 *
	 * @throws Refusal With call.snapshot.
	 */
	public static function usable( string $id, string $component, int $now ): SnapshotInfo {
		$manifest = SnapshotManifest::find( $id );
		$info     = null === $manifest ? null : new SnapshotInfo( $manifest );
		// Of a version from before the present one it would be a downgrade, not a way back.
		if ( null === $info || SnapshotManifest::VERIFIED !== $info->state || $info->component !== $component || $now - $info->created > self::FRESH || SnapshotSource::version( $component ) !== $info->version ) {
			throw Refusal::of( 'call.snapshot' );
		}
		foreach ( $manifest->facts['files']['parts'] as list( $name ) ) {
			if ( ! is_file( $manifest->folder( SnapshotInfo::FILES ) . '/' . $name ) ) {
				throw Refusal::of( 'call.snapshot' );
			}
		}
		return $info;
	}

	/** @return array<int,SnapshotInfo> Newest first. */
	public static function all(): array {
		$all = array();
		foreach ( SnapshotFolder::ids() as $id ) {
			$manifest = SnapshotManifest::find( $id );
			if ( null !== $manifest ) {
				$all[] = new SnapshotInfo( $manifest );
			}
		}
		usort(
			$all,
			static function ( SnapshotInfo $one, SnapshotInfo $other ): int {
				return array( $other->began, $other->id ) <=> array( $one->began, $one->id );
			}
		);
		return $all;
	}

	public static function listed( int $now ): \stdClass {
		$all  = self::all();
		$rows = array();
		foreach ( array_slice( $all, 0, self::SHOWN ) as $info ) {
			$rows[] = $info->row();
		}
		return (object) array(
			'as_of'     => $now,
			'bytes'     => SnapshotQuota::taken( $all ),
			'limit'     => SnapshotQuota::limit( $all ),
			'snapshots' => $rows,
		);
	}

	/** @throws Refusal When there is none, or an open change needs it. */
	public static function delete( string $id ): bool {
		return SnapshotFolder::alone(
			static function () use ( $id ): bool {
				if ( ! in_array( $id, SnapshotFolder::ids(), true ) ) {
					throw Refusal::of( 'action.snapshot_unknown' );
				}
				if ( SnapshotQuota::is_needed( $id ) ) {
					throw Refusal::of( 'action.snapshot_needed' );
				}
				$gone = SnapshotFolder::remove( $id );
				Journal::add( 'snapshot.deleted', array( 'snapshot' => $id ) );
				return $gone;
			}
		);
	}

	/** Takes away those whose time is over, also while no new ones are made. */
	public static function tidy(): void {
		if ( array() === SnapshotFolder::ids() ) {
			return;
		}
		try {
			SnapshotFolder::alone(
				static function (): void {
					SnapshotStage::tidy( time() );
					self::prune( time() );
				}
			);
		} catch ( Refusal $busy ) {
			// A call is at work on them, or the folder is not ours to write; the next round tries again.
			return;
		}
	}

	/** Takes away those whose time is over, and folders that are no snapshot. */
	public static function prune( int $now ): void {
		foreach ( SnapshotFolder::ids() as $id ) {
			if ( ! is_file( SnapshotFolder::of( $id ) . '/manifest.php' ) ) {
				SnapshotFolder::remove( $id );
			}
		}
		foreach ( SnapshotQuota::outlived( self::all(), $now ) as $id ) {
			SnapshotFolder::remove( $id );
		}
	}

	/** Some hosts stop PHP after seconds of its own; the step keeps to its time by itself. */
	public static function take_time( int $seconds ): void {
		function_exists( 'ignore_user_abort' ) && ignore_user_abort( true );
		if ( function_exists( 'set_time_limit' ) ) {
			set_time_limit( $seconds + 60 );
		}
	}

	private static function begin( string $id, string $component, bool $database ): SnapshotManifest {
		if ( ! PartWriter::available() ) {
			throw SnapshotRefusal::because( 'openssl' );
		}
		$now    = time();
		$source = SnapshotSource::of( $component );
		$path   = SnapshotFolder::canary_path( $id );
		$bytes  = 0;
		self::prune( $now );
		if ( $database ) {
			Dumps::here()->tidy( self::copies() );
			$bytes += Dumps::here()->measure();
		}
		$token = bin2hex( random_bytes( 16 ) );
		SnapshotFolder::remove( $id );
		SnapshotFolder::add( $id, $database ? array( SnapshotInfo::FILES, SnapshotInfo::DATABASE ) : array( SnapshotInfo::FILES ), $token );
		try {
			$bytes += $source->is_nothing() ? 0 : FileList::write( $source->base, $source->tops, SnapshotFolder::of( $id ) . '/list.php' )['bytes'];
			foreach ( SnapshotQuota::room_for( self::all(), $bytes, $now ) as $gone ) {
				SnapshotFolder::remove( $gone );
			}
			$manifest = SnapshotManifest::begin(
				$id,
				array(
					'v'         => 1,
					'component' => $component,
					'version'   => SnapshotSource::version( $component ),
					'kind'      => $source->kind,
					'live'      => $source->live,
					'database'  => $database,
					'created'   => $now,
					'began'     => microtime( true ),
					'state'     => SnapshotManifest::MAKING,
					'step'      => 0,
					'token'     => $token,
					'canary'    => $path,
					'files'     => array( 'done' => $source->is_nothing() ) + FilePacker::START,
					'nothing'   => $source->is_nothing(),
					'dump'      => array(),
					'check'     => array(),
					// What is begun holds its room from the start: many that were begun together would fit one by one.
					'disk'      => $bytes,
				)
			);
			$manifest->save();
		} catch ( \Throwable $failed ) {
			SnapshotFolder::remove( $id );
			throw $failed;
		}
		return $manifest;
	}

	/** Goes on where the last step stopped. Only what is saved in the end counts. */
	private static function work( SnapshotManifest $manifest, float $until ): void {
		$facts = $manifest->facts;
		if ( $facts['database'] && ! ( $facts['dump']['done'] ?? false ) ) {
			$facts['dump'] = Dumps::here()->step(
				$manifest->folder( SnapshotInfo::DATABASE ),
				$manifest->pack_key( SnapshotInfo::DATABASE ),
				$manifest->pack_id( SnapshotInfo::DATABASE ),
				$facts['dump'],
				$until
			);
		}
		$files_are_next = ! $facts['database'] || $facts['dump']['done'];
		if ( $files_are_next && ! $facts['files']['done'] && ( ! $facts['database'] || microtime( true ) < $until ) ) {
			$facts['files'] = FilePacker::step(
				SnapshotSource::of( $facts['component'] )->base,
				SnapshotFolder::of( $manifest->id ) . '/list.php',
				$manifest->folder( SnapshotInfo::FILES ),
				$manifest->pack_key( SnapshotInfo::FILES ),
				$manifest->pack_id( SnapshotInfo::FILES ),
				$facts['files'],
				$until
			);
		}
		if ( $facts['files']['done'] ) {
			if ( ( 0 === $facts['files']['files'] ) !== $facts['nothing'] || SnapshotSource::version( $facts['component'] ) !== $facts['version'] ) {
				SnapshotFolder::remove( $manifest->id );
				throw new PackBroken( PackBroken::CHANGED );
			}
			$facts['state'] = SnapshotManifest::MADE;
			$facts['nothing'] || unlink( SnapshotFolder::of( $manifest->id ) . '/list.php' );
		}
		++$facts['step'];
		$taken           = SnapshotFolder::size( $manifest->id );
		$facts['disk']   = SnapshotManifest::MAKING === $facts['state'] ? max( $taken, $facts['disk'] ) : $taken;
		$manifest->facts = $facts;
		$manifest->save();
	}

	/** @return array<int,string> Copies of the database that a snapshot in the making still needs. */
	public static function copies(): array {
		$names = array();
		foreach ( self::all() as $info ) {
			if ( SnapshotManifest::MAKING === $info->state ) {
				$names[] = (string) ( SnapshotManifest::open( $info->id )->facts['dump']['copy'] ?? '' );
			}
		}
		return array_values( array_filter( $names ) );
	}

	private static function told( SnapshotManifest $manifest ): \stdClass {
		$facts = $manifest->facts;
		$dump  = $facts['dump'] + array(
			'bytes'  => 0,
			'parts'  => array(),
			'rows'   => 0,
			'tables' => 0,
		);
		return (object) array(
			'bytes'         => $facts['files']['bytes'] + $dump['bytes'],
			'canary'        => (object) array(
				'path'  => $facts['canary'],
				'token' => $facts['token'],
			),
			'done'          => SnapshotManifest::MADE === $facts['state'],
			'files'         => $facts['files']['files'],
			'next'          => $facts['step'],
			'parts'         => count( $facts['files']['parts'] ) + count( $dump['parts'] ),
			'point_in_time' => ( new SnapshotInfo( $manifest ) )->point_in_time,
			'rows'          => $dump['rows'],
			'snapshot'      => $manifest->id,
			'tables'        => $dump['tables'],
		);
	}

	/** @param int|null $next Null when there is none. */
	public static function not_next( ?int $next ): Refusal {
		return Refusal::because( 'action.step', null === $next ? 'No step is left to do; nothing was done.' : 'The next step is ' . $next . '; nothing was done.' );
	}
}
