<?php
/**
 * The plain parts of the watchdog: marker, evidence, headers and swap, on folders of their own; no WordPress.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Watch\Evidence;
use Presswarden\Connector\Watch\Guard;
use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\PackBroken;
use Presswarden\Connector\Watch\Rescue;
use Presswarden\Connector\Watch\Room;
use Presswarden\Connector\Watch\Swap;
use Presswarden\Connector\Watch\TakeBackFailed;
use Presswarden\Connector\Watch\Tree;

/**
 * @group req-W15
 */
final class WatchTest extends WatchedFolder {

	/** A class that the folder of the doors lacks would be missed in the middle of taking back. */
	public function test_every_class_of_the_watchdog_is_put_in_place_and_found(): void {
		// Only the connector itself packs.
		$classes = array_values( array_diff( array_map( 'basename', (array) glob( __DIR__ . '/../src/Watch/*.php' ) ), array( 'FilePacker.php' ) ) );
		preg_match_all( "#=> '/([A-Za-z]+\.php)'#", (string) file_get_contents( __DIR__ . '/../doors/load.php' ), $found );
		preg_match_all( "#^\t\t'([A-Za-z]+\.php)',$#m", (string) file_get_contents( __DIR__ . '/../src/Site/Watchdog.php' ), $placed );
		$this->assertSame( $classes, $found[1] );
		$this->assertSame( $classes, $placed[1] );
	}

	public function test_room_is_really_written_and_given_up_with_the_change(): void {
		$marker        = $this->marker();
		$marker->items = array( array( 'files' => 2, 'bytes' => 3000000 ) );
		Room::hold( $this->folder, $marker->items );
		clearstatcache();
		$this->assertGreaterThan( 3000000, filesize( $this->folder . '/room.php' ) );
		$this->assertStringStartsWith( Guard::LINE, (string) file_get_contents( $this->folder . '/room.php', false, null, 0, 99 ) );
		$marker->save();
		$marker->end( Marker::CLOSED, '', time() );
		$this->assertFileDoesNotExist( $this->folder . '/room.php' );
		$this->expectException( PackBroken::class );
		Room::hold( $this->folder . '/none', array() );
	}

	/** @dataProvider places */
	public function test_a_place_that_no_change_may_touch_is_refused( string $live ): void {
		$this->expectException( TakeBackFailed::class );
		Swap::place( '/w', '/w/wp-content', $live );
	}

	/** @return array<string,array{0:string}> */
	public function places(): array {
		$found = array();
		$bad = array( '', '/etc', '../x', 'a/../../b', './a', 'a//b', "a\0b", 'a\\b', 'wp-config.php', '.htaccess', 'wp-content' );
		foreach ( array_merge( $bad, array( 'wp-content/presswarden-snapshots/x', 'wp-content/presswarden-state', 'wp-content/mu-plugins/presswarden-watchdog/Watch.php' ) ) as $live ) {
			$found[ json_encode( $live ) ] = array( $live );
		}
		return $found;
	}

	public function test_places_of_components_are_allowed(): void {
		foreach ( array( 'wp-admin', 'index.php', 'wp-content/plugins/my plugin', 'wp-content/plugins/hello.php', 'wp-content/languages/plugins/a-de_DE.mo' ) as $live ) {
			$this->assertSame( '/w/' . $live, Swap::place( '/w', '/w/wp-content', $live ) );
		}
	}

	public function test_a_swap_whose_second_rename_is_refused_leaves_everything_where_it_was(): void {
		foreach ( array( 'one', 'two' ) as $name ) {
			mkdir( $this->root . '/' . $name );
			file_put_contents( $this->root . '/' . $name . '/v', 'live' );
		}
		mkdir( $this->root . '/stage/one', 0777, true );
		$swap = new Swap();
		$swap->plan( $this->root . '/one', $this->root . '/stage/one', $this->root . '/stage/old-0' );
		$swap->plan( $this->root . '/two', $this->root . '/stage/not-there', $this->root . '/stage/old-1' );
		try {
			$swap->run();
			$this->fail( 'It was not refused.' );
		} catch ( TakeBackFailed $failed ) {
			$this->assertSame( TakeBackFailed::RENAME, $failed->reason );
		}
		$this->assertSame( 'live', file_get_contents( $this->root . '/one/v' ) );
		$this->assertSame( 'live', file_get_contents( $this->root . '/two/v' ) );
	}

	public function test_a_link_is_not_swapped(): void {
		symlink( $this->root . '/' . self::LIVE, $this->root . '/link' );
		mkdir( $this->root . '/stage' );
		$this->expectExceptionObject( new TakeBackFailed( TakeBackFailed::LINK ) );
		( new Swap() )->plan( $this->root . '/link', $this->root . '/stage/0', $this->root . '/stage/old-0' );
	}

	public function test_a_copied_marker_is_not_of_this_site(): void {
		$marker = $this->marker();
		$this->assertTrue( $marker->is_of( $this->root . '/wp-content' ) );
		mkdir( $this->root . '/copy/wp-content', 0777, true );
		$this->assertFalse( $marker->is_of( $this->root . '/copy/wp-content' ) );
	}

