<?php
/**
 * A pack that was touched is refused, whatever the list of its parts says.
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

final class PackTamperTest extends TestCase {
	use Packing;

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
}
