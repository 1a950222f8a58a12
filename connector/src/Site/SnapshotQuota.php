<?php
/**
 * Which snapshots stay: the last three of a component, no older than 14 days, all together no more than 2 GB or a fifth of the
 * free disk. What an open change needs stays in any case.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Watch\Marker;

final class SnapshotQuota {

	public const DAY = 86400;

	private const LAST  = 3;
	private const DAYS  = 14;
	private const MOST  = 2147483648;
	private const SHARE = 5;
	/** Small ones take files and time to look through too. */
	private const COUNT = 200;
	/** Left on the disk for the site itself. */
	private const SPARE = 67108864;

	/** @param array<int,SnapshotInfo> $kept Snapshots that are there. */
	public static function limit( array $kept ): int {
		$free = self::free();
		return null === $free ? self::MOST : (int) min( self::MOST, ( $free + self::taken( $kept ) ) / self::SHARE );
	}

	/** @param array<int,SnapshotInfo> $kept Snapshots that are there. */
	public static function taken( array $kept ): int {
		$bytes = 0;
		foreach ( $kept as $info ) {
			$bytes += $info->bytes;
		}
		return $bytes;
	}

	/** True while a change is open that could not be taken back without it. */
	public static function is_needed( string $id ): bool {
		$marker = Marker::read( Storage::snapshots() );
		if ( null === $marker || ! $marker->is_open() ) {
			return false;
		}
		foreach ( $marker->items as $item ) {
			if ( 0 === strpos( (string) $item['pack'], $id . '/' ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Those whose time is over.
	 *
	 * @param array<int,SnapshotInfo> $kept Newest first.
	 * @return array<int,string> Ids.
	 */
	public static function outlived( array $kept, int $now ): array {
		$gone = array();
		$seen = array();
		foreach ( $kept as $info ) {
			$counts                   = SnapshotManifest::VERIFIED === $info->state;
			$seen[ $info->component ] = ( $seen[ $info->component ] ?? 0 ) + ( $counts ? 1 : 0 );
			$too_many                 = $seen[ $info->component ] > self::LAST || ( SnapshotManifest::MADE === $info->state && $seen[ $info->component ] >= self::LAST );
			// One that was never finished or never verified is of no use to anybody a day later. For one that can't be read a person may still have the key.
			$too_old = $now - $info->created > ( $counts || SnapshotManifest::UNREADABLE === $info->state ? self::DAYS * self::DAY : self::DAY );
			if ( ( $too_many || $too_old ) && ! self::is_needed( $info->id ) ) {
				$gone[] = $info->id;
			}
		}
		return $gone;
	}

	/**
	 * Those that must go, oldest first, so that one more fits. Not those of the last day: a plan may rely on them by now.
	 *
	 * @param array<int,SnapshotInfo> $kept  Newest first.
	 * @param int                     $bytes It will take.
	 * @return array<int,string> Ids.
	 * @throws Refusal When it would not fit even then; nothing is to be removed for it.
	 */
	public static function room_for( array $kept, int $bytes, int $now ): array {
		$free = self::free();
		if ( null !== $free && $free < $bytes + self::SPARE ) {
			throw SnapshotRefusal::because( 'disk' );
		}
		if ( count( $kept ) >= self::COUNT ) {
			throw SnapshotRefusal::because( 'quota' );
		}
		$limit = self::limit( $kept );
		$taken = self::taken( $kept );
		$gone  = array();
		foreach ( array_reverse( $kept ) as $info ) {
			if ( $taken + $bytes > $limit && $now - $info->created > self::DAY && ! self::is_needed( $info->id ) ) {
				$taken -= $info->bytes;
				$gone[] = $info->id;
			}
		}
		if ( $taken + $bytes > $limit ) {
			throw SnapshotRefusal::because( 'quota' );
		}
		return $gone;
	}

	/** Null where the host does not say. It is a hint: a quota of the account may be lower, and then writing fails. */
	private static function free(): ?int {
		$free = function_exists( 'disk_free_space' ) ? @disk_free_space( is_dir( Storage::snapshots() ) ? Storage::snapshots() : WP_CONTENT_DIR ) : false; // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- some hosts forbid it with a warning.
		return false === $free ? null : (int) $free;
	}
}
