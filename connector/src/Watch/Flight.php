<?php
/**
 * Requests that began and never came to their end: each leaves a locked file while it lasts.
 *
 * The kernel lets the lock go when a process dies without a last word, so a file without its lock tells of a death, and an
 * old one with its lock of a request that hangs. Pages people and robots fetch are looked at; what is long by its nature
 * (cron, uploads, background work, our own calls) is not.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Flight {

	public const FOLDER = 'flight';

	private const HUNG_AFTER = 30;

	/** @var resource */
	private $open;
	private string $file;

	/** @param resource $open Locked. */
	private function __construct( $open, string $file ) {
		$this->open = $open;
		$this->file = $file;
	}

	/** Whether a request of this kind is looked at. */
	public static function is_watched( string $method, string $path ): bool {
		return in_array( $method, array( 'GET', 'HEAD' ), true ) && 1 !== preg_match( '#/(wp-cron|admin-ajax|admin-post|async-upload)\.php\z#', $path );
	}

	/** Locked before anybody can see it. Null where it can't be written: then this request is not looked at. */
	public static function begin( string $folder ): ?self {
		$dir = $folder . '/' . self::FOLDER;
		is_dir( $dir ) || @mkdir( $dir, 0700 ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- of two requests one makes it.
		$name = bin2hex( random_bytes( 8 ) ) . '.php';
		$new  = $folder . '/flight-' . $name;
		$open = Lock::take( $new, 0.0 );
		if ( null === $open ) {
			return null;
		}
		if ( ! @rename( $new, $dir . '/' . $name ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a folder that can't be made is the answer null.
			unlink( $new );
			return null;
		}
		return new self( $open, $dir . '/' . $name );
	}

	public function end(): void {
		if ( is_file( $this->file ) ) {
			@unlink( $this->file ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- another request may have counted it as hung and taken it away.
		}
		Lock::release( $this->open );
	}

	/**
	 * What other requests left behind since the last look; each is told once.
	 *
	 * @return array<int,string> Kinds of evidence.
	 */
	public static function left_behind( string $folder, int $now ): array {
		$dir   = $folder . '/' . self::FOLDER;
		$found = array();
		foreach ( is_dir( $dir ) ? (array) scandir( $dir ) : array() as $name ) {
			$file = $dir . '/' . $name;
			$open = '.php' === substr( (string) $name, -4 ) ? @fopen( $file, 'rb' ) : false; // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- its request may end this very moment.
			if ( false === $open ) {
				continue;
			}
			$free = flock( $open, LOCK_EX | LOCK_NB );
			$is   = fstat( $open );
			$old  = $now - (int) $is['mtime'] > self::HUNG_AFTER;
			// No name any more: it ended well between our two looks, and only its lock was still there to see.
			if ( $is['nlink'] > 0 && ( $free || $old ) && @unlink( $file ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- of two that look, one tells.
				$found[] = $free ? Evidence::DIED : Evidence::HUNG;
			}
			fclose( $open );
		}
		return $found;
	}

	/** Before a change opens. */
	public static function forget( string $folder ): void {
		Tree::remove( $folder . '/' . self::FOLDER );
	}
}