	public function test_a_marker_that_is_no_marker_reads_as_none(): void {
		foreach ( array( '', '{', '[]', '{"change":1}', '{"change":"x","items":"y","content":"z"}' ) as $text ) {
			Guard::replace( $this->folder . '/' . Marker::OPEN_FILE, $text );
			$this->assertNull( Marker::read( $this->folder ), $text );
		}
		file_put_contents( $this->folder . '/' . Marker::OPEN_FILE, json_encode( get_object_vars( $this->marker() ) ) );
		$this->assertNull( Marker::read( $this->folder ), 'without the guard' );
	}

	public function test_a_fatal_error_names_the_component_by_its_place_or_its_trace(): void {
		$marker = $this->marker();
		$here   = array(
			'type'    => E_ERROR,
			'message' => 'x',
			'file'    => $this->root . '/' . self::LIVE . '/tiny.php',
			'line'    => 3,
		);
		$this->assertTrue( Evidence::names_it( $marker, $here ) );
		$this->assertTrue( Evidence::names_it( $marker, array( 'file' => '/a.php', 'message' => "Uncaught\n#0 /w/" . self::LIVE . '/a.php(3)' ) + $here ) );
		$this->assertFalse( Evidence::names_it( $marker, array( 'file' => '/w/wp-content/plugins/tiny-two/a.php' ) + $here ) );
		$marker->component = 'core';
		$this->assertFalse( Evidence::names_it( $marker, array( 'message' => '#0 /w/wp-includes/plugin.php(1)' ) + $here ), 'every trace runs through WordPress' );
		$this->assertTrue( Evidence::names_it( $marker, array( 'file' => '/w/wp-includes/post.php' ) + $here ) );
	}

	public function test_the_sites_own_errors_are_known_again_and_a_changes_are_not(): void {
		$marker = $this->marker();
		$error  = array(
			'type'    => E_ERROR,
			'message' => "Allowed memory size of 100 bytes exhausted\ntrace",
			'file'    => '/w/a.php',
			'line'    => 3,
		);
		Evidence::remember( $this->folder, $error, $marker->opened - 5, false );
		$this->assertFalse( Evidence::is_old( $marker, $error ), 'it came with a change before' );
		Evidence::remember( $this->folder, $error, $marker->opened - 4, true );
		Evidence::remember( $this->folder, $error, $marker->opened + 4, false );
		$this->assertTrue( Evidence::is_old( $marker, array( 'message' => 'Allowed memory size of 999 bytes exhausted' ) + $error ) );
		$this->assertFalse( Evidence::is_old( $marker, array( 'message' => 'another' ) + $error ) );
		$this->assertCount( 1, Evidence::fatals( $this->folder ) );
		$this->assertStringNotContainsString( 'memory', (string) file_get_contents( $this->folder . '/fatals.php' ) );
	}

	public function test_the_ring_keeps_the_newest_fifty(): void {
		for ( $line = 1; $line <= 60; ++$line ) {
			Evidence::remember( $this->folder, array( 'type' => 1, 'message' => 'x', 'file' => '/a.php', 'line' => $line ), $line, true );
		}
		$rows = Evidence::fatals( $this->folder );
		$this->assertSame( array( 50, 60, 11 ), array( count( $rows ), $rows[0]['line'], $rows[49]['line'] ) );
	}

	public function test_weak_signs_need_a_look_before(): void {
		$marker = $this->marker();
		$this->assertFalse( Evidence::counts( $marker, Evidence::BOOT_CUT, 'page' ), 'nobody looked' );
		Evidence::before( $marker, 'page', Evidence::EARLY_OUTPUT );
		$this->assertTrue( Evidence::counts( $marker, Evidence::BOOT_CUT, 'page' ) );
		$this->assertFalse( Evidence::counts( $marker, Evidence::EARLY_OUTPUT, 'page' ), 'it was there before' );
		$this->assertFalse( Evidence::counts( $marker, Evidence::BOOT_CUT, 'another page' ) );
	}

	public function test_some_signs_are_enough_at_once_and_some_only_twice(): void {
		$marker = $this->marker();
		$this->assertTrue( Evidence::counts( $marker, Evidence::FATAL_HERE, '' ) );
		foreach ( array( Evidence::FATAL_ELSEWHERE, Evidence::DIED, Evidence::HUNG ) as $kind ) {
			$this->assertFalse( Evidence::counts( $marker, $kind, '' ) );
			$this->assertTrue( Evidence::counts( $marker, $kind, '' ) );
		}
		$marker->change = str_replace( '1', '2', self::CHANGE );
		$this->assertFalse( Evidence::counts( $marker, Evidence::DIED, '' ), 'another change begins anew' );
	}

	public function test_what_hangs_counts_once_however_often_it_is_seen(): void {
		$marker = $this->marker();
		$this->assertFalse( Evidence::counts( $marker, Evidence::HUNG, '', 'one' ) );
		$this->assertFalse( Evidence::counts( $marker, Evidence::HUNG, '', 'one' ) );
		$this->assertTrue( Evidence::counts( $marker, Evidence::HUNG, '', 'another' ) );
	}

