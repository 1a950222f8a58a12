<?php
/**
 * Reads a made snapshot again, part by part over several calls: only one that was read, decrypted and counted to the end protects
 * anything.
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
use Presswarden\Connector\Watch\Unpacker;

final class SnapshotCheck {

	private const START = array(
		'step'  => 0,
		'files' => Unpacker::START,
		'part'  => 0,
		'bytes' => 0,
	);

	/**
	 * One step.
	 *
	 * @throws Refusal action.snapshot_unknown, action.step, or action.snapshot while it is still being made.
	 */
	public static function step( string $id, int $seconds, int $step ): \stdClass {
		$until = microtime( true ) + $seconds;
		Snapshots::take_time( $seconds );
		return SnapshotFolder::alone(
			static function () use ( $id, $step, $until ): \stdClass {
				$manifest = SnapshotManifest::find( $id );
				if ( null === $manifest ) {
					throw Refusal::of( 'action.snapshot_unknown' );
				}
				$facts = $manifest->facts;
				if ( SnapshotManifest::MAKING === $facts['state'] ) {
					throw Snapshots::not_next( null );
				}
				$check = ( $facts['check'] ?? array() ) + self::START;
				if ( $check['step'] !== $step ) {
					throw Snapshots::not_next( $check['step'] );
				}
				try {
					$check = self::prove( SnapshotManifest::open( $id ), $check, $until );
				} catch ( PackBroken $broken ) {
					if ( ! in_array( $broken->reason, array( PackBroken::DAMAGED, PackBroken::MISSING, PackBroken::TOTALS ), true ) ) {
						throw $broken;
					}
					return self::failed( $manifest, $broken->reason );
				} catch ( Refusal $closed ) {
					return self::told( $manifest, self::START, true, false, $closed->says );
				}
				return self::went_on( $manifest, $check );
			}
		);
	}

	/**
	 * @param array<string,mixed> $check As far as it came.
	 * @return array<string,mixed>
	 */
	private static function prove( SnapshotManifest $manifest, array $check, float $until ): array {
		$facts = $manifest->facts;
		$files = $facts['files'];
		if ( $check['files']['part'] < count( $files['parts'] ) ) {
			$check['files'] = Unpacker::prove(
				$manifest->folder( SnapshotInfo::FILES ),
				$files['parts'],
				$manifest->pack_key( SnapshotInfo::FILES ),
				$manifest->pack_id( SnapshotInfo::FILES ),
				array(
					'files' => $files['files'],
					'bytes' => $files['bytes'],
				),
				$check['files'],
				$until
			);
		}
		$parts = $facts['database'] ? count( $facts['dump']['parts'] ) : 0;
		while ( $check['part'] < $parts && microtime( true ) < $until ) {
			$check['bytes'] += Dumps::here()->prove(
				$manifest->folder( SnapshotInfo::DATABASE ),
				$manifest->pack_key( SnapshotInfo::DATABASE ),
				$manifest->pack_id( SnapshotInfo::DATABASE ),
				$facts['dump'],
				$check['part']
			);
			++$check['part'];
		}
		if ( $facts['database'] && $check['part'] >= $parts && $check['bytes'] !== $facts['dump']['bytes'] ) {
			throw new PackBroken( PackBroken::TOTALS );
		}
		return $check;
	}

	/**
	 * Reads the files of one to their end.
	 *
	 * @throws PackBroken When they are not as they were written.
	 */
	public static function files( SnapshotManifest $manifest ): void {
		$files = $manifest->facts['files'];
		Unpacker::prove(
			$manifest->folder( SnapshotInfo::FILES ),
			$files['parts'],
			$manifest->pack_key( SnapshotInfo::FILES ),
			$manifest->pack_id( SnapshotInfo::FILES ),
			array(
				'files' => $files['files'],
				'bytes' => $files['bytes'],
			),
			Unpacker::START,
			INF
		);
	}

	/** @param array<string,mixed> $check As far as it came. */
	private static function went_on( SnapshotManifest $manifest, array $check ): \stdClass {
		$facts = $manifest->facts;
		$done  = $check['files']['part'] >= count( $facts['files']['parts'] ) && $check['part'] >= ( $facts['database'] ? count( $facts['dump']['parts'] ) : 0 );
		++$check['step'];
		$manifest->facts['check'] = $done ? array() : $check;
		$manifest->facts['state'] = $done ? SnapshotManifest::VERIFIED : $facts['state'];
		$manifest->save();
		if ( $done ) {
			Snapshots::prune( time() );
		}
		return self::told( $manifest, $check, $done, $done, '' );
	}

	private static function failed( SnapshotManifest $manifest, string $reason ): \stdClass {
		$manifest->facts['check'] = array();
		$manifest->facts['state'] = SnapshotManifest::DAMAGED;
		$manifest->save();
		return self::told( $manifest, self::START, true, false, SnapshotRefusal::because( $reason )->says );
	}

	/** @param array<string,mixed> $check As far as it came. */
	private static function told( SnapshotManifest $manifest, array $check, bool $done, bool $verified, string $says ): \stdClass {
		return (object) array(
			'bytes'    => $check['files']['bytes'] + $check['bytes'],
			'done'     => $done,
			'files'    => $check['files']['files'],
			'next'     => $check['step'],
			'says'     => $says,
			'snapshot' => $manifest->id,
			'verified' => $verified,
		);
	}
}
