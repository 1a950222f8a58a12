<?php
/**
 * What an update of ours would leave on the site if its process died: noted before it can, taken away by whoever comes after.
 *
 * Only what the note names: WordPress's lock with the very time that it was taken at, the zip, the folder that WordPress unpacks that zip
 * into, and after a return the copy of the old version that WordPress had moved aside. Limits: a zip that was still on its way is left to
 * the host's own care for temporary files.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Storage;
use Presswarden\Connector\Watch\Guard;
use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\Tree;

final class Remains {

	private const FILE = 'turn.php';
	/** Files' times are whole seconds. */
	private const SLACK = 2;
	/** The note without anything in it. */
	private const EMPTY_NOTE = array(
		'change'    => '',
		'component' => '',
		'lock'      => 0,
		'zip'       => '',
	);

	private function __construct() {}

	/** @param int $lock What WordPress's lock of automatic updates holds now that it is ours. */
	public static function may_be_left( string $change, string $component, int $lock ): void {
		self::write(
			array(
				'change'    => $change,
				'component' => $component,
				'lock'      => $lock,
			) + self::EMPTY_NOTE
		);
	}

	/** @param string $zip Full path of what was fetched and is about to be unpacked. */
	public static function fetched( string $zip ): void {
		$note = self::read();
		if ( null !== $note ) {
			self::write( array( 'zip' => $zip ) + $note );
		}
	}

	/** The update has ended in the process that began it, which took everything away but what is left for WordPress's own shutdown. */
	public static function end(): void {
		$note = self::read();
		$last = self::over( $note );
		if ( null !== $note && null !== $last ) {
			self::remove_copy( $note['component'], $last );
		}
		Tree::remove( self::file() );
	}

	/** After an update that died, once its change is over. Asked of at every look at the site's health, so that the way there costs one file that is not there. */
	public static function take_away(): void {
		$note = self::read();
		$last = self::over( $note );
		if ( null === $note || null === $last || Turn::is_taken() ) {
			return;
		}
		Turn::free( $note['lock'] );
		self::remove_unpacked( $note['zip'], $last->opened );
		self::remove_copy( $note['component'], $last );
		Tree::remove( self::file() );
	}

	/**
	 * Names that WordPress gives the folder into which it unpacks this zip; newer versions add letters that nobody can foresee.
	 *
	 * @param array<int,string> $names What lies in its folder for such.
	 * @return array<int,string>
	 */
	public static function unpacked_from( string $zip, array $names ): array {
		$name = basename( basename( $zip, '.tmp' ), '.zip' );
		if ( in_array( $name, array( '', '.', '..' ), true ) ) {
			return array();
		}
		return array_values( (array) preg_grep( '/\A' . preg_quote( $name, '/' ) . '(?:-[A-Za-z0-9]{16})?\z/', $names ) );
	}

	/**
	 * The change that the note is of, where it is over.
	 *
	 * @param array{change:string,component:string,lock:int,zip:string}|null $note As read.
	 */
	private static function over( ?array $note ): ?Marker {
		$last = null === $note ? null : Marker::newest( Storage::snapshots() );
		return null !== $last && $last->change === $note['change'] && ! $last->is_open() && $last->is_of( WP_CONTENT_DIR ) ? $last : null;
	}

	private static function remove_unpacked( string $zip, int $opened ): void {
		$room = WP_CONTENT_DIR . '/upgrade';
		foreach ( '' !== $zip && is_dir( $room ) ? self::unpacked_from( $zip, (array) scandir( $room ) ) : array() as $name ) {
			if ( is_dir( $room . '/' . $name ) && filemtime( $room . '/' . $name ) >= $opened - self::SLACK ) {
				Tree::remove( $room . '/' . $name );
			}
		}
		if ( '.tmp' === substr( $zip, -4 ) && realpath( dirname( $zip ) ) === realpath( get_temp_dir() ) ) {
			// A neighbour may have named a file of its own instead; WordPress's downloads bear this ending.
			Tree::remove( $zip );
		}
	}

	/** The old version, moved aside while the change was open. Once it stands in its place again the copy is of no use, and its code could be called from outside. */
	private static function remove_copy( string $component, Marker $change ): void {
		list( $kind, $name ) = explode( ':', $component, 2 ) + array( '', '' );
		$folder              = 'plugin' === $kind ? dirname( $name ) : $name;
		$copy                = WP_CONTENT_DIR . '/upgrade-temp-backup/' . $kind . 's/' . $folder;
		$known               = in_array( $kind, array( 'plugin', 'theme' ), true ) && ! in_array( $folder, array( '', '.', '..' ), true );
		if ( Marker::RESTORED !== $change->state || ! $known || ! is_dir( $copy ) ) {
			return;
		}
		$moved = (int) filectime( $copy );
		if ( $moved >= $change->opened - self::SLACK && $moved <= $change->ended + self::SLACK ) {
			Tree::remove( $copy );
		}
	}

	private static function file(): string {
		return Storage::snapshots() . '/' . self::FILE;
	}

	/** @return array{change:string,component:string,lock:int,zip:string}|null */
	private static function read(): ?array {
		$text = Guard::read( self::file() );
		$note = null === $text ? null : json_decode( $text, true );
		if ( ! is_array( $note ) || array_map( 'gettype', array_intersect_key( $note, self::EMPTY_NOTE ) ) != array_map( 'gettype', self::EMPTY_NOTE ) ) { // phpcs:ignore Universal.Operators.StrictComparisons -- the order means nothing.
			return null;
		}
		return $note;
	}

	/** @param array<string,string|int> $note Whole. */
	private static function write( array $note ): void {
		try {
			Guard::replace( self::file(), (string) json_encode( $note, JSON_UNESCAPED_SLASHES ) );
		} catch ( PackBroken $full ) {
			// WordPress's own times end its lock and its folder then; whether the change may begin is asked elsewhere.
			unset( $full );
		}
	}
}
