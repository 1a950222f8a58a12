<?php
/**
 * What one snapshot is and how far it is: a file with a MAC, written anew after each step.
 *
 * The snapshot's own key stands in it, sealed under this site's AUTH_KEY and bound to the snapshot's id; packs and MAC have keys
 * derived from it. So a kept folder can be opened by whoever has it and wp-config.php, and by nobody who has one of them.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\SealBroken;
use Presswarden\Connector\Watch\Guard;
use Presswarden\Connector\Watch\PackBroken;

final class SnapshotManifest {

	public const MAKING     = 'making';
	public const MADE       = 'made';
	public const VERIFIED   = 'verified';
	public const UNREADABLE = 'unreadable';
	public const DAMAGED    = 'damaged';

	/** @readonly */
	public string $id;
	/** @var array<string,mixed> */
	public array $facts;
	/** '' when it could not be opened. */
	private string $key;
	private string $sealed;

	/** @param array<string,mixed> $facts What is written down. */
	private function __construct( string $id, string $key, string $sealed, array $facts ) {
		$this->id     = $id;
		$this->key    = $key;
		$this->sealed = $sealed;
		$this->facts  = $facts;
	}

	/**
	 * @param array<string,mixed> $facts What is known at the start.
	 * @throws Refusal When this site has no key to seal under.
	 */
	public static function begin( string $id, array $facts ): self {
		$key = random_bytes( 32 );
		try {
			return new self( $id, $key, Keys::seal( self::slot( $id ), $key ), $facts );
		} catch ( SealBroken $broken ) {
			throw SnapshotRefusal::because( SealBroken::WEAK_KEY === $broken->reason ? 'key' : 'openssl' );
		}
	}

	/** Null when there is none. What can't be trusted says so by its state and has no key. */
	public static function find( string $id ): ?self {
		$text = self::is_id( $id ) ? Guard::read( self::file( $id ) ) : null;
		if ( null === $text ) {
			return null;
		}
		list( $sealed, $mac, $json ) = explode( "\n", $text, 3 ) + array( '', '', '' );
		$facts = json_decode( $json, true );
		$facts = is_array( $facts ) ? $facts : array();
		try {
			$key = Keys::open( self::slot( $id ), $sealed );
		} catch ( SealBroken $broken ) {
			return new self( $id, '', $sealed, array( 'state' => self::UNREADABLE ) + $facts );
		}
		return array() !== $facts && hash_equals( self::mac( $key, $json ), $mac )
			? new self( $id, $key, $sealed, $facts )
			: new self( $id, '', $sealed, array( 'state' => self::DAMAGED ) + $facts );
	}

	/**
	 * The one of that id, with its key.
	 *
	 * @throws Refusal When it is not there or can't be trusted.
	 */
	public static function open( string $id ): self {
		$found = self::find( $id );
		if ( null === $found ) {
			throw Refusal::of( 'action.snapshot_unknown' );
		}
		if ( '' === $found->key ) {
			throw SnapshotRefusal::because( self::UNREADABLE === $found->facts['state'] ? 'sealed' : 'damaged' );
		}
		return $found;
	}

	/** @throws PackBroken When it can't be written. */
	public function save(): void {
		$json = (string) json_encode( $this->facts, JSON_UNESCAPED_SLASHES );
		Guard::replace( self::file( $this->id ), $this->sealed . "\n" . self::mac( $this->key, $json ) . "\n" . $json );
	}

	/** Key of one of its packs, 32 bytes. */
	public function pack_key( string $pack ): string {
		return hash_hkdf( 'sha256', $this->key, 32, 'presswarden-pack-1 ' . $pack, $this->pack_id( $pack ) );
	}

	/** Id of one of its packs, 16 bytes. */
	public function pack_id( string $pack ): string {
		return substr( hash( 'sha256', 'presswarden-pack-1 ' . $this->id . ' ' . $pack, true ), 0, 16 );
	}

	public function folder( string $pack ): string {
		return SnapshotFolder::of( $this->id ) . '/' . $pack;
	}

	public static function is_id( string $id ): bool {
		return 1 === preg_match( '/\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/', $id );
	}

	private static function file( string $id ): string {
		return SnapshotFolder::of( $id ) . '/manifest.php';
	}

	private static function slot( string $id ): string {
		return 'snapshot ' . $id;
	}

	private static function mac( string $key, string $json ): string {
		return hash_hmac( 'sha256', $json, hash_hkdf( 'sha256', $key, 32, 'presswarden-manifest-1' ) );
	}
}
