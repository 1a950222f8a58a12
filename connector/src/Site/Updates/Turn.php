<?php
/**
 * This site's turn to be updated: WordPress's own automatic updates wait meanwhile, and nothing of the upgraders stays behind.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\OpenChange;

final class Turn {

	/** WordPress's lock of its automatic updates. One left by a process that died is taken over after so many seconds. */
	private const LOCK  = 'auto_updater';
	private const STALE = 900;
	/** Opening a change takes no longer than that. */
	private const OPENING = 120;

	private static bool $taken = false;

	private function __construct() {}

	/** @throws Refusal With action.change_open while WordPress updates something by itself. */
	public static function take(): self {
		self::free_from_the_dead();
		if ( ! \WP_Upgrader::create_lock( self::LOCK, self::STALE ) ) {
			throw Refusal::because( 'action.change_open', 'WordPress is updating something by itself just now.' );
		}
		self::$taken = true;
		register_shutdown_function( array( self::class, 'cut_off' ) );
		return new self();
	}

	/** The lock of an update of ours that was killed: taken just before a change was opened that is over now. */
	private static function free_from_the_dead(): void {
		$locked = (int) get_option( self::LOCK . '.lock' );
		$last   = OpenChange::facts();
		$over   = null !== $last && ! in_array( $last->state, array( 'applying', 'confirm', 'restoring' ), true );
		if ( $over && $locked <= $last->opened && $last->opened - $locked <= self::OPENING ) {
			\WP_Upgrader::release_lock( self::LOCK );
		}
	}

	public function end(): void {
		self::clear();
		\WP_Upgrader::release_lock( self::LOCK );
		self::$taken = false;
	}

	/** Some code ended the request in the middle of the update. */
	public static function cut_off(): void {
		if ( self::$taken ) {
			( new self() )->end();
		}
	}

	/** No maintenance and no lock of core's upgrader outlives its run. */
	public static function clear(): void {
		self::end_maintenance();
		\WP_Upgrader::release_lock( 'core_updater' );
	}

	public static function end_maintenance(): bool {
		clearstatcache();
		$file = ABSPATH . '.maintenance';
		return is_file( $file ) && unlink( $file );
	}
}
