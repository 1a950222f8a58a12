<?php
/**
 * Packs of files: what went in comes out, in steps as in one go, and a pack that was touched is refused.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Watch\FileList;
use Presswarden\Connector\Watch\FilePacker;
use Presswarden\Connector\Watch\Guard;
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\PartReader;
use Presswarden\Connector\Watch\PartWriter;
use Presswarden\Connector\Watch\Unpacker;

final class PackTest extends TestCase {
	use Packing;

	/** @group req-W14 */
	public function test_what_was_packed_comes_out_the_same(): void {
		$this->fill();
		$this->pack( INF );
		$this->unpack();
		$this->assertSame( $this->tree( $this->room . '/live' ), $this->tree( $this->room . '/out' ) );
	}

	/** @group req-W14 */
	public function test_a_pack_made_in_many_steps_gives_the_same_files(): void {
		$this->fill();
		$cursor = $this->pack( 0.0 );
		$this->assertGreaterThan( 10, count( $cursor['parts'] ) );
		$this->unpack();
		$this->assertSame( $this->tree( $this->room . '/live' ), $this->tree( $this->room . '/out' ) );
	}

	/** @group req-W14 */
	public function test_a_step_that_died_costs_only_itself(): void {
		$this->fill();
		FileList::write( $this->room . '/live', array(), $this->room . '/list.php' );
		$first = $this->step( FilePacker::START, 0.0 );
		$this->step( $first, 0.0 );
		file_put_contents( $this->room . '/pack/f00001.new.php', 'half of a part' );
		$again = $this->step( $first, INF );
		$this->assertTrue( $again['done'] );
		$this->unpack( $again );
		$this->assertSame( $this->tree( $this->room . '/live' ), $this->tree( $this->room . '/out' ) );
		$this->assertFileDoesNotExist( $this->room . '/pack/f00001.new.php' );
	}

	/** @group req-W14 */
	public function test_a_part_written_again_shares_no_byte_of_its_key_stream(): void {
		$this->fill();
		$this->pack( INF );
		$before = (string) file_get_contents( $this->room . '/pack/f00000.php' );
		$this->pack( INF );
		$after = (string) file_get_contents( $this->room . '/pack/f00000.php' );
		$head  = strlen( Guard::LINE );
		$this->assertSame( strlen( $before ), strlen( $after ) );
		$this->assertNotSame( substr( $before, $head, 32 ), substr( $after, $head, 32 ) );
		$this->assertNotSame( substr( $before, -1000 ), substr( $after, -1000 ) );
	}

	/** @group req-W14 */
	public function test_a_part_holds_at_most_16_mb_and_begins_with_the_guard(): void {
		$big = fopen( $this->room . '/live/big.bin', 'wb' );
		for ( $i = 0; $i < 35; $i++ ) {
			fwrite( $big, str_repeat( chr( $i ), 1048576 ) );
		}
		fclose( $big );
		$cursor = $this->pack( INF );
		$this->assertCount( 3, $cursor['parts'] );
		foreach ( $cursor['parts'] as list( $name ) ) {
			$this->assertLessThanOrEqual( PartWriter::PART + 4096, filesize( $this->room . '/pack/' . $name ) );
			$this->assertSame( Guard::LINE, file_get_contents( $this->room . '/pack/' . $name, false, null, 0, strlen( Guard::LINE ) ) );
			$this->assertStringEndsWith( '.php', $name );
		}
		$this->unpack();
		$this->assertFileEquals( $this->room . '/live/big.bin', $this->room . '/out/big.bin' );
	}

	/** @group req-W14 */
	public function test_a_proof_goes_on_where_the_step_before_stopped(): void {
		$this->fill();
		$cursor = $this->pack( 0.0 );
		$expect = array(
			'files' => $cursor['files'],
			'bytes' => $cursor['bytes'],
		);
		$state  = Unpacker::START;
		$steps  = 0;
		while ( $state['part'] < count( $cursor['parts'] ) ) {
			$state = json_decode( (string) json_encode( Unpacker::prove( $this->room . '/pack', $cursor['parts'], $this->key, $this->id, $expect, $state, 0.0 ) ), true );
			++$steps;
		}
		$this->assertSame( count( $cursor['parts'] ), $steps );
		$this->assertSame( $expect['bytes'], $state['bytes'] );
	}

	/** @group req-W14 */
	public function test_a_file_that_changes_between_two_steps_stops_the_pack(): void {
		file_put_contents( $this->room . '/live/log', str_repeat( 'x', 3000000 ) );
		FileList::write( $this->room . '/live', array( 'log' ), $this->room . '/list.php' );
		$cursor = $this->step( FilePacker::START, 0.0 );
		$this->assertGreaterThan( 0, $cursor['from'] );
		file_put_contents( $this->room . '/live/log', str_repeat( 'y', 3000001 ) );
		$this->expectExceptionMessage( PackBroken::CHANGED );
		$this->step( $cursor, 0.0 );
	}

	/** @group req-W14 */
	public function test_a_link_is_kept_as_a_link_and_not_followed(): void {
		if ( ! @symlink( '/etc', $this->room . '/live/link' ) ) { // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- not every system has links.
			$this->markTestSkipped( 'No links here.' );
		}
		file_put_contents( $this->room . '/live/one.php', 'x' );
		$this->pack( INF );
		$this->unpack();
		$this->assertSame( '/etc', readlink( $this->room . '/out/link' ) );
	}

	/** @group req-W14 */
	public function test_a_file_behind_the_guard_is_replaced_whole_and_read_without_it(): void {
		Guard::replace( $this->room . '/state.php', '{"a":1}' );
		Guard::replace( $this->room . '/state.php', '{"a":2}' );
		$this->assertSame( '{"a":2}', Guard::read( $this->room . '/state.php' ) );
		file_put_contents( $this->room . '/state.php', '{"a":3}' );
		$this->assertNull( Guard::read( $this->room . '/state.php' ) );
		$this->assertNull( Guard::read( $this->room . '/none.php' ) );
		$this->expectException( PackBroken::class );
		Guard::replace( $this->room . '/none/state.php', '' );
	}
}
