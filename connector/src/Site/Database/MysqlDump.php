<?php
/**
 * Dump and restore of MySQL and MariaDB.
 *
 * First as one picture of all tables, in one call; while it is open an ALTER by anybody makes readers wait behind it, so it is
 * given up when the call's time ends. Then table by table along the primary key, over as many calls as it takes: not a point
 * in time, and it says so. Tables without a usable key are read in one go.
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
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\PartReader;
use Presswarden\Connector\Watch\PartWriter;

final class MysqlDump implements Dump {

	/** Rows of one question when it goes along a key. */
	private const BATCH = 1000;
	/** Text of one INSERT, about. */
	private const INSERT = 262144;
	/** What a fast host writes in a second; a database that would take even that longer than the call has is not tried in one. */
	private const PACE = 41943040;

	private const START = array(
		'mode'          => 'picture',
		'names'         => null,
		'at'            => 0,
		'after'         => null,
		'parts'         => array(),
		'bytes'         => 0,
		'tables'        => 0,
		'rows'          => 0,
		'counts'        => array(),
		'point_in_time' => true,
		'done'          => false,
	);

	private string $prefix;
	private ?PartWriter $part = null;
	/** The longest statement this server takes, or a part, whichever is less. */
	private int $longest = PartWriter::PART;

	public function __construct( string $prefix ) {
		$this->prefix = $prefix;
	}

	public function measure(): int {
		$mysql  = Mysql::connect();
		$prefix = $mysql->quoted( addcslashes( $this->prefix, '_%\\' ) . '%' );
		$asked  = array(
			'foreign_key' => 'SELECT TABLE_NAME AS n FROM information_schema.KEY_COLUMN_USAGE
				WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL AND TABLE_NAME LIKE ' . $prefix,
			'trigger'     => 'SELECT EVENT_OBJECT_TABLE AS n FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE LIKE ' . $prefix,
			'view'        => 'SELECT TABLE_NAME AS n FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE ' . $prefix,
		);
		$names  = array_column( $mysql->tables( $this->prefix ), 'Name' );
		foreach ( $asked as $word => $sql ) {
			if ( array() !== array_intersect( array_column( $mysql->rows( $sql ), 'n' ), $names ) ) {
				throw SnapshotRefusal::because( $word );
			}
		}
		$bytes = array_sum( array_column( $mysql->tables( $this->prefix ), 'Data_length' ) );
		$mysql->close();
		return (int) $bytes;
	}

	public function step( string $dir, string $key, string $id, array $cursor, float $until ): array {
		$mysql = Mysql::connect();
		try {
			$cursor       += self::START;
			$this->longest = (int) min( PartWriter::PART, (int) $mysql->value( 'SELECT @@max_allowed_packet' ) ) - 65536;
			if ( null === $cursor['names'] ) {
				$tables           = $mysql->tables( $this->prefix );
				$cursor['names']  = array_column( $tables, 'Name' );
				$cursor['tables'] = count( $tables );
				// What is in a table that knows no transactions is in no picture.
				$cursor['point_in_time'] = array() === array_diff( array_column( $tables, 'Engine' ), array( 'InnoDB' ) );
				$cursor['mode']          = array_sum( array_column( $tables, 'Data_length' ) ) > self::PACE * ( $until - microtime( true ) ) ? 'chunked' : 'picture';
			}
			if ( 'picture' === $cursor['mode'] ) {
				$mysql->run( 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ' );
				$mysql->run( 'START TRANSACTION WITH CONSISTENT SNAPSHOT' );
				$whole = $this->walk( $mysql, $dir, $key, $id, $cursor, $until );
				if ( $whole['done'] ) {
					return $whole;
				}
				$cursor['mode'] = 'chunked';
				foreach ( $whole['parts'] as list( $name ) ) {
					unlink( $dir . '/' . $name );
				}
				return array( 'point_in_time' => false ) + $cursor;
			}
			$cursor['point_in_time'] = false;
			return $this->walk( $mysql, $dir, $key, $id, $cursor, $until );
		} finally {
			null === $this->part || $this->part->drop();
			$this->part = null;
			$mysql->close();
		}
	}

	public function prove( string $dir, string $key, string $id, array $dump, int $part ): int {
		$bytes               = 0;
		list( $name, $hash ) = $dump['parts'][ $part ];
		foreach ( PartReader::entries( $dir . '/' . basename( $name ), $hash, $key, $id, $part ) as list( $what ) ) {
			if ( ! isset( $what['table'], $dump['counts'][ $what['table'] ] ) ) {
				throw new PackBroken( PackBroken::DAMAGED );
			}
			$bytes += $what['n'];
		}
		return $bytes;
	}

	public function stage( string $dir, string $key, string $id, array $dump, array $cursor, float $until ): array {
		return ( new MysqlRestore( $this->prefix ) )->stage( $dir, $key, $id, $dump, $cursor, $until );
	}

	public function restore( string $dir, string $key, string $id, array $dump, array $staged ): array {
		return ( new MysqlRestore( $this->prefix ) )->from( $dir, $key, $id, $dump, $staged );
	}

	public function tidy( array $kept ): void {
		$mysql = Mysql::connect();
		( new MysqlRestore( $this->prefix ) )->sweep( $mysql );
		$mysql->close();
	}

	/**
	 * @param array<string,mixed> $cursor Where to go on.
	 * @return array<string,mixed>
	 */
	private function walk( Mysql $mysql, string $dir, string $key, string $id, array $cursor, float $until ): array {
		$is_late = false;
		$count   = count( $cursor['names'] );
		while ( $cursor['at'] < $count && ! $is_late ) {
			$table   = $cursor['names'][ $cursor['at'] ];
			$columns = new MysqlColumns( $mysql->rows( 'SHOW FULL COLUMNS FROM ' . Mysql::name( $table ) ) );
			if ( null === $cursor['after'] ) {
				$made = array_values( $mysql->rows( 'SHOW CREATE TABLE ' . Mysql::name( $table ) )[0] );
				$this->add( $dir, $key, $id, $cursor, array( 't' => 'made', 'table' => $table ), (string) $made[1] );
				$cursor['counts'][ $table ] = 0;
			}
			$by_key = 'chunked' === $cursor['mode'] && $columns->can_be_walked();
			do {
				$where   = $this->where( $table, null === $cursor['after'] ? '' : $columns->behind( $cursor['after'], $mysql ) );
				$sql     = 'SELECT ' . $columns->reads() . ' FROM ' . Mysql::name( $table ) . $where . ( $by_key ? $columns->order() . ' LIMIT ' . self::BATCH : '' );
				$read    = $this->rows( $mysql, $sql, $columns, $dir, $key, $id, $table, $cursor, $by_key || 'picture' === $cursor['mode'] ? $until : INF );
				$more    = $by_key && ( $read['rows'] === self::BATCH || ! $read['all'] );
				$is_late = microtime( true ) >= $until;
				if ( ! $read['all'] && ! $by_key ) {
					return $cursor;
				}
				$cursor['after'] = $more ? $read['last'] : null;
			} while ( $more && ! $is_late );
			$cursor['at'] += $more ? 0 : 1;
		}
		$this->close( $cursor );
		$cursor['done'] = $cursor['at'] >= $count;
		return $cursor;
	}

	/**
	 * Rows of one question into entries. What is late stops in the middle: `all` is false then, and nothing more can be asked on this connection.
	 *
	 * @param array<string,mixed> $cursor Totals and parts; changed.
	 * @return array{rows:int,last:array<int,string>|null,all:bool}
	 */
	private function rows( Mysql $mysql, string $sql, MysqlColumns $columns, string $dir, string $key, string $id, string $table, array &$cursor, float $until ): array {
		$found = 0;
		$held  = '';
		$some  = 0;
		$last  = null;
		foreach ( $mysql->stream( $sql ) as $row ) {
			$literal = $columns->literal( $row, $mysql );
			if ( strlen( $literal ) > $this->longest ) {
				throw SnapshotRefusal::because( 'row' );
			}
			if ( '' !== $held && strlen( $held ) + strlen( $literal ) > self::INSERT ) {
				$this->add( $dir, $key, $id, $cursor, array( 't' => 'rows', 'table' => $table, 'names' => $columns->names() ), $held );
				$held                        = '';
				$cursor['counts'][ $table ] += $some;
				$cursor['rows']             += $some;
				$some                        = 0;
				if ( microtime( true ) >= $until ) {
					return array(
						'rows' => $found,
						'last' => $columns->remember( (array) $last ),
						'all'  => false,
					);
				}
			}
			$held .= '' === $held ? $literal : ',' . $literal;
			++$some;
			++$found;
			$last = $row;
		}
		if ( '' !== $held ) {
			$this->add( $dir, $key, $id, $cursor, array( 't' => 'rows', 'table' => $table, 'names' => $columns->names() ), $held );
			$cursor['counts'][ $table ] += $some;
			$cursor['rows']             += $some;
		}
		return array(
			'rows' => $found,
			'last' => null === $last ? null : $columns->remember( $last ),
			'all'  => true,
		);
	}

	/** What is ours and what is only for a while is never read. */
	private function where( string $table, string $behind ): string {
		$asked = '' === $behind ? array() : array( $behind );
		if ( $this->prefix . 'options' === $table ) {
			foreach ( array( Storage::PREFIX, '_transient_', '_site_transient_' ) as $begins ) {
				$asked[] = 'option_name NOT LIKE \'' . str_replace( '_', '\\_', $begins ) . '%\'';
			}
		}
		return array() === $asked ? '' : ' WHERE ' . implode( ' AND ', $asked );
	}

	/**
	 * @param array<string,mixed> $cursor Totals and parts; changed.
	 * @param array<string,mixed> $what   Description of the entry.
	 */
	private function add( string $dir, string $key, string $id, array &$cursor, array $what, string $bytes ): void {
		if ( null !== $this->part && ! $this->part->has_room( strlen( $bytes ) + 65536 ) ) {
			$this->close( $cursor );
		}
		if ( null === $this->part ) {
			$this->part = new PartWriter( $dir . '/' . self::name( count( $cursor['parts'] ) ), $key, $id, count( $cursor['parts'] ) );
		}
		$this->part->entry( $what, $bytes );
		$cursor['bytes'] += strlen( $bytes );
	}

	/** @param array<string,mixed> $cursor Totals and parts; changed. */
	private function close( array &$cursor ): void {
		if ( null !== $this->part ) {
			$name              = self::name( count( $cursor['parts'] ) );
			$cursor['parts'][] = array( $name, $this->part->close() );
			$this->part        = null;
		}
	}

	private static function name( int $part ): string {
		return sprintf( 'd%05d.php', $part );
	}
}
