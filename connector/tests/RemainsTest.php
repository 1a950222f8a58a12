<?php
/**
 * Which folders below wp-content/upgrade are of a zip of ours.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Site\Updates\Remains;

final class RemainsTest extends TestCase {

	private const LETTERS = 'a1B2c3D4e5F6g7H8';

	/**
	 * @group req-W15
	 */
	public function test_the_folder_of_a_zip_is_known_with_and_without_the_letters_of_newer_versions(): void {
		$names = array( '.', '..', 'index.php', 'tiny.1.1-Ab3xYz', 'tiny.1.1-Ab3xYz-' . self::LETTERS );
		$this->assertSame( array_slice( $names, 3 ), Remains::unpacked_from( '/tmp/tiny.1.1-Ab3xYz.tmp', $names ) );
	}

	/**
	 * @group req-W15
	 * @dataProvider others
	 */
	public function test_nobody_elses_folder_is_ours( string $zip, string $name ): void {
		$this->assertSame( array(), Remains::unpacked_from( $zip, array( $name ) ) );
	}

	/** @return array<string,array{0:string,1:string}> */
	public static function others(): array {
		$zip = '/tmp/tiny.1.1-Ab3xYz.tmp';
		return array(
			'another download of the same zip' => array( $zip, 'tiny.1.1-Qq9wEe' ),
			'that one with letters'            => array( $zip, 'tiny.1.1-Qq9wEe-' . self::LETTERS ),
			'a longer name'                    => array( $zip, 'tiny.1.1-Ab3xYz-more' ),
			'too many letters'                 => array( $zip, 'tiny.1.1-Ab3xYz-' . self::LETTERS . 'x' ),
			'a dot is a dot'                   => array( $zip, 'tinyx1.1-Ab3xYz' ),
			'a line too much'                  => array( $zip, "tiny.1.1-Ab3xYz\n" ),
			'no zip'                           => array( '', 'anything' ),
			'a name that is no name'           => array( '/tmp/...tmp', '..' ),
			'an empty name'                    => array( '/tmp/.zip', '-' . self::LETTERS ),
		);
	}
}
