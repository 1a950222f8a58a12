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

	private string $room = '';
	private string $key  = '';
	private string $id   = '';

	protected function setUp(): void {
		$this->room = sys_get_temp_dir() . '/presswarden-pack-' . bin2hex( random_bytes( 6 ) );
		$this->key  = random_bytes( 32 );
		$this->id   = random_bytes( 16 );
		foreach ( array( '', '/live', '/live/a', '/live/empty', '/pack' ) as $folder ) {
			mkdir( $this->room . $folder );
		}
		if ( ! PartWriter::available() ) {
			$this->markTestSkipped( 'This PHP has no AES-256-GCM.' );
		}
	}

	protected function tearDown(): void {
		$this->remove( $this->room );
	}

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

	/** @return array<string,array{0:string}> */
	public function tampering(): array {
		$names = array(
			'one bit',
			'a byte cut',
			'cut at a record border',
			'bytes appended',
			'a record doubled',
			'first record removed',
			'another guard',
			'parts swapped',
			'a part of another pack',
			'a part gone',
			'a part dropped from the list',
			'other totals',
		);
		return array_combine(
			$names,
			array_map(
				static function ( string $name ): array {
					return array( $name );
				},
				$names
			)
		);
	}

	/**
	 * @group req-W14
	 * @dataProvider tampering
	 */
	public function test_a_pack_that_was_touched_is_refused( string $how ): void {
		// Several records in each part, and parts that end with a file: the border at which a part could be left out unseen.
		foreach ( array( 'a', 'b', 'c' ) as $name ) {
			file_put_contents( $this->room . '/live/' . $name . '.txt', random_bytes( 2500000 ) );
		}
		file_put_contents( $this->room . '/live/d.txt', 'A whole file in a part of its own.' );
		rmdir( $this->room . '/live/empty' );
		$cursor = $this->pack( 0.0 );
		$this->assertTrue( $cursor['done'] );
		list( $parts, $expect ) = $this->tamper( $how, $cursor );
		foreach ( array( 'proved', 'unpacked' ) as $done ) {
			try {
				if ( 'proved' === $done ) {
					Unpacker::prove( $this->room . '/pack', $parts, $this->key, $this->id, $expect, Unpacker::START, INF );
				} else {
					Unpacker::to( $this->room . '/out', $this->room . '/pack', $parts, $this->key, $this->id, $expect );
				}
				$this->fail( 'It was ' . $done . ' with: ' . $how );
			} catch ( PackBroken $broken ) {
				$this->assertContains( $broken->reason, array( PackBroken::DAMAGED, PackBroken::MISSING, PackBroken::TOTALS ) );
			}
		}
	}

	/** @group req-W14 */
	public function test_the_hashes_of_the_list_do_not_make_a_forged_part_sound(): void {
		$this->fill();
		$cursor = $this->pack( 0.0 );
		$path   = $this->room . '/pack/' . $cursor['parts'][1][0];
		$bytes  = (string) file_get_contents( $path );
		file_put_contents( $path, substr( $bytes, 0, -1 ) . chr( ord( substr( $bytes, -1 ) ) ^ 1 ) );
		$cursor['parts'][1][1] = hash_file( 'sha256', $path );
		$this->expectException( PackBroken::class );
		$this->unpack( $cursor );
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

	/** @return array<string,array{0:string}> */
	public function ways_out(): array {
		return array(
			'above'       => array( '../x' ),
			'in between'  => array( 'a/../../x' ),
			'absolute'    => array( '/tmp/x' ),
			'empty'       => array( '' ),
			'with a null' => array( "a\0b" ),
			'a dot'       => array( './x' ),
		);
	}

	/**
	 * @group req-W14
	 * @dataProvider ways_out
	 */
	public function test_a_path_that_leaves_the_folder_is_refused( string $path ): void {
		$part = new PartWriter( $this->room . '/pack/f00000.php', $this->key, $this->id, 0 );
		$part->entry( array( 't' => FileList::FILE, 'p' => base64_encode( $path ), 'm' => 0644, 'o' => 0, 'e' => true ), 'x' );
		$this->expectException( PackBroken::class );
		Unpacker::to(
			$this->room . '/out',
			$this->room . '/pack',
			array( array( 'f00000.php', $part->close() ) ),
			$this->key,
			$this->id,
			array(
				'files' => 1,
				'bytes' => 1,
			)
		);
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

	private function fill(): void {
		file_put_contents( $this->room . '/live/plugin.php', "<?php\n// Plugin.\n" );
		file_put_contents( $this->room . '/live/empty.txt', '' );
		file_put_contents( $this->room . '/live/a/big.bin', random_bytes( 3000001 ) );
		file_put_contents( $this->room . "/live/a/\xFFname", 'bytes' );
		chmod( $this->room . '/live/plugin.php', 0600 );
		for ( $i = 0; $i < 20; $i++ ) {
			file_put_contents( $this->room . "/live/a/{$i}.txt", str_repeat( (string) $i, $i * 1000 ) );
		}
	}

	/** @return array<string,mixed> */
	private function pack( float $until ): array {
		FileList::write( $this->room . '/live', array(), $this->room . '/list.php' );
		$cursor = FilePacker::START;
		for ( $i = 0; $i < 200 && ! $cursor['done']; $i++ ) {
			$cursor = $this->step( $cursor, $until );
		}
		file_put_contents( $this->room . '/cursor', json_encode( $cursor ) );
		return $cursor;
	}

	/**
	 * @param array<string,mixed> $cursor Where to go on.
	 * @return array<string,mixed>
	 */
	private function step( array $cursor, float $until ): array {
		return json_decode( (string) json_encode( FilePacker::step( $this->room . '/live', $this->room . '/list.php', $this->room . '/pack', $this->key, $this->id, $cursor, $until ) ), true );
	}

	/** @param array<string,mixed>|null $cursor Of the finished pack. */
	private function unpack( ?array $cursor = null ): void {
		$cursor = null === $cursor ? json_decode( (string) file_get_contents( $this->room . '/cursor' ), true ) : $cursor;
		$expect = array(
			'files' => $cursor['files'],
			'bytes' => $cursor['bytes'],
		);
		Unpacker::to( $this->room . '/out', $this->room . '/pack', $cursor['parts'], $this->key, $this->id, $expect );
	}

	/**
	 * @param array<string,mixed> $cursor Of the finished pack.
	 * @return array{0:array<int,array{0:string,1:string}>,1:array{files:int,bytes:int}}
	 */
	private function tamper( string $how, array $cursor ): array {
		$parts  = $cursor['parts'];
		$expect = array(
			'files' => $cursor['files'],
			'bytes' => $cursor['bytes'],
		);
		$path   = $this->room . '/pack/' . $parts[2][0];
		$bytes  = (string) file_get_contents( $path );
		$first  = strlen( Guard::LINE ) + PartWriter::SALT;
		$length = 4 + PartWriter::TAG + unpack( 'N', substr( $bytes, $first, 4 ) )[1];
		$files  = array(
			'one bit'                => substr( $bytes, 0, 70 ) . chr( ord( $bytes[70] ) ^ 4 ) . substr( $bytes, 71 ),
			'a byte cut'             => substr( $bytes, 0, -1 ),
			'cut at a record border' => substr( $bytes, 0, $first + $length ),
			'bytes appended'         => $bytes . 'x',
			'a record doubled'       => substr( $bytes, 0, $first + $length ) . substr( $bytes, $first ),
			'first record removed'   => substr( $bytes, 0, $first ) . substr( $bytes, $first + $length ),
			'another guard'          => str_replace( 'exit', 'echo', substr( $bytes, 0, 30 ) ) . substr( $bytes, 30 ),
		);
		if ( isset( $files[ $how ] ) ) {
			file_put_contents( $path, $files[ $how ] );
			// The list says what the forger wants it to: the records alone must tell.
			$parts[2][1] = hash_file( 'sha256', $path );
		} elseif ( 'parts swapped' === $how ) {
			list( $parts[1], $parts[2] ) = array( $parts[2], $parts[1] );
		} elseif ( 'a part of another pack' === $how ) {
			$other = new PartWriter( $path, $this->key, random_bytes( 16 ), 2 );
			$other->entry( array( 't' => FileList::FOLDER, 'p' => base64_encode( 'x' ), 'm' => 0755 ), '' );
			$parts[2][1] = $other->close();
		} elseif ( 'a part gone' === $how ) {
			unlink( $path );
		} elseif ( 'a part dropped from the list' === $how ) {
			array_pop( $parts );
		} elseif ( 'other totals' === $how ) {
			++$expect['bytes'];
		}
		return array( $parts, $expect );
	}

	/** @return array<string,string> */
	private function tree( string $folder ): array {
		$found = array();
		foreach ( new \RecursiveIteratorIterator( new \RecursiveDirectoryIterator( $folder, \FilesystemIterator::SKIP_DOTS ), \RecursiveIteratorIterator::SELF_FIRST ) as $file ) {
			$found[ substr( $file->getPathname(), strlen( $folder ) ) ] = decoct( $file->getPerms() & 0777 ) . ' ' . ( $file->isFile() ? hash_file( 'sha256', $file->getPathname() ) : 'folder' );
		}
		ksort( $found );
		return $found;
	}

	private function remove( string $path ): void {
		if ( is_dir( $path ) && ! is_link( $path ) ) {
			foreach ( array_diff( (array) scandir( $path ), array( '.', '..' ) ) as $name ) {
				$this->remove( $path . '/' . $name );
			}
			rmdir( $path );
		} elseif ( file_exists( $path ) || is_link( $path ) ) {
			unlink( $path );
		}
	}
}
