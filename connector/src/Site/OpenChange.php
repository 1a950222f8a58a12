<?php
/**
 * The one change of this site between its first touched file and the word that it is good.
 *
 * Opened by an update, held by a lock while files move, then left to the watchdog: whoever calls it good closes it, else it is
 * taken back. Nothing here touches the database but the option that says an update of WordPress runs.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Watch\Added;
use Presswarden\Connector\Watch\Evidence;
use Presswarden\Connector\Watch\Flight;
use Presswarden\Connector\Watch\Lock;
use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\Room;
use Presswarden\Connector\Watch\TakeBack;

final class OpenChange {

	public const ACTIVATE   = 'activate';
	public const DEACTIVATE = 'deactivate';

	private const WAIT        = 60.0;
	private const SHOWN       = 10;
	private const LOOK_BEFORE = 5;

	private Marker $marker;
	/** @var resource|null Held while files move. */
	private $lock;

	/** @param resource|null $lock The lock of who applies it. */
	private function __construct( Marker $marker, $lock ) {
		$this->marker = $marker;
		$this->lock   = $lock;
	}

	/**
	 * @param string $was  Version before.
	 * @param string $undo What undoes it where no file changes: ACTIVATE, DEACTIVATE or ''.
	 * @throws Refusal action.change_open while another one is open; action.files when this site can't be watched.
	 */
	public static function begin( string $change, string $component, ?SnapshotInfo $snapshot, string $was, string $undo = '' ): self {
		$folder = Storage::snapshots();
		if ( ! Watchdog::arm() ) {
			throw Refusal::because( 'action.files', 'not_writable: the watchdog can not be put in place, so nothing could take a bad change back.' );
		}
		$lock = Lock::take( $folder . '/' . Marker::APPLY_LOCK, 0.0 );
		if ( null === $lock ) {
			throw Refusal::of( 'action.change_open' );
		}
		$rest = Lock::take( $folder . '/' . Marker::RESTORE_LOCK, self::WAIT );
		try {
			Marker::settle( $folder );
			$there = Marker::read( $folder );
			if ( null === $rest || ( null !== $there && $there->is_of( WP_CONTENT_DIR ) ) ) {
				throw Refusal::of( 'action.change_open' );
			}
			self::settled();
			Evidence::forget( $folder );
			Flight::forget( $folder );
			$marker = Opening::marker( $change, $component, $snapshot, $was, $undo );
			// Before anything moves: what the owner of the site could not read later does not begin.
			self::journal( 'change.opened', $change, $component, $was );
			$marker->save();
			try {
				Room::hold( $folder, $marker->items );
			} catch ( PackBroken $full ) {
				$marker->forget();
				throw $full;
			}
			Lock::release( $rest );
			self::look_before( $marker->baseline );
			return new self( $marker, $lock );
		} catch ( PackBroken $broken ) {
			Lock::release( $lock );
			throw Refusal::because( 'action.files', 'disk: there is no room for the way back.' );
		} catch ( \Throwable $refused ) {
			Lock::release( $lock );
			throw $refused;
		} finally {
			Lock::release( $rest );
		}
	}

	/**
	 * The open change of that id, for a call that came after the one that opened it.
	 *
	 * @throws Refusal action.change_state when it is not open any more.
	 */
	public static function named( string $change ): self {
		$marker = Marker::newest( Storage::snapshots() );
		if ( null === $marker || $marker->change !== $change || ! $marker->is_open() || ! $marker->is_of( WP_CONTENT_DIR ) ) {
			throw self::not_open( null === $marker || $marker->change !== $change ? 'unknown' : $marker->state );
		}
		return new self( $marker, null );
	}

	/**
	 * The files are in place: from here on somebody has to call it good.
	 *
	 * @param string $live     Folder or file of the component, full or below ABSPATH.
	 * @param int    $deadline Unix time.
	 * @throws PackBroken When it could not be written; the change stays `applying` and is taken back.
	 */
	public function confirm( string $live, int $deadline ): void {
		$this->marker->live     = Opening::below_root( $live );
		$this->marker->deadline = $deadline;
		$this->marker->state    = Marker::CONFIRM;
		$this->marker->after    = Opening::fingerprints( $this->marker );
		$this->marker->items    = array_merge( $this->marker->items, Added::items( $this->marker ) );
		$this->marker->save();
		$this->release();
	}

	/** Nothing was touched: as if it had never been opened. */
	public function abandon(): void {
		$folder = Storage::snapshots();
		$rest   = Lock::take( $folder . '/' . Marker::RESTORE_LOCK, self::WAIT );
		$there  = Marker::read( $folder );
		if ( null !== $there && $there->change === $this->marker->change && Marker::APPLYING === $there->state ) {
			$there->forget();
		}
		Lock::release( $rest );
		$this->release();
	}

	/**
	 * Restores now, in this process. From a command line the next visitor's request does it: only a web server can clear its own opcode cache.
	 *
	 * @return string State the change is in.
	 */
	public function take_back( string $why ): string {
		$updater = null !== $this->lock;
		$state   = 'cli' === PHP_SAPI
			? TakeBack::soon( WP_CONTENT_DIR, $this->marker->change, $why )
			: TakeBack::run( WP_CONTENT_DIR, $this->marker->change, $why, $updater );
		$this->release();
		if ( Marker::RESTORING === $state && '' !== $this->marker->undo && 'cli' !== PHP_SAPI ) {
			$state = $this->switch_back();
		}
		self::settled();
		return $state;
	}

	/** @throws Refusal action.change_state unless it waits for exactly this word. */
	public static function close( string $change ): void {
		$folder = Storage::snapshots();
		$lock   = Lock::take( $folder . '/' . Marker::RESTORE_LOCK, self::WAIT );
		try {
			$marker = Marker::newest( $folder );
			if ( null === $lock || null === $marker || $marker->change !== $change || Marker::CONFIRM !== $marker->state ) {
				throw self::not_open( null === $marker || $marker->change !== $change ? 'unknown' : $marker->state );
			}
			self::journal( 'change.closed', $change, $marker->component, $marker->was );
			$marker->end( Marker::CLOSED, '', time() );
			Evidence::forget( $folder );
			Flight::forget( $folder );
		} finally {
			Lock::release( $lock );
		}
	}

	/** The newest change, also after its end; never a key of it. */
	public static function facts(): ?\stdClass {
		$marker = Marker::newest( Storage::snapshots() );
		if ( null === $marker ) {
			return null;
		}
		return (object) array(
			'component' => Plain::text( $marker->component ),
			'deadline'  => $marker->deadline,
			'id'        => $marker->change,
			'opened'    => $marker->opened,
			'state'     => $marker->state,
			'why'       => Plain::text( $marker->why ),
		);
	}

	/**
	 * Where fatal errors happened, newest first; never what they said.
	 *
	 * @return array<int,\stdClass>
	 */
	public static function fatals(): array {
		$root = wp_normalize_path( ABSPATH );
		$real = wp_normalize_path( (string) realpath( ABSPATH ) . '/' );
		$rows = array();
		foreach ( array_slice( Evidence::fatals( Storage::snapshots() ), 0, self::SHOWN ) as $row ) {
			$file = basename( $row['file'] );
			foreach ( array( $root, $real ) as $base ) {
				$file = 0 === strpos( $row['file'], $base ) ? substr( $row['file'], strlen( $base ) ) : $file;
			}
			$rows[] = (object) array(
				'at'   => $row['at'],
				'file' => Plain::text( $file ),
				'line' => $row['line'],
				'type' => $row['type'],
			);
		}
		return $rows;
	}

	/** A pinned key changed: an open change must know the new one, or nobody could take it back by a call. */
	public static function keys_changed( Record $record ): void {
		$folder = Storage::snapshots();
		$lock   = is_file( $folder . '/' . Marker::OPEN_FILE ) ? Lock::take( $folder . '/' . Marker::RESTORE_LOCK, self::WAIT ) : null;
		$marker = null === $lock ? null : Marker::read( $folder );
		if ( null !== $marker && $marker->is_open() && $marker->installation === $record->installation ) {
			Opening::give_keys( $marker, $record );
			$marker->save();
		}
		Lock::release( $lock );
	}

	/** After WordPress itself was taken back: the lock of the update that died would keep the next one out for a quarter of an hour. */
	public static function settled(): void {
		$marker = Marker::newest( Storage::snapshots() );
		if ( null !== $marker && 'core' === $marker->component && Marker::RESTORED === $marker->state && false !== get_option( 'core_updater.lock' ) ) {
			$locked = (int) get_option( 'core_updater.lock' );
			if ( $locked <= $marker->ended ) {
				delete_option( 'core_updater.lock' );
			}
		}
	}

	/** Looks at its own home page once, before anything is touched: what that shows now says nothing about the change later. */
	private static function look_before( string $token ): void {
		$asked = wp_remote_get(
			add_query_arg( 'presswarden', bin2hex( random_bytes( 8 ) ), home_url( '/' ) ),
			array(
				'timeout'     => self::LOOK_BEFORE,
				'redirection' => 0,
				'sslverify'   => false,
				'headers'     => array( 'X-Presswarden-Baseline' => $token ),
			)
		);
		unset( $asked );
	}

	private function switch_back(): string {
		$plugin = substr( $this->marker->component, strlen( 'plugin:' ) );
		require_once ABSPATH . 'wp-admin/includes/plugin.php';
		if ( self::DEACTIVATE === $this->marker->undo ) {
			deactivate_plugins( $plugin, true );
		} else {
			activate_plugin( $plugin, '', false, true );
		}
		TakeBack::switched( $this->marker );
		return $this->marker->state;
	}

	/** Read by the owner of this site, who need not ask the control plane. */
	private static function journal( string $what, string $change, string $component, string $was ): void {
		Journal::add(
			$what,
			array(
				'change'    => $change,
				'component' => Plain::text( $component ),
				'was'       => Plain::text( $was ),
			)
		);
	}

	private function release(): void {
		Lock::release( $this->lock );
		$this->lock = null;
	}

	private static function not_open( string $state ): Refusal {
		return Refusal::because( 'action.change_state', $state . ': ' . Refusal::TABLE['action.change_state'][1] );
	}

}
