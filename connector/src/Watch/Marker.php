<?php
/**
 * The one open change of this site, as a file: what was touched, how it is taken back, until when somebody must call it good.
 *
 * Read as data, never included. Replaced as a whole and ended by a rename, so a reader sees one state or the next. While the
 * change is open it holds the keys of its snapshot and of the calls that may take it back; at its end they go with it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Marker {

	public const FOLDER       = 'presswarden-snapshots';
	public const OPEN_FILE    = 'open.php';
	public const LAST_FILE    = 'last.php';
	public const APPLY_LOCK   = 'apply-lock.php';
	public const RESTORE_LOCK = 'restore-lock.php';

	public const APPLYING   = 'applying';
	public const CONFIRM    = 'confirm';
	public const RESTORING  = 'restoring';
	public const CLOSED     = 'closed';
	public const RESTORED   = 'restored';
	public const SUPERSEDED = 'superseded';
	public const FAILED     = 'failed';
	public const OPEN       = array( self::APPLYING, self::CONFIRM, self::RESTORING );

	/** What only an open change needs, secrets among them. */
	private const GOES_AT_THE_END = array( 'items', 'keys', 'mac', 'baseline', 'after', 'pattern', 'before', 'rescue' );

	public string $change       = '';
	public string $component    = '';
	public string $installation = '';
	/** Version before the change. */
	public string $was   = '';
	public string $state = '';
	/** Why it is being taken back, or how it ended. */
	public string $why   = '';
	public int $opened   = 0;
	public int $deadline = 0;
	public int $ended    = 0;
	/** How often taking back was begun. */
	public int $tries = 0;
	/** Folder of WordPress and folder of its content, without a slash at the end. A copy of them elsewhere is not this site. */
	public string $root    = '';
	public string $content = '';
	/** Place of the component below the root. */
	public string $live = '';
	/** Switching a plugin touches no file: '' or what undoes it, `activate` or `deactivate`. */
	public string $undo = '';
	/** Full path of the rescue file, '' where there is none. */
	public string $rescue = '';
	/** Word by which the site's own look at itself before the change is known. */
	public string $baseline = '';
	/**
	 * What can be put back (see Snapshots).
	 *
	 * @var array<int,array<string,mixed>>
	 */
	public array $items = array();
	/**
	 * Base64 of the public keys that may probe or take back; empty in HMAC mode.
	 *
	 * @var array<int,string>
	 */
	public array $keys = array();
	/** Base64 of the HMAC key for the same. */
	public string $mac = '';
	/**
	 * What the change left behind: fingerprint by live path.
	 *
	 * @var array<string,string>
	 */
	public array $after = array();
	/** Of a translation: how its files are named, as a pattern. */
	public string $pattern = '';
	/**
	 * Names of its files when the change was opened.
	 *
	 * @var array<int,string>
	 */
	public array $before = array();

	public static function folder( string $content ): string {
		return rtrim( $content, '/' ) . '/' . self::FOLDER;
	}

	/** The change whose file stands there; it may just have ended. */
	public static function read( string $folder ): ?self {
		return self::from_text( Guard::read( $folder . '/' . self::OPEN_FILE ) );
	}

	/** The newest change, open or ended. */
	public static function newest( string $folder ): ?self {
		$open = self::read( $folder );
		return null === $open ? self::from_text( Guard::read( $folder . '/' . self::LAST_FILE ) ) : $open;
	}

	public function is_open(): bool {
		return in_array( $this->state, self::OPEN, true );
	}

	/** True for the WordPress that the change was opened on; the folder may have been copied since. */
	public function is_of( string $content ): bool {
		return '' !== $this->content && realpath( $this->content ) === realpath( $content );
	}

	/** @throws PackBroken When it could not be written. */
	public function save(): void {
		Guard::replace( self::folder( $this->content ) . '/' . self::OPEN_FILE, (string) json_encode( get_object_vars( $this ), JSON_UNESCAPED_SLASHES ) );
	}

	/**
	 * The change is over. Under the restore lock.
	 *
	 * @throws PackBroken When it could not be written.
	 */
	public function end( string $state, string $why, int $now ): void {
		if ( '' !== $this->rescue && is_file( $this->rescue ) ) {
			unlink( $this->rescue );
		}
		Room::free( self::folder( $this->content ) );
		$empty = new self();
		foreach ( self::GOES_AT_THE_END as $name ) {
			$this->$name = $empty->$name;
		}
		$this->state = $state;
		$this->why   = $why;
		$this->ended = $now;
		$this->save();
		self::settle( self::folder( $this->content ) );
	}

	/** Puts an ended change aside, so that a visitor's page finds nothing open. */
	public static function settle( string $folder ): void {
		$there = self::read( $folder );
		if ( null !== $there && ! $there->is_open() ) {
			rename( $folder . '/' . self::OPEN_FILE, $folder . '/' . self::LAST_FILE );
		}
	}

	/** As if it had never been opened. Under the restore lock, and only while nothing was touched. */
	public function forget(): void {
		if ( '' !== $this->rescue && is_file( $this->rescue ) ) {
			unlink( $this->rescue );
		}
		unlink( self::folder( $this->content ) . '/' . self::OPEN_FILE );
		Room::free( self::folder( $this->content ) );
	}

	/** Unknown members are dropped; a member of another type makes the whole no marker. */
	private static function from_text( ?string $text ): ?self {
		$values = null === $text ? null : json_decode( $text, true );
		if ( ! is_array( $values ) ) {
			return null;
		}
		$marker = new self();
		foreach ( $values as $name => $value ) {
			if ( ! property_exists( self::class, (string) $name ) ) {
				continue;
			}
			if ( gettype( $marker->$name ) !== gettype( $value ) ) {
				return null;
			}
			$marker->$name = $value;
		}
		return '' === $marker->change || '' === $marker->content ? null : $marker;
	}
}
