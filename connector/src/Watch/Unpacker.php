<?php
/**
 * A pack of files back into a folder, or only proved: every byte, the order of the pieces and the totals.
 *
 * Writes below an empty folder and nowhere else; who calls swaps it in when all is there. Without the totals a part that
 * ends with a file could be left out unseen.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Unpacker {

	/** Where a proof begins. */
	public const START = array(
		'part'  => 0,
		'path'  => '',
		'at'    => 0,
		'files' => 0,
		'bytes' => 0,
	);

	/** '' when nothing is written. */
	private string $dest;
	/** @var array{part:int,path:string,at:int,files:int,bytes:int} */
	private array $state;
	/** @var resource|null */
	private $open = null;

	/** @param array{part:int,path:string,at:int,files:int,bytes:int} $state Where to go on. */
	private function __construct( string $dest, array $state ) {
		$this->dest  = $dest;
		$this->state = $state;
	}

	/**
	 * @param string                             $dest   Folder to fill; it is made, and must be empty.
	 * @param string                             $dir    Folder of the parts.
	 * @param array<int,array{0:string,1:string}> $parts  Name and SHA-256 (hex) of each, in order.
	 * @param string                             $key    32 bytes, of the pack.
	 * @param string                             $id     16 bytes, of the pack.
	 * @param array{files:int,bytes:int}         $expect What it must come to.
	 * @throws PackBroken With the reason; the folder holds a part of the files then, and must not be used.
	 */
	public static function to( string $dest, string $dir, array $parts, string $key, string $id, array $expect ): void {
		self::step( $dest, $dir, $parts, $key, $id, $expect, self::START, INF );
	}

	/**
	 * A stretch of the same.
	 *
	 * @param array<int,array{0:string,1:string}>                     $parts  Name and SHA-256 (hex) of each, in order.
	 * @param array{part:int,path:string,at:int,files:int,bytes:int} $state  START, or what the step before gave back; one that died gave none.
	 * @param array{files:int,bytes:int}                             $expect What it must come to.
	 * @param float                                                  $until  Time of day to stop at; at least one part is done.
	 * @return array{part:int,path:string,at:int,files:int,bytes:int} All is there when `part` is the number of parts.
	 * @throws PackBroken With the reason; the folder must not be used then.
	 */
	public static function step( string $dest, string $dir, array $parts, string $key, string $id, array $expect, array $state, float $until ): array {
		if ( ! is_dir( $dest ) && ! @mkdir( $dest, 0755, true ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown, the path must not reach a log.
			throw new PackBroken( PackBroken::WRITE );
		}
		$unpacker = new self( $dest, $state );
		try {
			$unpacker->parts( $dir, $parts, $key, $id, $until );
		} finally {
			is_resource( $unpacker->open ) && fclose( $unpacker->open );
		}
		if ( $unpacker->state['part'] >= count( $parts ) ) {
			self::complete( $unpacker->state, $parts, $expect );
		}
		return $unpacker->state;
	}

	/**
	 * Proves a stretch of a pack and writes nothing.
	 *
	 * @param array<int,array{0:string,1:string}>                     $parts  Name and SHA-256 (hex) of each, in order.
	 * @param array{part:int,path:string,at:int,files:int,bytes:int} $state  START, or what the step before gave back.
	 * @param array{files:int,bytes:int}                             $expect What it must come to.
	 * @param float                                                  $until  Time of day to stop at; at least one part is done.
	 * @return array{part:int,path:string,at:int,files:int,bytes:int} All is proved when `part` is the number of parts.
	 * @throws PackBroken With the reason.
	 */
	public static function prove( string $dir, array $parts, string $key, string $id, array $expect, array $state, float $until ): array {
		$unpacker = new self( '', $state );
		$unpacker->parts( $dir, $parts, $key, $id, $until );
		if ( $unpacker->state['part'] >= count( $parts ) ) {
			self::complete( $unpacker->state, $parts, $expect );
		}
		return $unpacker->state;
	}

	/** @param array<int,array{0:string,1:string}> $parts Name and hash of each. */
	private function parts( string $dir, array $parts, string $key, string $id, float $until ): void {
		$count = count( $parts );
		while ( $this->state['part'] < $count ) {
			list( $name, $hash ) = $parts[ $this->state['part'] ];
			foreach ( PartReader::entries( $dir . '/' . basename( $name ), $hash, $key, $id, $this->state['part'] ) as list( $what, $bytes ) ) {
				$this->take( $what, $bytes );
			}
			++$this->state['part'];
			if ( microtime( true ) >= $until ) {
				return;
			}
		}
	}

	/**
	 * @param array{part:int,path:string,at:int,files:int,bytes:int} $state  As far as it came.
	 * @param array<int,mixed>                                       $parts  All of them.
	 * @param array{files:int,bytes:int}                             $expect What it must come to.
	 */
	private static function complete( array $state, array $parts, array $expect ): void {
		if ( '' !== $state['path'] || array() === $parts || $state['files'] !== $expect['files'] || $state['bytes'] !== $expect['bytes'] ) {
			throw new PackBroken( PackBroken::TOTALS );
		}
	}

	/** @param array<string,mixed> $what Description of the entry. */
	private function take( array $what, string $bytes ): void {
		$kind = isset( $what['t'] ) ? $what['t'] : '';
		$path = isset( $what['p'] ) && is_string( $what['p'] ) ? (string) base64_decode( $what['p'], true ) : '';
		if ( ! self::is_below( $path ) ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		if ( FileList::FILE === $kind ) {
			$this->piece( $path, $what, $bytes );
			return;
		}
		if ( '' !== $this->state['path'] || ! in_array( $kind, array( FileList::FOLDER, FileList::LINK ), true ) ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		if ( '' === $this->dest ) {
			return;
		}
		$full = $this->dest . '/' . $path;
		$made = FileList::FOLDER === $kind
			? ( is_dir( $full ) || @mkdir( $full ) ) && chmod( $full, (int) $what['m'] | 0700 ) // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a full disk is thrown below.
			: @symlink( (string) base64_decode( (string) $what['to'] ), $full ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below.
		if ( ! $made ) {
			throw new PackBroken( PackBroken::WRITE );
		}
	}

	/** @param array<string,mixed> $what Description of the piece: mode, offset, whether it is the last. */
	private function piece( string $path, array $what, string $bytes ): void {
		$begins = '' === $this->state['path'];
		if ( $what['o'] !== ( $begins ? 0 : $this->state['at'] ) || ( ! $begins && $this->state['path'] !== base64_encode( $path ) ) ) {
			throw new PackBroken( PackBroken::DAMAGED );
		}
		if ( '' !== $this->dest ) {
			$this->write( $this->dest . '/' . $path, $begins, (bool) $what['e'], (int) $what['m'], $bytes );
		}
		$this->state['bytes'] += strlen( $bytes );
		$this->state['files'] += $what['e'] ? 1 : 0;
		$this->state['path']   = $what['e'] ? '' : base64_encode( $path );
		$this->state['at']     = $what['e'] ? 0 : $what['o'] + strlen( $bytes );
	}

	private function write( string $full, bool $begins, bool $ends, int $mode, string $bytes ): void {
		if ( $begins || null === $this->open ) {
			// A file that a step before began ends where that step said.
			$open       = @fopen( $full, $begins ? 'xb' : 'r+b' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below.
			$at         = $begins ? 0 : $this->state['at'];
			$this->open = false === $open || ! ftruncate( $open, $at ) || 0 !== fseek( $open, $at ) ? null : $open;
		}
		if ( null === $this->open || strlen( $bytes ) !== @fwrite( $this->open, $bytes ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a full disk is thrown here.
			throw new PackBroken( PackBroken::WRITE );
		}
		if ( $ends ) {
			$closed     = fclose( $this->open );
			$this->open = null;
			if ( ! $closed || ! chmod( $full, $mode ) ) {
				throw new PackBroken( PackBroken::WRITE );
			}
		}
	}

	/** A path that can't leave the folder it is put into. */
	private static function is_below( string $path ): bool {
		return '' !== $path && '/' !== $path[0] && false === strpos( $path, "\0" ) && 1 !== preg_match( '#(^|/)\.{0,2}(/|$)#', $path );
	}
}
