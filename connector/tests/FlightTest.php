<?php
/**
 * Requests that did not come to their end: which are looked at, what is told of them, and what a visitor can't make of them.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Watch\Evidence;
use Presswarden\Connector\Watch\Flight;
use Presswarden\Connector\Watch\Tree;

/**
 * @group req-W15
 */
final class FlightTest extends TestCase {

	private string $folder;

	protected function setUp(): void {
		$this->folder = sys_get_temp_dir() . '/presswarden-flight-' . bin2hex( random_bytes( 6 ) );
		mkdir( $this->folder, 0777, true );
	}

	protected function tearDown(): void {
		Tree::remove( $this->folder );
	}

	public function test_a_request_that_ends_leaves_nothing_and_one_that_dies_is_told_once(): void {
		$now    = time();
		$flight = Flight::begin( $this->folder, $now );
		$this->assertNotNull( $flight );
		$this->assertSame( array(), Flight::left_behind( $this->folder, $now ), 'it is alive' );
		$this->assertSame( array(), Flight::left_behind( $this->folder, $now + 30 ) );
		$hung = Flight::left_behind( $this->folder, $now + 31 );
		$this->assertSame( array( Evidence::HUNG ), array_column( $hung, 0 ) );
		$this->assertSame( $hung, Flight::left_behind( $this->folder, $now + 32 ), 'by the same name' );
		$flight->end( $now );
		$this->assertSame( array(), Flight::left_behind( $this->folder, $now + 31 ) );
		$flight = Flight::begin( $this->folder, $now );
		unset( $flight );
		$this->assertSame( array( array( Evidence::DIED, '' ) ), Flight::left_behind( $this->folder, $now ) );
		$this->assertSame( array(), Flight::left_behind( $this->folder, $now + 31 ) );
		$this->assertCount( 1, glob( $this->folder . '/flight/*.php' ), 'one file a process' );
	}

	public function test_an_answer_that_is_on_its_way_neither_hangs_nor_dies_by_the_visitors_leave(): void {
		$now    = time();
		$flight = Flight::begin( $this->folder, $now );
		$this->assertNotNull( $flight );
		$flight->answers( $now );
		$this->assertSame( array(), Flight::left_behind( $this->folder, $now + 3600 ), 'somebody reads slowly' );
		unset( $flight );
		$this->assertSame( array(), Flight::left_behind( $this->folder, $now + 3600 ), 'and was cut off for it' );
	}

	public function test_an_answer_that_begins_when_all_is_over_says_nothing_more(): void {
		$now    = time();
		$flight = Flight::begin( $this->folder, $now );
		$flight->end( $now );
		$flight->answers( $now );
		$next = Flight::begin( $this->folder, $now );
		$this->assertNotNull( $next );
		unset( $next );
		$this->assertSame( array( array( Evidence::DIED, '' ) ), Flight::left_behind( $this->folder, $now ) );
	}

	/** @dataProvider requests */
	public function test_long_work_by_nature_is_not_watched( string $method, string $path, bool $watched ): void {
		$this->assertSame( $watched, Flight::is_watched( $method, $path ) );
	}

	/** @return array<int,array{0:string,1:string,2:bool}> */
	public function requests(): array {
		return array(
			array( 'GET', '/', true ),
			array( 'HEAD', '/shop/', true ),
			array( 'POST', '/', false ),
			array( 'GET', '/wp-cron.php', false ),
			array( 'GET', '/wp-admin/admin-ajax.php', false ),
			array( 'GET', '/my-wp-cron.php.html', true ),
		);
	}
}
