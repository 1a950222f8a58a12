<?php
/**
 * A connection of our own to a SQLite file, and the copies of it that a snapshot needs for a while.
 *
 * A copy lies beside the database and is as protected as that, under a name nobody can guess.
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

final class Sqlite {

	private \PDO $link;

	/** @throws Refusal When it can't be opened. */
	public function __construct( string $file ) {
		try {
			$this->link = new \PDO( 'sqlite:' . $file, null, null, array( \PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION ) );
			$this->run( 'PRAGMA busy_timeout = 15000' );
		} catch ( \PDOException $failed ) {
			throw SnapshotRefusal::because( 'connection' );
		}
	}

	public static function live(): self {
		return new self( self::live_file() );
	}

	public static function live_file(): string {
		return (string) FQDB;
	}

	/** A name for a copy, with nothing there yet. */
	public static function new_copy(): string {
		return Storage::SQLITE_COPY . bin2hex( random_bytes( 16 ) );
	}

	public static function copy_file( string $name ): string {
		return dirname( self::live_file() ) . '/' . basename( $name );
	}

	/** @throws \PDOException When SQLite says no. */
	public function run( string $sql ): void {
		$this->link->exec( $sql );
	}

	/**
	 * @return array<int,array<int,mixed>> All rows.
	 * @throws \PDOException When SQLite says no.
	 */
	public function rows( string $sql ): array {
		return $this->link->query( $sql )->fetchAll( \PDO::FETCH_NUM );
	}

	/** @return array<int,mixed> The first column of all rows. */
	public function column( string $sql ): array {
		return $this->link->query( $sql )->fetchAll( \PDO::FETCH_COLUMN );
	}

	/** @param array<int,mixed> $values For the question marks. */
	public function put( string $sql, array $values ): void {
		$this->link->prepare( $sql )->execute( $values );
	}

	public function quoted( string $text ): string {
		return (string) $this->link->quote( $text );
	}

	public static function name( string $name ): string {
		return '"' . str_replace( '"', '""', $name ) . '"';
	}

	/**
	 * Tables of this site, without those the drop-in keeps for itself.
	 *
	 * @return array<int,string>
	 */
	public function tables( string $prefix, string $schema = 'main' ): array {
		$names = $this->column( "SELECT name FROM {$schema}.sqlite_master WHERE type = 'table' AND name LIKE " . $this->quoted( addcslashes( $prefix, '_%\\' ) . '%' ) . " ESCAPE '\\'" );
		return DumpTables::of_this_site( array_map( 'strval', $names ), $prefix );
	}

	/**
	 * Where the drop-in writes down what MySQL would know of a table: its own tables and the column that names the table.
	 *
	 * @return array<string,string> Table => column.
	 */
	public function notes( string $schema = 'main' ): array {
		$found = array();
		foreach ( $this->column( "SELECT name FROM {$schema}.sqlite_master WHERE type = 'table' AND ( name LIKE '\\_wp\\_sqlite\\_%' ESCAPE '\\' OR name LIKE '\\_mysql\\_%' ESCAPE '\\' )" ) as $table ) {
			$columns = array_map( 'strtolower', array_column( $this->rows( "PRAGMA {$schema}.table_info(" . $this->quoted( (string) $table ) . ')' ), 1 ) );
			foreach ( array( 'table_name', 'table' ) as $column ) {
				if ( in_array( $column, $columns, true ) ) {
					$found[ (string) $table ] = $column;
					break;
				}
			}
		}
		return $found;
	}
}
