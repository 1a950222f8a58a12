<?php
/**
 * Packs the files of a list, a stretch at a time: a call goes on where the cursor of the one before stands.
 *
 * The cursor is of whole parts only, so a call that dies has lost its own work and nothing else. A file that grows is read to
 * the size it had; one that vanished since is left out; one that shrinks or changes under a later call stops the pack.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class FilePacker {

	/** Where a pack begins. */
	public const START = array(
		'at'    => 0,
		'from'  => 0,
		'size'  => 0,
		'mtime' => 0,
		'parts' => array(),
		'files' => 0,
		'bytes' => 0,
		'done'  => false,
	);

	private string $base;
	private string $dir;
	private string $key;
	private string $id;
	/** @var array<string,mixed> */
	private array $cursor;
	private ?PartWriter $part = null;

	/** @param array<string,mixed> $cursor Of the step before. */
	private function __construct( string $base, string $dir, string $key, string $id, array $cursor ) {
		$this->base   = $base;
		$this->dir    = $dir;
		$this->key    = $key;
		$this->id     = $id;
		$this->cursor = $cursor;
	}

	/**
	 * @param string              $base   Folder that the list's paths are below.
	 * @param string              $list   Made by FileList.
	 * @param string              $dir    Folder for the parts.
	 * @param string              $key    32 bytes, of the pack.
	 * @param string              $id     16 bytes, of the pack.
	 * @param array<string,mixed> $cursor START, or what the step before gave back.
	 * @param float               $until  Time of day to stop at, as microtime; at least one piece is done.
	 * @return array<string,mixed> The cursor; `done` says whether all is packed.
	 * @throws PackBroken With the reason.
	 */
	public static function step( string $base, string $list, string $dir, string $key, string $id, array $cursor, float $until ): array {
		$packer = new self( $base, $dir, $key, $id, $cursor );
		$open   = is_file( $list ) ? fopen( $list, 'rb' ) : false;
		if ( false === $open ) {
			throw new PackBroken( PackBroken::MISSING );
		}
		try {
			fseek( $open, max( (int) $cursor['at'], strlen( Guard::LINE ) ) );
			$packer->run( $open, $until );
		} catch ( PackBroken $broken ) {
			null === $packer->part || $packer->part->drop();
			throw $broken;
		} finally {
			fclose( $open );
		}
		return $packer->cursor;
	}

	/** @param resource $open The list. */
	private function run( $open, float $until ): void {
		do {
			$line = fgets( $open );
			if ( false === $line ) {
				$this->cursor['done'] = true;
				break;
			}
			list( $kind, $path, $more ) = json_decode( $line, true );
			if ( FileList::FILE !== $kind ) {
				$this->add( array( 't' => $kind, 'p' => $path, FileList::LINK === $kind ? 'to' : 'm' => $more ), '' );
			} elseif ( ! $this->file( (string) $path, (int) $more, $until ) ) {
				break;
			}
			$this->cursor['at'] = (int) ftell( $open );
		} while ( microtime( true ) < $until );
		$this->close();
	}

	/** False when the time was over before the file was. */
	private function file( string $path, int $mode, float $until ): bool {
		$full = $this->base . '/' . base64_decode( $path );
		$from = (int) $this->cursor['from'];
		clearstatcache( true, $full );
		if ( 0 === $from && ! is_file( $full ) ) {
			return true;
		}
		$open = is_file( $full ) && is_readable( $full ) ? fopen( $full, 'rb' ) : false;
		if ( false === $open ) {
			throw new PackBroken( PackBroken::UNREADABLE );
		}
		try {
			$now = fstat( $open );
			if ( $from > 0 && ( $now['size'] !== $this->cursor['size'] || $now['mtime'] !== $this->cursor['mtime'] ) ) {
				throw new PackBroken( PackBroken::CHANGED );
			}
			$size = (int) $now['size'];
			fseek( $open, $from );
			do {
				$wanted = (int) min( PartWriter::RECORD, $size - $from );
				$bytes  = $wanted > 0 ? (string) stream_get_contents( $open, $wanted ) : '';
				if ( strlen( $bytes ) !== $wanted ) {
					throw new PackBroken( PackBroken::CHANGED );
				}
				$last = $from + $wanted === $size;
				$this->add( array( 't' => FileList::FILE, 'p' => $path, 'm' => $mode, 'o' => $from, 'e' => $last ), $bytes );
				$from                  += $wanted;
				$this->cursor['bytes'] += $wanted;
			} while ( ! $last && microtime( true ) < $until );
		} finally {
			fclose( $open );
		}
		$this->cursor['files'] += $last ? 1 : 0;
		$this->cursor['from']   = $last ? 0 : $from;
		$this->cursor['size']   = $size;
		$this->cursor['mtime']  = (int) $now['mtime'];
		return $last;
	}

	/** @param array<string,mixed> $what Description of the entry. */
	private function add( array $what, string $bytes ): void {
		if ( null !== $this->part && ! $this->part->has_room( strlen( $bytes ) + 8192 ) ) {
			$this->close();
		}
		if ( null === $this->part ) {
			$this->part = new PartWriter( $this->dir . '/' . self::name( count( $this->cursor['parts'] ) ), $this->key, $this->id, count( $this->cursor['parts'] ) );
		}
		$this->part->entry( $what, $bytes );
	}

	private function close(): void {
		if ( null !== $this->part ) {
			$name                    = self::name( count( $this->cursor['parts'] ) );
			$this->cursor['parts'][] = array( $name, $this->part->close() );
			$this->part              = null;
		}
	}

	private static function name( int $part ): string {
		return sprintf( 'f%05d.php', $part );
	}
}
