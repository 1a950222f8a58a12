<?php
/**
 * How the columns of one table are read and written as literals, so that every value comes back as it was.
 *
 * Numbers stand as they are, bits and geometries in hex, a FLOAT as the DOUBLE it is (its own text is rounded), JSON as text
 * (MySQL takes no bytes for it), all else as quoted bytes. Generated columns are left to the server.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Database;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class MysqlColumns {

	private const PLAIN  = 'plain';
	private const HEX    = 'hex';
	private const JSON   = 'json';
	private const QUOTED = 'quoted';

	/** @var array<int,string> Kinds, in the order of the columns. */
	private array $kinds = array();
	/** @var array<int,string> Quoted names. */
	private array $names = array();
	/** @var array<int,string> What is selected. */
	private array $reads = array();
	/** @var array<int,array{0:int,1:string}> Position and charset of the primary key's columns; empty when it can't be walked along. */
	private array $primary = array();

	/** @param array<int,array<string,string|null>> $columns SHOW FULL COLUMNS. */
	public function __construct( array $columns ) {
		$walkable = true;
		foreach ( $columns as $column ) {
			if ( 1 === preg_match( '/\b(?:VIRTUAL|STORED|PERSISTENT)\b/i', (string) $column['Extra'] ) ) {
				continue;
			}
			$type  = strtolower( (string) $column['Type'] );
			$name  = Mysql::name( (string) $column['Field'] );
			$kind  = self::kind( $type );
			$float = 0 === strpos( $type, 'float' );
			if ( 'PRI' === $column['Key'] ) {
				$walkable        = $walkable && ! $float && self::HEX !== $kind;
				$this->primary[] = array( count( $this->names ), self::PLAIN === $kind ? '' : (string) strstr( $column['Collation'] . '_', '_', true ) );
			}
			$this->kinds[] = $kind;
			$this->names[] = $name;
			$this->reads[] = $float ? $name . ' + 0e0' : ( self::HEX === $kind ? 'HEX(' . $name . ')' : $name );
		}
		$this->primary = $walkable ? $this->primary : array();
	}

	/** For INSERT. */
	public function names(): string {
		return implode( ',', $this->names );
	}

	/** For SELECT. */
	public function reads(): string {
		return implode( ',', $this->reads );
	}

	public function can_be_walked(): bool {
		return array() !== $this->primary;
	}

	/** @param array<int,string|null> $row As selected. */
	public function literal( array $row, Mysql $mysql ): string {
		$out = '';
		foreach ( $row as $at => $value ) {
			$out .= '' === $out ? '(' : ',';
			if ( null === $value ) {
				$out .= 'NULL';
			} elseif ( self::PLAIN === $this->kinds[ $at ] ) {
				$out .= $value;
			} elseif ( self::HEX === $this->kinds[ $at ] ) {
				$out .= '' === $value ? "''" : '0x' . $value;
			} else {
				$out .= ( self::JSON === $this->kinds[ $at ] ? '_utf8mb4' : '' ) . $mysql->quoted( $value );
			}
		}
		return $out . ')';
	}

	/** ` ORDER BY` along the primary key. */
	public function order(): string {
		return ' ORDER BY ' . implode( ',', $this->key_names() );
	}

	/**
	 * ` WHERE` for the rows behind one.
	 *
	 * @param array<int,string> $after Values of the primary key, as remember() gave them.
	 */
	public function behind( array $after, Mysql $mysql ): string {
		$names = $this->key_names();
		$ways  = array();
		foreach ( $names as $depth => $name ) {
			$same = array();
			for ( $i = 0; $i < $depth; $i++ ) {
				$same[] = $names[ $i ] . ' = ' . $this->key_literal( $i, $after[ $i ], $mysql );
			}
			$same[] = $name . ' > ' . $this->key_literal( $depth, $after[ $depth ], $mysql );
			$ways[] = '(' . implode( ' AND ', $same ) . ')';
		}
		return '(' . implode( ' OR ', $ways ) . ')';
	}

	/**
	 * @param array<int,string|null> $row As selected.
	 * @return array<int,string> Values of its primary key, fit for JSON.
	 */
	public function remember( array $row ): array {
		$values = array();
		foreach ( $this->primary as list( $at ) ) {
			$values[] = base64_encode( (string) $row[ $at ] );
		}
		return $values;
	}

	/** In the column's own charset: a comparison of bytes would walk in another order than the key's. */
	private function key_literal( int $at, string $value, Mysql $mysql ): string {
		list( $column, $charset ) = $this->primary[ $at ];
		$bytes                    = (string) base64_decode( $value );
		return self::PLAIN === $this->kinds[ $column ] ? $bytes : ( '' === $charset ? '' : '_' . $charset ) . $mysql->quoted( $bytes );
	}

	/** @return array<int,string> */
	private function key_names(): array {
		$names = array();
		foreach ( $this->primary as list( $at ) ) {
			$names[] = $this->names[ $at ];
		}
		return $names;
	}

	private static function kind( string $type ): string {
		if ( 1 === preg_match( '/\A(?:tinyint|smallint|mediumint|int|bigint|decimal|numeric)\b/', $type ) ) {
			return self::PLAIN;
		}
		if ( 1 === preg_match( '/\A(?:bit|geometry|point|linestring|polygon|multipoint|multilinestring|multipolygon|geomcollection|geometrycollection)\b/', $type ) ) {
			return self::HEX;
		}
		return 'json' === $type ? self::JSON : self::QUOTED;
	}
}
