<?php
/**
 * Dump and restore of a SQLite database: SQLite's own copy of a moment, without what is ours, packed as one file.
 *
 * The live file is never copied, renamed or swapped: other processes hold it open with its journal.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Database;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\SnapshotRefusal;
use Presswarden\Connector\Site\Storage;
use Presswarden\Connector\Watch\FileList;
use Presswarden\Connector\Watch\FilePacker;
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\PartReader;
use Presswarden\Connector\Watch\Unpacker;

final class SqliteDump implements Dump {

	private string $prefix;

	public function __construct( string $prefix ) {
		$this->prefix = $prefix;
	}

	public function measure(): int {
		$live = Sqlite::live();
		$ours = array_flip( $live->tables( $this->prefix ) );
		foreach ( $live->rows( "SELECT type, tbl_name, name, sql FROM main.sqlite_master WHERE type IN ('view', 'trigger', 'table')" ) as list( $type, $table, $name, $sql ) ) {
			if ( 'view' === $type && 0 === strpos( (string) $name, $this->prefix ) ) {
				throw SnapshotRefusal::because( 'view' );
			}
			// The drop-in's own triggers stand in for ON UPDATE and are put back with their table.
			if ( 'trigger' === $type && isset( $ours[ $table ] ) && 0 !== strpos( (string) $name, '_wp_sqlite_' ) && 0 !== strpos( (string) $name, '__' ) ) {
				throw SnapshotRefusal::because( 'trigger' );
			}
			if ( 'table' === $type && isset( $ours[ $table ] ) && array() !== $live->rows( 'PRAGMA main.foreign_key_list(' . $live->quoted( (string) $table ) . ')' ) ) {
				throw SnapshotRefusal::because( 'foreign_key' );
			}
		}
		// The copy and the pack of it are on the disk at the same time.
		return 2 * (int) filesize( Sqlite::live_file() );
	}

	public function step( string $dir, string $key, string $id, array $cursor, float $until ): array {
		if ( array() === $cursor ) {
			$cursor = $this->copy( $dir );
		}
		$cursor['files'] = FilePacker::step( dirname( Sqlite::live_file() ), $dir . '/list.php', $dir, $key, $id, $cursor['files'], $until );
		$cursor['parts'] = $cursor['files']['parts'];
		$cursor['bytes'] = $cursor['files']['bytes'];
		$cursor['done']  = $cursor['files']['done'];
		if ( $cursor['done'] ) {
			if ( 1 !== $cursor['files']['files'] ) {
				throw new PackBroken( PackBroken::CHANGED );
			}
			unlink( Sqlite::copy_file( $cursor['copy'] ) );
			unlink( $dir . '/list.php' );
		}
		return $cursor;
	}

	public function prove( string $dir, string $key, string $id, array $dump, int $part ): int {
		$bytes               = 0;
		list( $name, $hash ) = $dump['parts'][ $part ];
		$name_of_copy        = base64_encode( $dump['copy'] );
		foreach ( PartReader::entries( $dir . '/' . basename( $name ), $hash, $key, $id, $part ) as list( $what ) ) {
			if ( ! isset( $what['p'] ) || $what['p'] !== $name_of_copy ) {
				throw new PackBroken( PackBroken::DAMAGED );
			}
			$bytes += $what['n'];
		}
		return $bytes;
	}

	public function stage( string $dir, string $key, string $id, array $dump, array $cursor, float $until ): array {
		if ( array() === $cursor ) {
			$cursor = Unpacker::START + array( 'folder' => Sqlite::new_copy() );
		}
		$state = array_intersect_key( $cursor, Unpacker::START );
		$state = Unpacker::step( Sqlite::copy_file( $cursor['folder'] ), $dir, $dump['parts'], $key, $id, self::whole( $dump ), $state, $until );
		return $state + array(
			'folder' => $cursor['folder'],
			'done'   => $state['part'] >= count( $dump['parts'] ),
		);
	}

	public function restore( string $dir, string $key, string $id, array $dump, array $staged ): array {
		$stage = Sqlite::copy_file( $staged['folder'] ?? Sqlite::new_copy() );
		$there = $stage . '/' . basename( $dump['copy'] );
		try {
			if ( ! ( $staged['done'] ?? false ) || ! is_file( $there ) || filesize( $there ) !== $dump['bytes'] ) {
				Storage::remove_tree( $stage );
				Unpacker::to( $stage, $dir, $dump['parts'], $key, $id, self::whole( $dump ) );
			}
			return ( new SqliteRestore( $this->prefix ) )->from( $stage . '/' . basename( $dump['copy'] ), $dump );
		} finally {
			Storage::remove_tree( $stage );
		}
	}

	public function tidy( array $kept ): void {
		Storage::remove_sqlite_copies( $kept );
	}

	/**
	 * @param array<string,mixed> $dump What the last step gave back.
	 * @return array{files:int,bytes:int}
	 */
	private static function whole( array $dump ): array {
		return array(
			'files' => 1,
			'bytes' => $dump['bytes'],
		);
	}

	/** @return array<string,mixed> The cursor to begin with. */
	private function copy( string $dir ): array {
		$name = Sqlite::new_copy();
		$file = Sqlite::copy_file( $name );
		try {
			Sqlite::live()->run( 'VACUUM INTO ' . Sqlite::live()->quoted( $file ) );
		} catch ( \PDOException $failed ) {
			is_file( $file ) && unlink( $file );
			throw SnapshotRefusal::because( 'sqlite' );
		}
		chmod( $file, 0600 );
		$copy = new Sqlite( $file );
		// What is deleted is overwritten, or our rows would go into the pack as free pages.
		foreach ( array( 'secure_delete = ON', 'journal_mode = OFF', 'synchronous = OFF', 'foreign_keys = OFF' ) as $pragma ) {
			$copy->rows( 'PRAGMA ' . $pragma );
		}
		$this->strip( $copy );
		$tables = $copy->tables( $this->prefix );
		$counts = array();
		foreach ( $tables as $table ) {
			$counts[ $table ] = (int) $copy->column( 'SELECT COUNT(*) FROM ' . Sqlite::name( $table ) )[0];
		}
		FileList::write( dirname( $file ), array( $name ), $dir . '/list.php' );
		return array(
			'mode'          => 'sqlite',
			'copy'          => $name,
			'files'         => FilePacker::START,
			'tables'        => count( $tables ),
			'rows'          => (int) array_sum( $counts ),
			'counts'        => $counts,
			'point_in_time' => true,
		);
	}

	/** Takes out what is ours, what is another site's, and what is only for a while. */
	private function strip( Sqlite $copy ): void {
		$kept = array_flip( array_merge( $copy->tables( $this->prefix ), array_keys( $copy->notes() ) ) );
		foreach ( $copy->column( "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_wp\\_sqlite\\_%' ESCAPE '\\'" ) as $table ) {
			if ( ! isset( $kept[ $table ] ) ) {
				$copy->run( 'DROP TABLE ' . Sqlite::name( (string) $table ) );
				foreach ( $copy->notes() as $notes => $column ) {
					$copy->put( 'DELETE FROM ' . Sqlite::name( $notes ) . ' WHERE ' . Sqlite::name( $column ) . ' = ?', array( $table ) );
				}
			}
		}
		$options = Sqlite::name( $this->prefix . 'options' );
		foreach ( array( Storage::PREFIX, '_transient_', '_site_transient_' ) as $begins ) {
			$copy->put( "DELETE FROM {$options} WHERE option_name LIKE ? ESCAPE '\\'", array( addcslashes( $begins, '_' ) . '%' ) );
		}
	}
}
