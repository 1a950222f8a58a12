<?php
/**
 * Requests that began and never came to their end: each process has a file that says what it does, and holds its lock meanwhile.
 *
 * The kernel lets the lock go when a process dies without a last word, so "busy" without a lock tells of a death, and an old
 * "busy" with its lock of a request that hangs. Pages people and robots fetch are looked at; what is long by its nature
 * (cron, uploads, background work, our own calls) is not. No file is made or removed for a request: removing one makes PHP
 * forget the real place of every file it knows, which costs a page more than all the rest of the watch.
 *
 * Once an answer is on its way to the visitor, how long that takes is the visitor's to say: who reads a byte a minute must not
 * be able to have a good change taken back. A page that dies or hangs behind its first bytes is found by who looks at pages.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Flight {

	public const FOLDER = 'flight';

	private const HUNG_AFTER = 30;
	/** Whoever looks at the file holds its lock for a moment. */
	private const PATIENCE = 0.1;
	private const BUSY       = 'busy';
	private const IDLE       = 'idle';
	private const SENT       = 'sent';

	/** @var resource */
	private $open;

	/** @param resource $open Locked. */
	private function __construct( $open ) {
		$this->open = $open;
	}

	/** Whether a request of this kind is looked at. */
	public static function is_watched( string $method, string $path ): bool {
		return in_array( $method, array( 'GET', 'HEAD' ), true ) && 1 !== preg_match( '#/(wp-cron|admin-ajax|admin-post|async-upload)\.php\z#', $path );
	}

	/** Null where it can't be written down: then this request is not looked at. */
	public static function begin( string $folder, int $now ): ?self {
		if ( ! function_exists( 'getmypid' ) ) {
			return null;
		}
		$dir = $folder . '/' . self::FOLDER;
		is_dir( $dir ) || @mkdir( $dir, 0700 ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- of two requests one makes it.
		$open = Lock::take( $dir . '/' . substr( md5( function_exists( 'gethostname' ) ? (string) gethostname() : '' ), 0, 8 ) . '-' . getmypid() . '.php', self::PATIENCE );
		if ( null === $open ) {
			return null;
		}
		self::put( $open, self::BUSY, $now );
		return new self( $open );
	}

	/** The first byte of the answer leaves. */
	public function answers( int $now ): void {
		is_resource( $this->open ) && self::put( $this->open, self::SENT, $now );
	}

	public function end( int $now ): void {
		self::put( $this->open, self::IDLE, $now );
		Lock::release( $this->open );
	}

	/**
	 * What other requests left behind: deaths are told once, what hangs by a name that stays the same.
	 *
	 * @return array<int,array{0:string,1:string}> Kind of evidence, and the name of what hangs.
	 */
	public static function left_behind( string $folder, int $now ): array {
		$dir   = $folder . '/' . self::FOLDER;
		$found = array();
		foreach ( is_dir( $dir ) ? (array) scandir( $dir ) : array() as $name ) {
			$open = '.php' === substr( (string) $name, -4 ) ? @fopen( $dir . '/' . $name, 'r+b' ) : false; // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a change that begins takes the folder away.
			if ( false === $open ) {
				continue;
			}
			$free = flock( $open, LOCK_EX | LOCK_NB );
			list( $state, $since ) = explode( ' ', substr( (string) fread( $open, 100 ), strlen( Guard::LINE ) ) ) + array( '', '0' );
			if ( self::BUSY === $state && $free ) {
				self::put( $open, self::IDLE, $now );
				$found[] = array( Evidence::DIED, '' );
			} elseif ( self::BUSY === $state && $now - (int) $since > self::HUNG_AFTER ) {
				$found[] = array( Evidence::HUNG, $name . ' ' . (int) $since );
			}
			fclose( $open );
		}
		return $found;
	}

	/** Before a change opens. */
	public static function forget( string $folder ): void {
		Tree::remove( $folder . '/' . self::FOLDER );
	}

	/**
	 * Always as long, so that no byte of the line before stays.
	 *
	 * @param resource $open Locked.
	 */
	private static function put( $open, string $state, int $since ): void {
		fseek( $open, strlen( Guard::LINE ) );
		fwrite( $open, sprintf( '%s %011d', $state, $since ) );
		fflush( $open );
	}
}
