<?php
/**
 * Puts staged files in the place of live ones: two renames each, all or none.
 *
 * Between the two renames of one folder it is gone for some microseconds. A refused rename puts back what was moved before.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Swap {

	/** @var array<int,array{0:string,1:string,2:string}> Live place, what goes there, where the present one goes. */
	private array $moves = array();

	/**
	 * The live place of a path below the root.
	 *
	 * @throws TakeBackFailed When no change may touch it.
	 */
	public static function place( string $root, string $content, string $live ): string {
		$is_below = 1 !== preg_match( '#(^|/)\.{0,2}(/|$)|[\x00-\x1f\\\\]#', $live );
		$full     = $root . '/' . $live;
		$ours     = array( Marker::folder( $content ), $content . '/presswarden-state', $content . '/mu-plugins/presswarden-watchdog' );
		if ( ! $is_below || in_array( $full, array( $content, $root . '/wp-config.php', $root . '/.htaccess' ), true ) ) {
			throw new TakeBackFailed( TakeBackFailed::PATH );
		}
		foreach ( $ours as $folder ) {
			if ( 0 === strpos( $full . '/', $folder . '/' ) ) {
				throw new TakeBackFailed( TakeBackFailed::PATH );
			}
		}
		return $full;
	}

	/**
	 * @param string $fresh '' takes the live one away and puts nothing there.
	 * @throws TakeBackFailed When it could not be swapped; nothing was moved.
	 */
	public function plan( string $live, string $fresh, string $trash ): void {
		clearstatcache();
		if ( is_link( $live ) ) {
			throw new TakeBackFailed( TakeBackFailed::LINK );
		}
		foreach ( array( $live, dirname( $live ) ) as $place ) {
			if ( file_exists( $place ) && stat( $place )['dev'] !== stat( dirname( $trash ) )['dev'] ) {
				throw new TakeBackFailed( TakeBackFailed::DEVICE );
			}
		}
		if ( ! is_dir( dirname( $live ) ) ) {
			throw new TakeBackFailed( TakeBackFailed::PATH );
		}
		$this->moves[] = array( $live, $fresh, $trash );
	}

	/** @throws TakeBackFailed When a rename was refused; everything is where it was. */
	public function run(): void {
		$done = array();
		foreach ( $this->moves as list( $live, $fresh, $trash ) ) {
			clearstatcache();
			if ( is_dir( $live ) && is_dir( $fresh ) ) {
				chmod( $fresh, fileperms( $live ) & 0777 );
			}
			if ( ( file_exists( $live ) && ! self::move( $live, $trash, $done ) ) || ( '' !== $fresh && ! self::move( $fresh, $live, $done ) ) ) {
				foreach ( array_reverse( $done ) as list( $from, $to ) ) {
					rename( $to, $from );
				}
				throw new TakeBackFailed( TakeBackFailed::RENAME );
			}
		}
	}

	/** @param array<int,array{0:string,1:string}> $done Grows by what was moved. */
	private static function move( string $from, string $to, array &$done ): bool {
		if ( ! @rename( $from, $to ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is the answer.
			return false;
		}
		$done[] = array( $from, $to );
		return true;
	}
}
