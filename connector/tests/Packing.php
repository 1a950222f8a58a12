<?php
/**
 * A folder to pack and what a test of packs does with it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use Presswarden\Connector\Watch\FileList;
use Presswarden\Connector\Watch\FilePacker;
use Presswarden\Connector\Watch\PartWriter;
use Presswarden\Connector\Watch\Unpacker;

trait Packing {

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
