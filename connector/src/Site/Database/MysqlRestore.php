<?php
/**
 * The tables of a dump beside the live ones, then all of them in one RENAME: visitors see the old or the new, never a mix.
 *
 * Whoever holds a table open makes the RENAME wait, and the whole site behind it; so it waits five seconds, three times, and then
 * nothing was changed. Tables the dump does not know stay: what a newer plugin keeps there is not ours to throw away.
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
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\PartReader;

final class MysqlRestore {

	private const TRIES = 3;
	/** The server's number for a lock that was waited for in vain. */
	private const LOCKED = 1205;

	private string $prefix;

	public function __construct( string $prefix ) {
		$this->prefix = $prefix;
	}

	/**
	 * Tables beside the live ones, part by part.
	 *
	 * @param array<string,mixed> $dump   What the last step of the dump gave back.
	 * @param array<string,mixed> $cursor Of the call before.
	 * @return array<string,mixed> The cursor.
	 */
	public function stage( string $dir, string $key, string $id, array $dump, array $cursor, float $until ): array {
		$mysql = Mysql::connect();
		$part  = (int) ( $cursor['part'] ?? 0 );
		try {
			if ( 0 === $part ) {
				$this->sweep( $mysql );
			}
			do {
				$this->load( $mysql, $dir, $key, $id, array( $part => $dump['parts'][ $part ] ), self::wanted( $dump ) );
				++$part;
			} while ( $part < count( $dump['parts'] ) && microtime( true ) < $until );
		} finally {
			$mysql->close();
		}
		return array(
			'part' => $part,
			'done' => $part >= count( $dump['parts'] ),
		);
	}

	/**
	 * @param array<string,mixed> $dump   What the last step of the dump gave back.
	 * @param array<string,mixed> $staged What stage() gave back last.
	 * @return array<int,string> The tables that were put back.
	 * @throws PackBroken When the pack is not as it was written; nothing was changed then.
	 * @throws Refusal When the database would not; nothing was changed then.
	 */
	public function from( string $dir, string $key, string $id, array $dump, array $staged ): array {
		$mysql  = Mysql::connect();
		$counts = self::wanted( $dump );
		try {
			if ( ! ( $staged['done'] ?? false ) || count( $this->left( $mysql, Storage::SHADOW ) ) !== count( $counts ) ) {
				$this->sweep( $mysql );
				$this->load( $mysql, $dir, $key, $id, $dump['parts'], $counts );
			}
			foreach ( $counts as $table => $rows ) {
				if ( (string) $rows !== $mysql->value( 'SELECT COUNT(*) FROM ' . $this->beside( Storage::SHADOW, $table ) ) ) {
					throw SnapshotRefusal::because( 'counts' );
				}
			}
			$carried = $this->carry( $mysql );
			$this->swap( $mysql, array_map( 'strval', array_keys( $counts ) ) );
			$this->carry_late( $mysql, $carried );
		} finally {
			$this->sweep( $mysql );
			$mysql->close();
		}
		return array_map( 'strval', array_keys( $counts ) );
	}

	/**
	 * @param array<string,mixed> $dump What the last step of the dump gave back.
	 * @return array<string,int> Rows by table, of those that are put back.
	 */
	private static function wanted( array $dump ): array {
		$counts = array();
		foreach ( $dump['counts'] as $table => $rows ) {
			if ( ! DumpTables::stays( (string) $table ) ) {
				$counts[ (string) $table ] = (int) $rows;
			}
		}
		return $counts;
	}

	/**
	 * @param array<int,array{0:string,1:string}> $parts  Name and hash of each, by their place in the pack.
	 * @param array<string,int>                   $counts Tables that are wanted.
	 */
	private function load( Mysql $mysql, string $dir, string $key, string $id, array $parts, array $counts ): void {
		foreach ( $parts as $part => list( $name, $hash ) ) {
			$mysql->run( 'START TRANSACTION' );
			foreach ( PartReader::entries( $dir . '/' . basename( $name ), $hash, $key, $id, $part ) as list( $what, $bytes ) ) {
				if ( ! isset( $counts[ $what['table'] ] ) ) {
					continue;
				}
				$shadow = $this->beside( Storage::SHADOW, $what['table'] );
				$said   = 'rows' === $what['t']
					? $mysql->attempt( 'INSERT INTO ' . $shadow . ' (' . $what['names'] . ') VALUES ' . $bytes )
					: $mysql->attempt( (string) preg_replace( '/\ACREATE TABLE `(?:[^`]|``)+`/', 'CREATE TABLE ' . addcslashes( $shadow, '\\$' ), $bytes, 1 ) );
				if ( 0 !== $said ) {
					throw SnapshotRefusal::because( 'not_restored' );
				}
			}
			$mysql->run( 'COMMIT' );
		}
	}

	/**
	 * Our options as they are now.
	 *
	 * @return array<int,array<string,string|null>> What was carried.
	 */
	private function carry( Mysql $mysql ): array {
		$carried = $this->ours( $mysql, Mysql::name( $this->prefix . 'options' ) );
		foreach ( $carried as $row ) {
			if ( 0 !== $this->put( $mysql, $this->beside( Storage::SHADOW, $this->prefix . 'options' ), $row ) ) {
				throw SnapshotRefusal::because( 'not_restored' );
			}
		}
		return $carried;
	}

	/**
	 * What somebody wrote into our options between the copy and the RENAME.
	 *
	 * @param array<int,array<string,string|null>> $carried What was carried before.
	 */
	private function carry_late( Mysql $mysql, array $carried ): void {
		$before = array_column( $carried, 'option_value', 'option_name' );
		$live   = Mysql::name( $this->prefix . 'options' );
		foreach ( $this->ours( $mysql, $this->beside( Storage::ASIDE, $this->prefix . 'options' ) ) as $row ) {
			$name = (string) $row['option_name'];
			if ( ! array_key_exists( $name, $before ) ) {
				$this->put( $mysql, $live, $row );
			} elseif ( $before[ $name ] !== $row['option_value'] ) {
				$mysql->attempt(
					"UPDATE {$live} SET option_value = " . $mysql->quoted( (string) $row['option_value'] )
					. ' WHERE option_name = ' . $mysql->quoted( $name ) . ' AND option_value = ' . $mysql->quoted( (string) $before[ $name ] )
				);
			}
		}
	}

	/** @return array<int,array<string,string|null>> */
	private function ours( Mysql $mysql, string $options ): array {
		return $mysql->rows( "SELECT option_name, option_value, autoload FROM {$options} WHERE option_name LIKE '" . str_replace( '_', '\\_', Storage::PREFIX ) . "%'" );
	}

	/** @param array<string,string|null> $row Of an options table. */
	private function put( Mysql $mysql, string $options, array $row ): int {
		return $mysql->attempt(
			"INSERT INTO {$options} (option_name, option_value, autoload) VALUES ("
			. implode( ', ', array_map( array( $mysql, 'quoted' ), array_map( 'strval', array_values( $row ) ) ) ) . ')'
		);
	}

	/** @param array<int,string> $tables Live names. */
	private function swap( Mysql $mysql, array $tables ): void {
		$live    = array_flip( array_column( $mysql->tables( $this->prefix ), 'Name' ) );
		$renames = array();
		foreach ( $tables as $table ) {
			if ( isset( $live[ $table ] ) ) {
				$renames[] = Mysql::name( $table ) . ' TO ' . $this->beside( Storage::ASIDE, $table );
			}
			$renames[] = $this->beside( Storage::SHADOW, $table ) . ' TO ' . Mysql::name( $table );
		}
		$mysql->run( 'SET SESSION lock_wait_timeout = 5' );
		$said = self::LOCKED;
		for ( $try = 1; $try <= self::TRIES && self::LOCKED === $said; $try++ ) {
			$said = $mysql->attempt( 'RENAME TABLE ' . implode( ', ', $renames ) );
		}
		if ( 0 !== $said ) {
			throw SnapshotRefusal::because( self::LOCKED === $said ? 'locked' : 'not_restored' );
		}
	}

	/** Tables that a restore left, this one or one that died. */
	public function sweep( Mysql $mysql ): void {
		foreach ( array( Storage::SHADOW, Storage::ASIDE ) as $kind ) {
			foreach ( $this->left( $mysql, $kind ) as $left ) {
				$mysql->attempt( 'DROP TABLE IF EXISTS ' . Mysql::name( $left ) );
			}
		}
	}

	/** @return array<int,string> Names of the tables of that kind. */
	private function left( Mysql $mysql, string $kind ): array {
		return array_map( 'strval', array_column( $mysql->rows( 'SHOW TABLE STATUS LIKE ' . $mysql->quoted( addcslashes( $this->prefix . $kind, '_%\\' ) . '%' ) ), 'Name' ) );
	}

	/** Names may be 64 characters long, so the table's own does not fit behind ours. */
	private function beside( string $kind, string $table ): string {
		return Mysql::name( $this->prefix . $kind . substr( hash( 'sha256', $table ), 0, 24 ) );
	}
}
