<?php
/**
 * This site's turn to be updated: WordPress's own automatic updates wait meanwhile, and nothing of the upgraders stays behind.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

final class Turn {

	/** WordPress's lock of its automatic updates. One left by a process that died is taken over after so many seconds. */
	private const LOCK  = 'auto_updater';
	private const STALE = 900;
	/** Seconds after the start of its request in which an update opens its change or never does: later the caller has taken it for dead. */
	private const TOO_LATE = 120;

	private static bool $taken = false;

	private function __construct() {}

	/**
	 * @param string $change    That is about to be opened.
	 * @param string $component Of it.
	 * @throws Refusal With action.change_open while WordPress updates something by itself; action.before when it is too late.
	 */
	public static function take( string $change, string $component ): self {
		$begun = isset( $_SERVER['REQUEST_TIME'] ) ? (int) $_SERVER['REQUEST_TIME'] : 0;
		if ( time() - $begun > self::TOO_LATE ) {
			throw Refusal::because( 'action.before', 'This site took longer than two minutes to come so far; nothing was touched.' );
		}
		Remains::take_away();
		if ( ! \WP_Upgrader::create_lock( self::LOCK, self::STALE ) ) {
			throw Refusal::because( 'action.change_open', 'WordPress is updating something by itself just now.' );
		}
		self::$taken = true;
		register_shutdown_function( array( self::class, 'cut_off' ) );
		Remains::may_be_left( $change, $component, (int) get_option( self::LOCK . '.lock' ) );
		return new self();
	}

	/** In this process. */
	public static function is_taken(): bool {
		return self::$taken;
	}

	/** The lock of an update of ours that was killed, if it is that one still. */
	public static function free( int $locked ): void {
		if ( 0 !== $locked && (int) get_option( self::LOCK . '.lock' ) === $locked ) {
			delete_option( self::LOCK . '.lock' );
		}
	}

	public function end(): void {
		self::clear();
		\WP_Upgrader::release_lock( self::LOCK );
		Remains::end();
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
