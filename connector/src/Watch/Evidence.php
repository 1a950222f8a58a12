<?php
/**
 * What was seen while a change is open, one line each, and the ring of this site's last fatal errors.
 *
 * Never the text of an error: it can hold anybody's data. What only probes may show is counted only where the same page did
 * not show it before the change; where nobody looked before, it proves nothing.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Evidence {

	public const FATAL_HERE      = 'fatal-here';
	public const FATAL_ELSEWHERE = 'fatal-elsewhere';
	public const DIED            = 'died';
	public const HUNG            = 'hung';
	public const BOOT_CUT        = 'boot-cut';
	public const EARLY_OUTPUT    = 'early-output';
	public const ERROR_STATUS    = 'http-5xx';

	/** Weak: good plugins end, print or fail on some pages too. */
	public const WEAK = array( self::BOOT_CUT, self::EARLY_OUTPUT, self::ERROR_STATUS );
	/** From how many on the change is taken back. */
	private const ENOUGH = array(
		self::FATAL_HERE      => 1,
		self::FATAL_ELSEWHERE => 2,
		self::DIED            => 2,
		self::HUNG            => 2,
		self::BOOT_CUT        => 1,
		self::EARLY_OUTPUT    => 1,
		self::ERROR_STATUS    => 2,
	);

	private const LINES_FILE = 'evidence.php';
	private const RING_FILE  = 'fatals.php';
	private const RING       = 50;
	private const FATAL      = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

	/**
	 * Writes it down; true when it is enough.
	 *
	 * @param string $name Of what was seen, where the same may be seen again and counts once.
	 */
	public static function counts( Marker $marker, string $kind, string $page, string $name = '' ): bool {
		$seen = self::seen( $marker );
		if ( '' !== $name && in_array( 'once ' . $name, $seen, true ) ) {
			return false;
		}
		if ( '' !== $name ) {
			self::add( $marker, 'once ' . $name );
		}
		if ( in_array( $kind, self::WEAK, true ) && ( ! in_array( 'before ' . $page, $seen, true ) || in_array( 'before ' . $kind . ' ' . $page, $seen, true ) ) ) {
			return false;
		}
		self::add( $marker, $kind );
		$count = count( array_keys( self::seen( $marker ), $kind, true ) );
		return $count >= self::ENOUGH[ $kind ];
	}

	/** The site's own look at a page before the change: that it was looked at, and what weak sign it showed then. */
	public static function before( Marker $marker, string $page, string $weak ): void {
		if ( '' !== $weak ) {
			self::add( $marker, 'before ' . $weak . ' ' . $page );
		}
		self::add( $marker, 'before ' . $page );
	}

	public static function forget( string $folder ): void {
		is_file( $folder . '/' . self::LINES_FILE ) && unlink( $folder . '/' . self::LINES_FILE );
	}

	/**
	 * The error that ended this request, or null.
	 *
	 * @return array{type:int,message:string,file:string,line:int}|null
	 */
	public static function fatal(): ?array {
		$error = error_get_last();
		return null !== $error && 0 !== ( $error['type'] & self::FATAL ) ? $error : null;
	}

	/**
	 * Keeps the error in the ring, once for each place.
	 *
	 * @param array{type:int,message:string,file:string,line:int} $error Of error_get_last().
	 * @param bool                                                $own   No change was open: it is the site's own. What a change brought is not, or a second try of the same bad version would pass.
	 */
	public static function remember( string $folder, array $error, int $now, bool $own ): void {
		$open = is_dir( $folder ) ? Lock::take( $folder . '/' . self::RING_FILE, 1.0 ) : null;
		if ( null === $open ) {
			return;
		}
		$rows  = self::rows( (string) stream_get_contents( $open ) );
		$place = str_replace( '\\', '/', $error['file'] );
		$mark  = self::mark( $error );
		$first = $own ? $now : 0;
		foreach ( $rows as $at => $row ) {
			if ( $row['mark'] === $mark ) {
				$first = 0 === $row['first'] ? $first : $row['first'];
				unset( $rows[ $at ] );
			}
		}
		$new = array(
			'at'    => $now,
			'file'  => $place,
			'first' => $first,
			'line'  => $error['line'],
			'mark'  => $mark,
			'type'  => $error['type'],
		);
		array_unshift( $rows, $new );
		$text = Guard::LINE . implode( "\n", array_map( 'json_encode', array_slice( $rows, 0, self::RING ) ) ) . "\n";
		fseek( $open, 0 );
		fwrite( $open, $text );
		ftruncate( $open, strlen( $text ) );
		Lock::release( $open );
	}

	/**
	 * The ring, newest first.
	 *
	 * @return array<int,array{at:int,file:string,first:int,line:int,mark:string,type:int}>
	 */
	public static function fatals( string $folder ): array {
		$open = is_file( $folder . '/' . self::RING_FILE ) ? fopen( $folder . '/' . self::RING_FILE, 'rb' ) : false;
		if ( false === $open ) {
			return array();
		}
		flock( $open, LOCK_SH );
		$rows = self::rows( (string) stream_get_contents( $open ) );
		fclose( $open );
		return $rows;
	}

	/**
	 * Whether this site had that error before the change: it says nothing about the change then.
	 *
	 * @param array{type:int,message:string,file:string,line:int} $error Of error_get_last().
	 */
	public static function is_old( Marker $marker, array $error ): bool {
		foreach ( self::fatals( Marker::folder( $marker->content ) ) as $row ) {
			if ( self::mark( $error ) === $row['mark'] && $row['first'] > 0 && $row['first'] < $marker->opened ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether the error names what was changed. A trace runs through WordPress's own files always, so for those only the place counts.
	 *
	 * @param array{type:int,message:string,file:string,line:int} $error Of error_get_last().
	 */
	public static function names_it( Marker $marker, array $error ): bool {
		$file = str_replace( '\\', '/', $error['file'] );
		if ( 'core' === $marker->component ) {
			return false === strpos( $file, '/' . basename( $marker->content ) . '/' );
		}
		$text   = $file . ' ' . str_replace( '\\', '/', $error['message'] );
		$places = array_merge( array( $marker->live ), array_column( $marker->items, 'live' ) );
		foreach ( array_filter( $places, 'is_string' ) as $live ) {
			if ( '' !== $live && false !== strpos( $text, '/' . $live . ( '.php' === substr( $live, -4 ) ? '' : '/' ) ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * By which the same error is known again: its place and what it says without numbers and trace, as a hash.
	 *
	 * @param array{type:int,message:string,file:string,line:int} $error Of error_get_last().
	 */
	private static function mark( array $error ): string {
		$says = (string) preg_replace( '/[0-9]+/', '0', explode( "\n", $error['message'], 2 )[0] );
		return substr( hash( 'sha256', $error['type'] . "\n" . $error['file'] . "\n" . $error['line'] . "\n" . $says ), 0, 16 );
	}

	private static function add( Marker $marker, string $kind ): void {
		$open = Lock::take( Marker::folder( $marker->content ) . '/' . self::LINES_FILE, 1.0 );
		if ( null !== $open ) {
			fseek( $open, 0, SEEK_END );
			fwrite( $open, json_encode( array( $marker->change, $kind, time() ), JSON_UNESCAPED_SLASHES ) . "\n" );
			Lock::release( $open );
		}
	}

	/** @return array<int,string> Kinds, of this change alone. */
	private static function seen( Marker $marker ): array {
		$kinds = array();
		foreach ( explode( "\n", (string) Guard::read( Marker::folder( $marker->content ) . '/' . self::LINES_FILE ) ) as $line ) {
			$row = json_decode( $line, true );
			if ( is_array( $row ) && 3 === count( $row ) && $row[0] === $marker->change ) {
				$kinds[] = (string) $row[1];
			}
		}
		return $kinds;
	}

	/** @return array<int,array{at:int,file:string,first:int,line:int,mark:string,type:int}> */
	private static function rows( string $text ): array {
		$rows = array();
		foreach ( explode( "\n", $text ) as $line ) {
			$row = json_decode( $line, true );
			if ( is_array( $row ) && isset( $row['at'], $row['file'], $row['first'], $row['line'], $row['mark'], $row['type'] ) ) {
				$rows[] = $row;
			}
		}
		return $rows;
	}
}
