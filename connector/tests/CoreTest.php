<?php
/**
 * Sealing, argument checks, the catalogue, URL forms, canonical JSON and the class map.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Core\ActionSpec;
use Presswarden\Connector\Core\Arguments;
use Presswarden\Connector\Core\Catalogue;
use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\Jcs;
use Presswarden\Connector\Core\Merkle;
use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Core\PinnedKey;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\SealBroken;
use Presswarden\Connector\Core\Sealed;
use Presswarden\Connector\Core\Url;

/**
 * @group req-W9
 * @group req-P5
 * @group req-W10
 */
final class CoreTest extends TestCase {

	/** @dataProvider sealed */
	public function test_a_sealed_value_opens_or_says_why_not( \stdClass $case ): void {
		try {
			$plain = Sealed::open( $case->sealed, $case->auth_key, $case->context );
		} catch ( SealBroken $broken ) {
			$this->assertSame( isset( $case->reason ) ? $case->reason : 'opened', $broken->reason );
			$this->assertStringNotContainsString( 'vector only', (string) $broken->getMessage() );
			return;
		}
		$this->assertTrue( property_exists( $case, 'plain' ), 'opened, but must not' );
		$this->assertSame( $case->plain, bin2hex( $plain ) );
	}

	/** @return array<string,array{0:\stdClass}> */
	public function sealed(): array {
		return Vectors::cases( 'sealed' );
	}

	public function test_sealing_twice_gives_two_texts_and_both_open(): void {
		$key = Vectors::cases( 'sealed' )['a sealed value opens'][0]->auth_key;
		$one = Sealed::seal( 'plain', $key, 'c' );
		$two = Sealed::seal( 'plain', $key, 'c' );
		$this->assertNotSame( $one, $two );
		$this->assertSame( array( 'plain', 'plain' ), array( Sealed::open( $one, $key, 'c' ), Sealed::open( $two, $key, 'c' ) ) );
		$this->assertStringNotContainsString( 'plain', $one . base64_decode( substr( $one, 21 ), true ) );
	}

	public function test_sealing_under_a_weak_key_is_refused(): void {
		$this->expectException( SealBroken::class );
		Sealed::seal( 'plain', 'put your unique phrase here', 'c' );
	}

	/** @dataProvider arguments */
	public function test_arguments_fit_or_are_refused( bool $fits, string $tool, string $args ): void {
		try {
			Arguments::check( json_decode( $args ), Catalogue::actions()[ $tool ]->args );
		} catch ( Refusal $refusal ) {
			$this->assertFalse( $fits );
			$this->assertSame( 'call.args', $refusal->wire_code );
			return;
		}
		$this->assertTrue( $fits, 'accepted, but must be refused' );
	}

	/** @return array<string,array{0:bool,1:string,2:string}> */
	public function arguments(): array {
		$key  = base64_encode( str_repeat( 'k', 32 ) );
		$sig  = base64_encode( str_repeat( 's', 64 ) );
		$good = sprintf( '{"epoch":2,"public_key":"%s","signature":"%s"}', $key, $sig );
		return array(
			'a read without arguments'         => array( true, 'wp.site.health', '{}' ),
			'a read with an argument'          => array( false, 'wp.site.health', '{"a":1}' ),
			'a read with a numbered argument'  => array( false, 'wp.site.health', '{"0":1}' ),
			'a pause with a reason'            => array( true, 'control.pause', '{"reason":""}' ),
			'a reason of 200 letters'          => array( true, 'control.pause', '{"reason":"' . str_repeat( 'é', 200 ) . '"}' ),
			'a reason of 201 letters'          => array( false, 'control.pause', '{"reason":"' . str_repeat( 'é', 201 ) . '"}' ),
			'a pause without its reason'       => array( false, 'control.pause', '{}' ),
			'a reason that is a number'        => array( false, 'control.pause', '{"reason":1}' ),
			'a reason that is a list'          => array( false, 'control.pause', '{"reason":["a"]}' ),
			'a pause with something more'      => array( false, 'control.pause', '{"reason":"","force":true}' ),
			'a rotation'                       => array( true, 'control.rotate', $good ),
			'a rotation to epoch 0'            => array( false, 'control.rotate', str_replace( '2', '0', $good ) ),
			'a rotation with the epoch as text' => array( false, 'control.rotate', str_replace( ':2', ':"2"', $good ) ),
			'a rotation with a short key'      => array( false, 'control.rotate', str_replace( $key, 'AAAA', $good ) ),
			'a rotation with a line feed'      => array( false, 'control.rotate', str_replace( $key, $key . '\n', $good ) ),
		);
	}

	public function test_a_schema_word_that_is_not_known_is_our_fault(): void {
		$this->expectException( \LogicException::class );
		Arguments::check(
			new \stdClass(),
			array(
				'type'  => 'object',
				'oneOf' => array(),
			)
		);
	}

	public function test_the_catalogue_names_each_tool_once_and_what_changes_a_site_needs_a_plan(): void {
		$actions = Catalogue::actions();
		$this->assertArrayHasKey( 'wp.site.inventory', $actions );
		foreach ( $actions as $tool => $spec ) {
			$this->assertSame( $tool, $spec->tool );
			$this->assertSame( in_array( $spec->class, array( ActionSpec::CHANGE, ActionSpec::RECOVER ), true ), $spec->needs_plan() );
			$this->assertFalse( $spec->args['additionalProperties'] );
			$this->assertFileExists( dirname( __DIR__, 2 ) . '/contract/schemas/actions/' . $tool . '.json' );
		}
	}

