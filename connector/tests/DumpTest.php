<?php
/**
 * Which tables and columns a dump takes. Values are proved on real databases.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Site\Database\DumpTables;
use Presswarden\Connector\Site\Database\Mysql;
use Presswarden\Connector\Site\Database\MysqlColumns;
use Presswarden\Connector\Site\Database\Sqlite;
use Presswarden\Connector\Site\SnapshotManifest;
use Presswarden\Connector\Site\SnapshotRefusal;

/** @group req-W14 */
final class DumpTest extends TestCase {

	public function test_our_tables_and_those_of_another_wordpress_are_not_taken(): void {
		$all = array(
			'wp_options',
			'wp_posts',
			'wp_users',
			'wp_shop_options',
			'wp_shop_posts',
			'wp_shop_users',
			'wp_plugin_options',
			'wp_presswarden_calls',
			'wp_presswarden_of_a_later_version',
			'WP_posts',
			'wpx_posts',
		);
		$this->assertSame( array( 'wp_options', 'wp_plugin_options', 'wp_posts', 'wp_users' ), DumpTables::of_this_site( $all, 'wp_' ) );
		$this->assertSame( array( 'wp_shop_options', 'wp_shop_posts', 'wp_shop_users' ), DumpTables::of_this_site( $all, 'wp_shop_' ) );
	}

	public function test_generated_columns_are_left_out_and_default_ones_are_not(): void {
		$columns = new MysqlColumns(
			array(
				$this->column( 'id', 'bigint unsigned', 'PRI', 'auto_increment' ),
				$this->column( 'made', 'datetime', '', 'DEFAULT_GENERATED' ),
				$this->column( 'twice', 'bigint', '', 'STORED GENERATED' ),
				$this->column( 'thrice', 'bigint', '', 'VIRTUAL GENERATED' ),
				$this->column( 'old', 'bigint', '', 'PERSISTENT' ),
				$this->column( 'ratio', 'float', '', '' ),
				$this->column( 'flags', 'bit(3)', '', '' ),
				$this->column( 'a`b', 'text', '', '' ),
			)
		);
		$this->assertSame( '`id`,`made`,`ratio`,`flags`,`a``b`', $columns->names() );
		$this->assertSame( '`id`,`made`,`ratio` + 0e0,HEX(`flags`),`a``b`', $columns->reads() );
		$this->assertTrue( $columns->can_be_walked() );
		$this->assertSame( ' ORDER BY `id`', $columns->order() );
		$this->assertSame( array( base64_encode( '7' ) ), $columns->remember( array( '7', '', '0', '0', '' ) ) );
	}

	public function test_a_key_that_does_not_order_its_rows_is_not_walked_along(): void {
		foreach ( array( 'float', 'bit(4)' ) as $type ) {
			$columns = new MysqlColumns( array( $this->column( 'id', $type, 'PRI', '' ), $this->column( 'other', 'int', 'PRI', '' ) ) );
			$this->assertFalse( $columns->can_be_walked(), $type );
		}
		$this->assertFalse( ( new MysqlColumns( array( $this->column( 'id', 'int', 'UNI', '' ) ) ) )->can_be_walked() );
	}

	public function test_names_can_not_end_their_quotes(): void {
		$this->assertSame( '`a``; DROP TABLE b`', Mysql::name( 'a`; DROP TABLE b' ) );
		$this->assertSame( '"a""; DROP TABLE b"', Sqlite::name( 'a"; DROP TABLE b' ) );
	}

	public function test_only_a_plain_id_names_a_snapshot(): void {
		$this->assertTrue( SnapshotManifest::is_id( '01234567-89ab-4def-8123-456789abcdef' ) );
		foreach ( array( '', '..', '01234567-89ab-4def-8123-456789abcdeF', "01234567-89ab-4def-8123-456789abcdef\n", '01234567-89ab-4def-8123-456789abcdef/..' ) as $id ) {
			$this->assertFalse( SnapshotManifest::is_id( $id ), $id );
		}
	}

	public function test_a_refusal_says_its_word_first(): void {
		$refusal = SnapshotRefusal::because( 'disk' );
		$this->assertSame( 'action.snapshot', $refusal->wire_code );
		$this->assertSame( 'disk: ', substr( $refusal->says, 0, 6 ) );
		$this->expectException( \LogicException::class );
		SnapshotRefusal::because( 'no such word' );
	}

	/** @return array<string,string> */
	private function column( string $name, string $type, string $key, string $extra ): array {
		return array(
			'Field'     => $name,
			'Type'      => $type,
			'Key'       => $key,
			'Extra'     => $extra,
			'Collation' => '',
		);
	}
}