	public function test_logs_do_not_change_a_fingerprint_and_code_does(): void {
		$live = $this->root . '/' . self::LIVE;
		$was  = Tree::fingerprint( $live );
		file_put_contents( $live . '/error_log', 'x' );
		$this->assertSame( $was, Tree::fingerprint( $live ) );
		file_put_contents( $live . '/tiny.php', '<?php // 1.1' );
		$this->assertNotSame( $was, Tree::fingerprint( $live ), 'the same size, another version' );
		$this->assertSame( '', Tree::fingerprint( $live . '/gone' ) );
	}

	public function test_removing_does_not_follow_links(): void {
		mkdir( $this->root . '/go' );
		symlink( $this->root . '/' . self::LIVE, $this->root . '/go/link' );
		Tree::remove( $this->root . '/go' );
		$this->assertFileExists( $this->root . '/' . self::LIVE . '/tiny.php' );
		$this->assertDirectoryDoesNotExist( $this->root . '/go' );
	}

	public function test_the_name_of_the_rescue_file_is_the_contracts(): void {
		$this->assertSame( 'presswarden-' . substr( hash( 'sha256', "presswarden-rescue-1\ni\nc" ), 0, 32 ) . '.php', Rescue::file_name( 'i', 'c' ) );
	}

	public function test_a_header_is_good_for_its_purpose_its_change_and_300_seconds(): void {
		$this->assertHeaders(
			static function ( Marker $marker ): \Closure {
				$pair         = Ed25519::keypair();
				$marker->keys = array( base64_encode( $pair['public'] ) );
				return static function ( string $text ) use ( $pair ): string {
					return Ed25519::sign( $text, $pair['secret'] );
				};
			}
		);
	}

	public function test_a_header_of_an_hmac_pairing_too(): void {
		$this->assertHeaders(
			static function ( Marker $marker ): \Closure {
				$marker->mac = base64_encode( str_repeat( 'm', 32 ) );
				return static function ( string $text ): string {
					return hash_hmac( 'sha256', $text, str_repeat( 'm', 32 ), true );
				};
			}
		);
	}

	public function test_a_key_of_another_size_than_keys_have_signs_nothing(): void {
		$marker = $this->marker();
		foreach ( array( '', 'm', str_repeat( 'm', 31 ), str_repeat( 'm', 33 ) ) as $key ) {
			// Not base64 at all comes to the empty key, which everybody has.
			$marker->mac = '' === $key ? '*' : base64_encode( $key );
			$text        = "presswarden-recover\n" . $marker->installation . "\n" . self::CHANGE . "\n1800000000";
			$header      = self::CHANGE . '.1800000000.' . rtrim( strtr( base64_encode( hash_hmac( 'sha256', $text, $key, true ) ), '+/', '-_' ), '=' );
			$this->assertFalse( Rescue::signed( $marker, Rescue::RECOVER, $header, 1800000000 ), $key );
		}
	}

	/** @param \Closure(Marker):\Closure $keyed Gives the marker its key and returns what signs. */
	private function assertHeaders( \Closure $keyed ): void {
		if ( ! Ed25519::available() ) {
			$this->markTestSkipped( 'Neither sodium nor sodium_compat here.' );
		}
		$marker = $this->marker();
		$sign   = $keyed( $marker );
		$now    = 1800000000;
		$make   = static function ( string $purpose, string $change, int $at ) use ( $sign, $marker ): string {
			$signature = $sign( 'presswarden-' . $purpose . "\n" . $marker->installation . "\n" . $change . "\n" . $at );
			return $change . '.' . $at . '.' . rtrim( strtr( base64_encode( $signature ), '+/', '-_' ), '=' );
		};
		$good   = $make( Rescue::RECOVER, self::CHANGE, $now );
		$this->assertTrue( Rescue::signed( $marker, Rescue::RECOVER, $good, $now ) );
		$this->assertTrue( Rescue::signed( $marker, Rescue::RECOVER, $good, $now + 300 ) );
		$this->assertTrue( Rescue::signed( $marker, Rescue::RECOVER, $good, $now - 30 ) );
		$this->assertFalse( Rescue::signed( $marker, Rescue::RECOVER, $good, $now + 301 ) );
		$this->assertFalse( Rescue::signed( $marker, Rescue::RECOVER, $good, $now - 31 ) );
		$this->assertFalse( Rescue::signed( $marker, Rescue::PROBE, $good, $now ) );
		$this->assertFalse( Rescue::signed( $marker, Rescue::RECOVER, $make( Rescue::RECOVER, str_replace( '1', '2', self::CHANGE ), $now ), $now ) );
		foreach ( array( '', 'x', $good . '=', $good . "\n", substr( $good, 0, -1 ), str_replace( '.18', '.018', $good ), strtoupper( $good ) ) as $bad ) {
			$this->assertFalse( Rescue::signed( $marker, Rescue::RECOVER, $bad, $now ), $bad );
		}
		$this->assertTrue( Rescue::signed( $marker, Rescue::PROBE, $make( Rescue::PROBE, self::CHANGE, $now ), $now ) );
	}
}