	/** @dataProvider urls */
	public function test_a_url_has_one_written_form( string $given, string $form, bool $permitted ): void {
		$this->assertSame( $form, Url::normalise( $given ) );
		$this->assertSame( $permitted, Url::permitted( $form ) );
	}

	/** @return array<int,array{0:string,1:string,2:bool}> */
	public function urls(): array {
		return array(
			array( 'https://Example.COM/', 'https://example.com', true ),
			array( 'HTTPS://example.com:443/Blog/', 'https://example.com/Blog', true ),
			array( 'http://example.com:80', 'http://example.com', false ),
			array( 'http://LOCALHOST:8080/', 'http://localhost:8080', true ),
			array( 'http://a.b.localhost', 'http://a.b.localhost', true ),
			array( 'http://localhost.example', 'http://localhost.example', false ),
			array( 'http://127.255.0.9', 'http://127.255.0.9', true ),
			array( 'http://128.0.0.1', 'http://128.0.0.1', false ),
			array( 'http://2130706433', 'http://2130706433', false ),
			array( 'http://[::1]', 'http://[::1]', true ),
			array( 'http://[::ffff:127.0.0.1]', 'http://[::ffff:127.0.0.1]', false ),
			array( 'https://user@example.com', '', false ),
			array( 'https://example.com?x', '', false ),
			array( 'https://example.com#x', '', false ),
			array( 'https://exämple.com', '', false ),
			array( 'https://example.com\\evil', '', false ),
			array( 'javascript:alert(1)', '', false ),
			array( '//example.com', '', false ),
			array( '', '', false ),
		);
	}

	public function test_names_are_sorted_by_utf_16_units(): void {
		$object = (object) array(
			"\u{FB33}"  => 1,
			"\u{1F600}" => 2,
			"\u{20AC}"  => 3,
			'10'        => 4,
			'9'         => 5,
		);
		$this->assertSame( "{\"10\":4,\"9\":5,\"\u{20AC}\":3,\"\u{1F600}\":2,\"\u{FB33}\":1}", Jcs::encode( $object ) );
	}

	/** @dataProvider without_form */
	public function test_what_has_no_json_form_is_not_written( $value ): void {
		$this->expectException( \InvalidArgumentException::class );
		Jcs::encode( $value );
	}

	/** @return array<string,array{0:mixed}> */
	public function without_form(): array {
		return array(
			'an array with keys'     => array( array( 'a' => 1 ) ),
			'text that is not UTF-8' => array( "\xff" ),
			'a number beyond 2^53'   => array( 9007199254740992 ),
			'not a number'           => array( NAN ),
			'infinity'               => array( INF ),
			'another object'         => array( new \ArrayObject() ),
		);
	}

	/** @dataProvider broken_pins */
	public function test_a_pin_that_is_not_whole_is_refused( callable $make ): void {
		$this->expectException( \InvalidArgumentException::class );
		$make();
	}

	/** @return array<string,array{0:callable}> */
	public function broken_pins(): array {
		$fields = get_object_vars( Vectors::file( 'calls' )->pins->paired );
		$three  = array_map( static fn ( string $letter ): PinnedKey => new PinnedKey( str_repeat( $letter, 32 ), null ), array( 'a', 'b', 'c' ) );
		return array(
			'an empty key'       => array( static fn () => new PinnedKey( '', null ) ),
			'a key of zeros'     => array( static fn () => new PinnedKey( str_repeat( "\0", 32 ), null ) ),
			'a short key'        => array( static fn () => new PinnedKey( 'short', null ) ),
			'three keys'         => array( static fn () => new Pinned( array( 'keys' => $three ) + $fields ) ),
			'an unknown field'   => array( static fn () => new Pinned( array( 'keys' => array() ) + $fields + array( 'extra' => 1 ) ) ),
			'a field is missing' => array( static fn () => new Pinned( array( 'keys' => array() ) + array_diff_key( $fields, array( 'fingerprint' => 1 ) ) ) ),
		);
	}

	public function test_a_damaged_secret_key_signs_nothing(): void {
		$this->expectException( \RuntimeException::class );
		Ed25519::sign( 'text', 'short' );
	}

	public function test_a_plan_of_more_than_100000_leaves_has_no_root(): void {
		$this->assertNotNull( Merkle::root_from( 'leaf', 0, 100000, array_fill( 0, 17, str_repeat( 'h', 32 ) ) ) );
		$this->assertNull( Merkle::root_from( 'leaf', 0, 100001, array_fill( 0, 17, str_repeat( 'h', 32 ) ) ) );
		$this->assertNull( Merkle::root_from( 'leaf', 0, 100000, array_fill( 0, 18, str_repeat( 'h', 32 ) ) ) );
	}

	public function test_the_class_map_is_exactly_the_class_files(): void {
		$root  = dirname( __DIR__ );
		$files = array();
		foreach ( new \RecursiveIteratorIterator( new \RecursiveDirectoryIterator( $root . '/src', \FilesystemIterator::SKIP_DOTS ) ) as $file ) {
			if ( 'php' === $file->getExtension() ) {
				$files[] = substr( $file->getPathname(), strlen( $root ) );
			}
		}
		sort( $files );
		$mapped = array_values( \Presswarden\Connector\CLASS_FILES );
		sort( $mapped );
		$this->assertSame( $files, $mapped );
		foreach ( \Presswarden\Connector\CLASS_FILES as $class => $file ) {
			$this->assertSame( 'Presswarden\\Connector' . str_replace( '/', '\\', substr( $file, strlen( '/src' ), -4 ) ), $class );
		}
	}
}
