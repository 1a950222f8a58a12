<?php
/**
 * Lays the tables of a snapshot beside the live ones, over as many calls as that takes: the restore itself is one short call then.
 *
 * Nothing that is live is touched. A step that died has left nobody knows what, so it is begun anew; what nobody came back for
 * within an hour goes.
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
use Presswarden\Connector\Watch\PackBroken;

final class SnapshotStage {

	private const KEPT = 3600;

	/**
	 * One step; step 0 begins anew.
	 *
	 * @throws Refusal action.step with nothing done; action.snapshot with the reason.
	 */
	public static function step( string $id, int $seconds, int $step ): \stdClass {
		$until = microtime( true ) + $seconds;
		Snapshots::take_time( $seconds );
		return SnapshotFolder::alone(
			static function () use ( $id, $step, $until ): \stdClass {
				SnapshotRestore::with_database( $id );
				$manifest = SnapshotManifest::open( $id );
				$before   = $manifest->facts['stage'] ?? array();
				if ( 0 !== $step && ( $before['next'] ?? 0 ) !== $step ) {
					throw Snapshots::not_next( $before['next'] ?? 0 );
				}
				if ( 0 === $step ) {
					Dumps::here()->tidy( Snapshots::copies() );
				}
				try {
					// Without a cursor while it is at work: should it die, all of it is begun anew.
					self::note( $manifest, array( 'at' => time() ) );
					$cursor = Dumps::here()->stage(
						$manifest->folder( SnapshotInfo::DATABASE ),
						$manifest->pack_key( SnapshotInfo::DATABASE ),
						$manifest->pack_id( SnapshotInfo::DATABASE ),
						$manifest->facts['dump'],
						0 === $step ? array() : $before['cursor'],
						$until
					);
					self::note( $manifest, array( 'next' => $step + 1, 'cursor' => $cursor, 'at' => time() ) );
				} catch ( PackBroken $broken ) {
					Dumps::here()->tidy( Snapshots::copies() );
					self::note( $manifest, array() );
					throw SnapshotRefusal::because( $broken->reason );
				}
				return (object) array(
					'done'     => $cursor['done'],
					'next'     => $step + 1,
					'parts'    => $cursor['part'],
					'snapshot' => $id,
				);
			}
		);
	}

	/**
	 * What lies ready, for the restore that uses it up.
	 *
	 * @return array<string,mixed> Empty where nothing does.
	 */
	public static function taken( SnapshotManifest $manifest ): array {
		$stage = $manifest->facts['stage'] ?? array();
		if ( array() === $stage ) {
			return array();
		}
		isset( $stage['cursor'] ) || Dumps::here()->tidy( Snapshots::copies() );
		try {
			self::note( $manifest, array() );
		} catch ( PackBroken $broken ) {
			throw SnapshotRefusal::because( $broken->reason );
		}
		return $stage['cursor'] ?? array();
	}

	/** Takes away what nobody came back for. While no other snapshot call is at work. */
	public static function tidy( int $now ): void {
		foreach ( SnapshotFolder::ids() as $id ) {
			$manifest = SnapshotManifest::find( $id );
			$stage    = null === $manifest ? array() : ( $manifest->facts['stage'] ?? array() );
			if ( isset( $stage['at'] ) && $now - $stage['at'] > self::KEPT ) {
				Dumps::here()->tidy( Snapshots::copies() );
				self::note( $manifest, array() );
			}
		}
	}

	/** @param array<string,mixed> $stage Empty when nothing lies ready. */
	private static function note( SnapshotManifest $manifest, array $stage ): void {
		$manifest->facts['stage'] = $stage;
		$manifest->save();
	}
}
