<?php
/**
 * The tables of a copy into the live SQLite file, in one transaction that no other writer can come between.
 *
 * The drop-in keeps what MySQL would say about a table in tables of its own: its rows about each table go and come with it, and
 * the rows about tables that stay are left alone. Tables the copy does not know stay.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Database;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\SnapshotRefusal;
use Presswarden\Connector\Site\Storage;

final class SqliteRestore {

	private string $prefix;

	public function __construct( string $prefix ) {
		$this->prefix = $prefix;
	}

	/**
	 * @param string              $file The copy.
	 * @param array<string,mixed> $dump What the last step of the dump gave back.
	 * @return array<int,string> The tables that were put back.
	 * @throws Refusal When SQLite would not; nothing was changed then.
	 */
	public function from( string $file, array $dump ): array {
		$live = Sqlite::live();
		$live->run( 'ATTACH ' . $live->quoted( $file ) . ' AS pack' );
		$live->run( 'PRAGMA main.foreign_keys = OFF' );
		$tables = array();
		foreach ( $live->tables( $this->prefix, 'pack' ) as $table ) {
			if ( ! DumpTables::stays( $table ) ) {
				$tables[] = $table;
			}
		}
		try {
			$live->run( 'BEGIN IMMEDIATE' );
		} catch ( \PDOException $failed ) {
			throw SnapshotRefusal::because( 'locked' );
		}
		try {
			$carried = $this->ours( $live );
			foreach ( $tables as $table ) {
				$this->table( $live, $table );
				if ( (int) $live->column( 'SELECT COUNT(*) FROM main.' . Sqlite::name( $table ) )[0] !== ( $dump['counts'][ $table ] ?? -1 ) ) {
					throw SnapshotRefusal::because( 'counts' );
				}
			}
			$this->notes( $live, $tables );
			foreach ( $carried as $row ) {
				$live->put( 'INSERT INTO main.' . Sqlite::name( $this->prefix . 'options' ) . ' ( option_name, option_value, autoload ) VALUES ( ?, ?, ? )', $row );
			}
			$live->run( 'COMMIT' );
		} catch ( \PDOException $failed ) {
			$live->run( 'ROLLBACK' );
			throw SnapshotRefusal::because( 'not_restored' );
		} catch ( Refusal $refusal ) {
			$live->run( 'ROLLBACK' );
			throw $refusal;
		}
		return $tables;
	}

	private function table( Sqlite $live, string $table ): void {
		$name = Sqlite::name( $table );
		$live->run( "DROP TABLE IF EXISTS main.{$name}" );
		$asked = $live->quoted( $table );
		$made  = $live->rows( "SELECT type, sql FROM pack.sqlite_master WHERE tbl_name = {$asked} AND sql IS NOT NULL ORDER BY type = 'table' DESC, type = 'index' DESC" );
		foreach ( $made as $at => list( $type, $sql ) ) {
			$live->run( (string) preg_replace( '/\ACREATE (UNIQUE )?(TABLE|INDEX|TRIGGER) /i', 'CREATE $1$2 main.', (string) $sql, 1 ) );
			if ( 'table' === $type ) {
				$columns = implode( ', ', array_map( array( Sqlite::class, 'name' ), array_column( $live->rows( "PRAGMA pack.table_info({$asked})" ), 1 ) ) );
				$live->run( "INSERT INTO main.{$name} ( {$columns} ) SELECT {$columns} FROM pack.{$name}" );
			}
		}
		foreach ( array( 'main', 'pack' ) as $schema ) {
			// The table is there once anything counts up; where it is not, there is nothing to put back.
			if ( array() === $live->rows( "SELECT 1 FROM {$schema}.sqlite_master WHERE name = 'sqlite_sequence'" ) ) {
				return;
			}
		}
		$live->run( "DELETE FROM main.sqlite_sequence WHERE name = {$asked}" );
		$live->run( "INSERT INTO main.sqlite_sequence ( name, seq ) SELECT name, seq FROM pack.sqlite_sequence WHERE name = {$asked}" );
	}

	/** @param array<int,string> $tables That were put back. */
	private function notes( Sqlite $live, array $tables ): void {
		$here = $live->notes();
		foreach ( $live->notes( 'pack' ) as $notes => $column ) {
			if ( ! isset( $here[ $notes ] ) ) {
				// An older drop-in's: this one keeps other notes, and makes them anew from the tables.
				continue;
			}
			$name    = Sqlite::name( $notes );
			$columns = implode(
				', ',
				array_map(
					array( Sqlite::class, 'name' ),
					array_intersect(
						array_column( $live->rows( 'PRAGMA pack.table_info(' . $live->quoted( $notes ) . ')' ), 1 ),
						array_column( $live->rows( 'PRAGMA main.table_info(' . $live->quoted( $notes ) . ')' ), 1 )
					)
				)
			);
			foreach ( $tables as $table ) {
				$where = ' WHERE ' . Sqlite::name( $column ) . ' = ' . $live->quoted( $table );
				$live->run( "DELETE FROM main.{$name}{$where}" );
				$live->run( "INSERT INTO main.{$name} ( {$columns} ) SELECT {$columns} FROM pack.{$name}{$where}" );
			}
		}
	}

	/** @return array<int,array<int,mixed>> Our options as they are now. */
	private function ours( Sqlite $live ): array {
		return $live->rows(
			'SELECT option_name, option_value, autoload FROM main.' . Sqlite::name( $this->prefix . 'options' )
			. " WHERE option_name LIKE '" . addcslashes( Storage::PREFIX, '_' ) . "%' ESCAPE '\\'"
		);
	}
}
