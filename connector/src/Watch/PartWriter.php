<?php
/**
 * Writes one part of a pack: guard line, a fresh salt of 32 bytes, then records of at most 1 MiB under AES-256-GCM.
 *
 * record = u32 length, 16 bytes tag, ciphertext; nonce = u32 part, u64 record; additional data = pack id, part, record and
 * whether it is the last. So nothing can be swapped, cut, reordered or taken from another pack. The salt makes a key of its
 * own for each time a part is written: a part written again after a crash never uses a key and a nonce twice.
 * The plaintext of all records is a row of entries: u32 length, description as JSON, then as many bytes as it says under n.
 * An entry never crosses a part, and a part counts only once it has its name.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class PartWriter {

	/** Plaintext of a part, at most. */
	public const PART = 16777216;
	/** Plaintext of a record, and the most a single entry should carry. */
	public const RECORD = 1048576;

	public const CIPHER = 'aes-256-gcm';
	public const SALT   = 32;
	public const TAG    = 16;

	private string $path;
	private string $key;
	private string $id;
	private int $part;
	private int $record  = 0;
	private int $written = 0;
	private string $held = '';
	/** @var resource */
	private $open;
	/** @var resource|\HashContext */
	private $sum;

	/**
	 * @param string $key 32 bytes, of the pack.
	 * @param string $id  16 bytes, of the pack.
	 * @throws PackBroken When the file can't be made or there is no such cipher.
	 */
	public function __construct( string $path, string $key, string $id, int $part ) {
		if ( ! self::available() ) {
			throw new PackBroken( PackBroken::CIPHER );
		}
		$salt       = random_bytes( self::SALT );
		$this->path = $path;
		$this->key  = self::part_key( $key, $salt );
		$this->id   = $id;
		$this->part = $part;
		foreach ( array( $path, $this->unfinished() ) as $left ) {
			// What a call that died has left.
			is_file( $left ) && unlink( $left );
		}
		$open = @fopen( $this->unfinished(), 'xb' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below, the path must not reach a log.
		if ( false === $open ) {
			throw new PackBroken( PackBroken::WRITE );
		}
		$this->open = $open;
		$this->sum  = hash_init( 'sha256' );
		$this->put( Guard::LINE . $salt );
	}

	public static function available(): bool {
		return function_exists( 'openssl_encrypt' ) && function_exists( 'openssl_get_cipher_methods' ) && in_array( self::CIPHER, openssl_get_cipher_methods(), true );
	}

	public static function part_key( string $key, string $salt ): string {
		return hash_hkdf( 'sha256', $key, 32, 'presswarden-part-1', $salt );
	}

	/** Twelve bytes that never come twice under one key. Written as three words: 32-bit PHP knows no u64. */
	public static function nonce( int $part, int $record ): string {
		return pack( 'NNN', $part, 0, $record );
	}

	/** True when an entry of that many bytes still fits. */
	public function has_room( int $bytes ): bool {
		return 0 === $this->written || $this->written + $bytes <= self::PART;
	}

	/** Plaintext so far. */
	public function size(): int {
		return $this->written;
	}

	/**
	 * @param array<string,mixed> $what What it is; n is added.
	 * @throws PackBroken When it can't be written.
	 */
	public function entry( array $what, string $bytes ): void {
		$what['n']      = strlen( $bytes );
		$head           = (string) json_encode( $what, JSON_UNESCAPED_SLASHES );
		$entry          = pack( 'N', strlen( $head ) ) . $head . $bytes;
		$this->written += strlen( $entry );
		$this->held    .= $entry;
		$at             = 0;
		while ( strlen( $this->held ) - $at > self::RECORD ) {
			$this->seal( substr( $this->held, $at, self::RECORD ), false );
			$at += self::RECORD;
		}
		$this->held = $at > 0 ? (string) substr( $this->held, $at ) : $this->held;
	}

	/**
	 * Gives the part its name.
	 *
	 * @return string SHA-256 of the whole file, hex.
	 * @throws PackBroken When it can't be written.
	 */
	public function close(): string {
		$this->seal( $this->held, true );
		$this->held = '';
		if ( function_exists( 'fsync' ) ) {
			fsync( $this->open );
		}
		if ( ! fclose( $this->open ) || ! rename( $this->unfinished(), $this->path ) ) {
			throw new PackBroken( PackBroken::WRITE );
		}
		return hash_final( $this->sum );
	}

	/** Takes the unfinished file away. */
	public function drop(): void {
		if ( is_resource( $this->open ) ) {
			fclose( $this->open );
		}
		is_file( $this->unfinished() ) && unlink( $this->unfinished() );
	}

	private function unfinished(): string {
		return substr( $this->path, 0, -4 ) . '.new.php';
	}

	private function seal( string $plain, bool $last ): void {
		$nonce  = self::nonce( $this->part, $this->record );
		$tag    = '';
		$cipher = openssl_encrypt( $plain, self::CIPHER, $this->key, OPENSSL_RAW_DATA, $nonce, $tag, $this->id . $nonce . ( $last ? "\1" : "\0" ), self::TAG );
		if ( false === $cipher ) {
			throw new PackBroken( PackBroken::CIPHER );
		}
		++$this->record;
		$this->put( pack( 'N', strlen( $cipher ) ) . $tag . $cipher );
	}

	private function put( string $bytes ): void {
		$length = strlen( $bytes );
		for ( $at = 0; $at < $length; $at += $done ) {
			$done = @fwrite( $this->open, 0 === $at ? $bytes : substr( $bytes, $at ) ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- a full disk is thrown below.
			if ( false === $done || 0 === $done ) {
				$this->drop();
				throw new PackBroken( PackBroken::WRITE );
			}
		}
		hash_update( $this->sum, $bytes );
	}
}
