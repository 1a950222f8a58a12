<?php
/**
 * Puts the old version of an open change back. One process does it, the others wait and find it done.
 *
 * Everything is unpacked and proved beside the live files before the first of them moves. A process that dies on the way
 * leaves the state `restoring`, and the next request begins again from the files as they were. Only files, never the
 * database, and not when the live files are no longer what the change left behind.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class TakeBack {

	private const WAIT  = 60.0;
	private const TRIES = 5;
	/** Files' times are whole seconds. */
	private const SLACK = 2;

	private Marker $marker;
	private string $folder;
	private string $stage;

	private function __construct( Marker $marker ) {
		$this->marker = $marker;
		$this->folder = Marker::folder( $marker->content );
		$this->stage  = $this->folder . '/' . self::stages( $marker->change ) . bin2hex( random_bytes( 8 ) );
	}

	/**
	 * @param bool $updater True in the process that applies the change and holds its lock.
	 * @return string State the change is in now; `applying` when its updater lives, '' when it could not be looked at.
	 */
	public static function run( string $content, string $change, string $why, bool $updater = false ): string {
		$folder = Marker::folder( $content );
		$lock   = Lock::take( $folder . '/' . Marker::RESTORE_LOCK, self::WAIT );
		if ( null === $lock ) {
			return '';
		}
		$apply = null;
		try {
			$apply  = $updater ? null : Lock::take( $folder . '/' . Marker::APPLY_LOCK, 0.0 );
			$marker = Marker::newest( $folder );
			if ( null === $marker || $marker->change !== $change || ! $marker->is_open() ) {
				return null !== $marker && $marker->change === $change ? $marker->state : '';
			}
			if ( Marker::APPLYING === $marker->state && null === $apply && ! $updater ) {
				return Marker::APPLYING;
			}
			if ( 'updater-died' === $why && Marker::APPLYING !== $marker->state ) {
				// It was seen between its last write and its end.
				return $marker->state;
			}
			function_exists( 'ignore_user_abort' ) && ignore_user_abort( true );
			function_exists( 'set_time_limit' ) && @set_time_limit( 300 ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- some hosts forbid it; a restore that is cut off goes on with the next request.
			( new self( $marker ) )->go( $why );
			return $marker->state;
		} catch ( PackBroken $unwritten ) {
			// The marker itself can't be written: a full disk. Nothing moved, and the next request tries again.
			return '';
		} finally {
			Lock::release( $apply );
			Lock::release( $lock );
		}
	}

	/**
	 * For who must not restore in its own process: the next request of the web server does it.
	 *
	 * @return string State the change is in; `applying` is noticed by itself once its updater's lock is gone.
	 */
	public static function soon( string $content, string $change, string $why ): string {
		$folder = Marker::folder( $content );
		$lock   = Lock::take( $folder . '/' . Marker::RESTORE_LOCK, self::WAIT );
		$marker = Marker::newest( $folder );
		if ( null !== $lock && null !== $marker && $marker->change === $change && Marker::CONFIRM === $marker->state ) {
			$marker->why      = $why;
			$marker->deadline = 1;
			$marker->save();
		}
		Lock::release( $lock );
		return null === $marker || $marker->change !== $change ? '' : $marker->state;
	}

	/** The door behind the database has switched the plugin back: the change is over. */
	public static function switched( Marker $seen ): void {
		$folder = Marker::folder( $seen->content );
		$lock   = Lock::take( $folder . '/' . Marker::RESTORE_LOCK, self::WAIT );
		$marker = Marker::read( $folder );
		if ( null !== $lock && null !== $marker && $marker->change === $seen->change && Marker::RESTORING === $marker->state ) {
			$marker->end( Marker::RESTORED, $marker->why, time() );
			$seen->state = Marker::RESTORED;
		}
		Lock::release( $lock );
	}

	private function go( string $why ): void {
		$marker = $this->marker;
		if ( Marker::CONFIRM === $marker->state && $this->is_superseded() ) {
			$marker->end( Marker::SUPERSEDED, $why, time() );
			return;
		}
		if ( Marker::RESTORING !== $marker->state ) {
			$marker->why = $why;
		}
		if ( Marker::APPLYING === $marker->state ) {
			// Nobody could write down what came: it died in the middle, or is told here that it failed.
			$marker->items = array_merge( $marker->items, Added::items( $marker ) );
		}
		$marker->state = Marker::RESTORING;
		// What the door behind the database undoes costs no try here: a page from a cache never gets as far as that door.
		$marker->tries += '' === $marker->undo ? 1 : 0;
		Room::free( $this->folder );
		$marker->save();
		try {
			if ( $marker->tries > self::TRIES ) {
				throw new TakeBackFailed( TakeBackFailed::TRIES );
			}
			if ( '' !== $marker->undo ) {
				// Which plugins are active stands in the database; the door behind it does that part.
				return;
			}
			$this->put_back();
			$this->ends( Marker::RESTORED, $marker->why );
		} catch ( TakeBackFailed $failed ) {
			$this->undo_half_a_swap();
			$this->ends( Marker::FAILED, $marker->why . ': ' . $failed->reason );
		} catch ( PackBroken $broken ) {
			$this->undo_half_a_swap();
			$this->ends( Marker::FAILED, $marker->why . ': snapshot ' . $broken->reason );
		}
	}

	/** What was unpacked and what was moved away goes first: it may have filled the disk, and the end has to be written down. */
	private function ends( string $state, string $why ): void {
		self::sweep( $this->folder, $this->marker->change );
		$this->marker->end( $state, $why, time() );
	}

	private function put_back(): void {
		if ( array() === $this->marker->items ) {
			throw new TakeBackFailed( TakeBackFailed::NOTHING );
		}
		$this->undo_half_a_swap();
		if ( ! mkdir( $this->stage, 0700 ) ) {
			throw new PackBroken( PackBroken::WRITE );
		}
		foreach ( $this->marker->items as $number => $item ) {
			if ( array() !== $item['parts'] ) {
				Unpacker::to(
					$this->stage . '/' . $number,
					$this->folder . '/' . $item['pack'],
					$item['parts'],
					(string) base64_decode( (string) $item['key'], true ),
					(string) base64_decode( (string) $item['id'], true ),
					array(
						'files' => $item['files'],
						'bytes' => $item['bytes'],
					)
				);
			}
		}
		$swap  = new Swap();
		$lives = array();
		foreach ( $this->marker->items as $number => $item ) {
			foreach ( $this->moves( (int) $number, $item ) as list( $live, $fresh, $trash ) ) {
				$swap->plan( $live, $fresh, $trash );
				$lives[] = $live;
			}
		}
		$old = self::php_files( $lives );
		$swap->run();
		Tree::forget_compiled( $this->end_maintenance(), ...$old, ...self::php_files( $lives ) );
	}

	/**
	 * @param array<string,mixed> $item Of the marker.
	 * @return array<int,array{0:string,1:string,2:string}> Live place, what goes there, where the present one goes.
	 */
	private function moves( int $number, array $item ): array {
		$fresh = $this->stage . '/' . $number;
		$trash = $this->stage . '/old-' . $number;
		if ( 'dir' === $item['kind'] ) {
			return array( array( $this->place( (string) $item['live'] ), $fresh, $trash ) );
		}
		mkdir( $trash, 0700 );
		if ( 'file' === $item['kind'] ) {
			$name = basename( (string) $item['live'] );
			return array( array( $this->place( (string) $item['live'] ), 0 === $item['files'] ? '' : $fresh . '/' . $name, $trash . '/' . $name ) );
		}
		$moves = array();
		foreach ( is_dir( $fresh ) ? array_diff( (array) scandir( $fresh ), array( '.', '..' ) ) : array() as $name ) {
			$moves[] = array( $this->place( ( '' === $item['live'] ? '' : $item['live'] . '/' ) . $name ), $fresh . '/' . $name, $trash . '/' . $name );
		}
		return $moves;
	}

	private function place( string $live ): string {
		return Swap::place( $this->marker->root, $this->marker->content, $live );
	}

	/**
	 * @param array<int,string> $places Files and folders.
	 * @return array<int,string>
	 */
	private static function php_files( array $places ): array {
		return array_merge( array(), ...array_map( array( Tree::class, 'php_files' ), $places ) );
	}

	/** A restore that died between its renames: what it moved away goes back first, so that all of it is done again. */
	private function undo_half_a_swap(): void {
		foreach ( (array) glob( $this->folder . '/' . self::stages( $this->marker->change ) . '*', GLOB_ONLYDIR ) as $stage ) {
			foreach ( $this->marker->items as $number => $item ) {
				$live  = $this->marker->root . ( '' === $item['live'] ? '' : '/' . $item['live'] );
				$trash = $stage . '/old-' . $number;
				if ( 'dir' === $item['kind'] ) {
					! file_exists( $live ) && is_dir( $trash ) && rename( $trash, $live );
					continue;
				}
				foreach ( is_dir( $trash ) ? array_diff( (array) scandir( $trash ), array( '.', '..' ) ) : array() as $name ) {
					$place = 'file' === $item['kind'] ? $live : $live . '/' . $name;
					file_exists( $place ) || rename( $trash . '/' . $name, $place );
				}
			}
		}
	}

	/** WordPress's own sign that an update runs: the update that left it is over. */
	private function end_maintenance(): string {
		$file = $this->marker->root . '/.maintenance';
		if ( is_file( $file ) && filemtime( $file ) >= $this->marker->opened - self::SLACK ) {
			unlink( $file );
		}
		return $file;
	}

	private function is_superseded(): bool {
		foreach ( $this->marker->after as $live => $left ) {
			if ( Tree::fingerprint( $this->marker->root . '/' . $live ) !== $left ) {
				return true;
			}
		}
		return false;
	}

	/** Takes away what a restore leaves in the folder. */
	public static function sweep( string $folder, string $change ): void {
		foreach ( (array) glob( $folder . '/' . self::stages( $change ) . '*', GLOB_ONLYDIR ) as $stage ) {
			Tree::remove( (string) $stage );
		}
	}

	private static function stages( string $change ): string {
		return 'stage-' . substr( hash( 'sha256', $change ), 0, 16 ) . '-';
	}
}
