<?php
/**
 * A connection of our own to the site's MySQL or MariaDB: bytes in are bytes out, and nothing of WordPress's session is touched.
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

final class Mysql {

	private \mysqli $link;

	private function __construct( \mysqli $link ) {
		$this->link = $link;
	}

	/** @throws Refusal When the database does not answer. */
	public static function connect(): self {
		global $wpdb;
		$place = $wpdb->parse_db_host( DB_HOST );
		if ( ! function_exists( 'mysqli_init' ) || ! is_array( $place ) ) {
			throw SnapshotRefusal::because( 'connection' );
		}
		list( $host, $port, $socket, $is_ipv6 ) = $place;
		mysqli_report( MYSQLI_REPORT_OFF );
		$link = mysqli_init();
		$host = $is_ipv6 && extension_loaded( 'mysqlnd' ) ? "[{$host}]" : $host;
		if ( false === $link || ! @$link->real_connect( $host, DB_USER, DB_PASSWORD, DB_NAME, (int) $port, $socket, defined( 'MYSQL_CLIENT_FLAGS' ) ? MYSQL_CLIENT_FLAGS : 0 ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- refused in words below; the warning would name host and user.
			throw SnapshotRefusal::because( 'connection' );
		}
		$here = new self( $link );
		$link->set_charset( 'binary' );
		$here->run( "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00'" );
		// A slow disk between two rows must not end the connection. Where it may not be set, it stays as it is.
		$link->query( 'SET SESSION net_write_timeout = 600' );
		return $here;
	}

	/** @throws Refusal When the database says no. */
	public function run( string $sql ): void {
		if ( false === $this->link->query( $sql ) ) {
			throw SnapshotRefusal::because( 'connection' );
		}
	}

	/** Error number of a statement, 0 when it worked. */
	public function attempt( string $sql ): int {
		return false === $this->link->query( $sql ) ? max( 1, $this->link->errno ) : 0;
	}

	/**
	 * @return array<int,array<string,string|null>> All rows by column name.
	 * @throws Refusal When the database says no.
	 */
	public function rows( string $sql ): array {
		$result = $this->link->query( $sql );
		if ( ! $result instanceof \mysqli_result ) {
			throw SnapshotRefusal::because( 'connection' );
		}
		$rows = array();
		$row  = $result->fetch_assoc();
		while ( is_array( $row ) ) {
			$rows[] = $row;
			$row    = $result->fetch_assoc();
		}
		return $rows;
	}

	/** The first column of the first row. */
	public function value( string $sql ): string {
		$rows = $this->rows( $sql );
		return array() === $rows ? '' : (string) reset( $rows[0] );
	}

	/**
	 * Rows as the server sends them, without holding them all.
	 *
	 * @return \Generator<int,array<int,string|null>>
	 * @throws Refusal When the database says no, or stops in the middle.
	 */
	public function stream( string $sql ): \Generator {
		$result = $this->link->query( $sql, MYSQLI_USE_RESULT );
		if ( ! $result instanceof \mysqli_result ) {
			throw SnapshotRefusal::because( 'connection' );
		}
		$row = $result->fetch_row();
		while ( is_array( $row ) ) {
			yield $row;
			$row = $result->fetch_row();
		}
		if ( 0 !== $this->link->errno ) {
			throw SnapshotRefusal::because( 'connection' );
		}
		$result->free();
	}

	public function quoted( string $bytes ): string {
		return "'" . $this->link->real_escape_string( $bytes ) . "'";
	}

	public static function name( string $name ): string {
		return '`' . str_replace( '`', '``', $name ) . '`';
	}

	/** @return array<int,array<string,string|null>> SHOW TABLE STATUS of tables and views of this site. */
	public function tables( string $prefix ): array {
		$status = array_column( $this->rows( 'SHOW TABLE STATUS LIKE ' . $this->quoted( addcslashes( $prefix, '_%\\' ) . '%' ) ), null, 'Name' );
		return array_values( array_intersect_key( $status, array_flip( DumpTables::of_this_site( array_map( 'strval', array_keys( $status ) ), $prefix ) ) ) );
	}

	/** Ends it at once, also in the middle of rows. */
	public function close(): void {
		$this->link->close();
	}
}
