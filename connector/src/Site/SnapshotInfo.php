<?php
/**
 * What a snapshot is, for who lists it and for who relies on it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class SnapshotInfo {

	/** Name of the pack of files, which is its folder too. */
	public const FILES = 'files';
	/** Name of the pack of the database. */
	public const DATABASE = 'database';

	/** @readonly */
	public string $id;
	/** @readonly */
	public string $component;
	/** @readonly Of the component, when it was made. */
	public string $version;
	/** @readonly */
	public string $state;
	/** @readonly Unix time. */
	public int $created;
	/** @readonly The same, finer: of two made in one second, one is the newer. */
	public float $began;
	/** @readonly */
	public bool $database;
	/** @readonly False when the database was taken over a time in which the site wrote on. */
	public bool $point_in_time;
	/** @readonly On the disk. */
	public int $bytes;
	/** @readonly */
	public int $files;

	private SnapshotManifest $manifest;

	public function __construct( SnapshotManifest $manifest ) {
		$facts               = $manifest->facts;
		$this->manifest      = $manifest;
		$this->id            = $manifest->id;
		$this->component     = Plain::text( (string) ( $facts['component'] ?? '' ) );
		$this->version       = Plain::text( (string) ( $facts['version'] ?? '' ) );
		$this->state         = (string) ( $facts['state'] ?? SnapshotManifest::DAMAGED );
		$this->created       = (int) ( $facts['created'] ?? 0 );
		$this->began         = (float) ( $facts['began'] ?? 0.0 );
		$this->database      = (bool) ( $facts['database'] ?? false );
		$this->point_in_time = ! $this->database || (bool) ( $facts['dump']['point_in_time'] ?? false );
		$this->bytes         = (int) ( $facts['disk'] ?? 0 );
		$this->files         = (int) ( $facts['files']['files'] ?? 0 );
	}

	/**
	 * What can be put back without WordPress, for the marker of a change: with the key of the pack of files and of nothing else.
	 *
	 * @return array<int,array{live:string,kind:string,pack:string,parts:array<int,array{0:string,1:string}>,key:string,id:string,files:int,bytes:int}>
	 */
	public function items(): array {
		$facts = $this->manifest->facts;
		return array(
			array(
				'live'  => (string) $facts['live'],
				'kind'  => (string) $facts['kind'],
				'pack'  => $this->id . '/' . self::FILES,
				'parts' => $facts['files']['parts'],
				'key'   => base64_encode( $this->manifest->pack_key( self::FILES ) ),
				'id'    => base64_encode( $this->manifest->pack_id( self::FILES ) ),
				'files' => $this->files,
				'bytes' => (int) $facts['files']['bytes'],
			),
		);
	}

	/** As it stands in the answer to wp.snapshot.list. */
	public function row(): \stdClass {
		return (object) array(
			'bytes'         => $this->bytes,
			'component'     => $this->component,
			'created'       => $this->created,
			'database'      => $this->database,
			'id'            => $this->id,
			'point_in_time' => $this->point_in_time,
			'state'         => $this->state,
			'version'       => $this->version,
		);
	}
}
