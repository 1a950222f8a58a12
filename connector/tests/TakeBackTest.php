<?php
/**
 * Taking back a change, on a folder of its own: whole, once, and never what is not ours to take back; no WordPress.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use Presswarden\Connector\Watch\FileList;
use Presswarden\Connector\Watch\FilePacker;
use Presswarden\Connector\Watch\Lock;
use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\PartWriter;
use Presswarden\Connector\Watch\TakeBack;
use Presswarden\Connector\Watch\Tree;

/**
 * @group req-W15
 */
final class TakeBackTest extends WatchedFolder {

	/** A change to 1.1 whose old files are packed. */
	private function changed(): Marker {
		if ( ! PartWriter::available() ) {
			$this->markTestSkipped( 'This PHP has no openssl with AES-256-GCM.' );
		}
		$marker = $this->marker();
		$live   = $this->root . '/' . self::LIVE;
		mkdir( $this->folder . '/pack' );
		FileList::write( $live, array(), $this->folder . '/list.php' );
		$packed        = FilePacker::step( $live, $this->folder . '/list.php', $this->folder . '/pack', str_repeat( 'k', 32 ), str_repeat( 'i', 16 ), FilePacker::START, INF );
		$marker->items = array(
			array(
				'live'  => self::LIVE,
				'kind'  => 'dir',
				'pack'  => 'pack',
				'parts' => $packed['parts'],
				'key'   => base64_encode( str_repeat( 'k', 32 ) ),
				'id'    => base64_encode( str_repeat( 'i', 16 ) ),
				'files' => $packed['files'],
				'bytes' => $packed['bytes'],
			),
		);
		file_put_contents( $live . '/tiny.php', '<?php // 1.1' );
		file_put_contents( $live . '/new.php', '<?php' );
		$marker->after = array( self::LIVE => Tree::fingerprint( $live ) );
		$marker->save();
		return $marker;
	}

	private function installed(): string {
		return (string) file_get_contents( $this->root . '/' . self::LIVE . '/tiny.php' );
	}

	public function test_a_change_is_taken_back_whole_and_its_keys_go_with_it(): void {
		$this->changed();
		$this->assertSame( Marker::RESTORED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'deadline' ) );
		$this->assertSame( '<?php // 1.0', $this->installed() );
		$this->assertFileDoesNotExist( $this->root . '/' . self::LIVE . '/new.php' );
		$this->assertNull( Marker::read( $this->folder ) );
		$last = Marker::newest( $this->folder );
		$this->assertNotNull( $last );
		$this->assertSame( array( Marker::RESTORED, 'deadline', array(), array() ), array( $last->state, $last->why, $last->keys, $last->items ) );
		$this->assertSame( array(), glob( $this->folder . '/stage-*' ) );
		$this->assertSame( Marker::RESTORED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'deadline' ), 'asked again, it says the same' );
	}

	public function test_half_of_a_first_language_pack_is_taken_away_and_nothing_else(): void {
		$folder = $this->root . '/wp-content/languages/plugins';
		mkdir( $folder, 0777, true );
		file_put_contents( $folder . '/tiny-de_DE.mo', 'there before' );
		$marker            = $this->marker( Marker::APPLYING );
		$marker->component = 'translation:plugin:tiny:de_DE';
		$marker->live      = 'wp-content/languages/plugins';
		$marker->pattern   = '/\Atiny-de_DE(?:\.po|\.mo|\.l10n\.php)\z/';
		$marker->before    = array( 'tiny-de_DE.mo' );
		$marker->items     = array( array( 'live' => $marker->live, 'kind' => 'each', 'pack' => 'pack', 'parts' => array(), 'key' => '', 'id' => '', 'files' => 0, 'bytes' => 0 ) );
		$marker->save();
		file_put_contents( $folder . '/tiny-de_DE.po', 'came' );
		file_put_contents( $folder . '/tiny-de_DE_formal.po', 'of another' );
		$this->assertSame( Marker::RESTORED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'updater-died' ) );
		$this->assertSame( array( 'tiny-de_DE.mo', 'tiny-de_DE_formal.po' ), array_values( array_diff( (array) scandir( $folder ), array( '.', '..' ) ) ) );
	}

	public function test_another_change_is_not_taken_back_by_this_ones_name(): void {
		$this->changed();
		$this->assertSame( '', TakeBack::run( $this->root . '/wp-content', str_replace( '1', '2', self::CHANGE ), 'deadline' ) );
		$this->assertSame( '<?php // 1.1', $this->installed() );
	}

	public function test_a_change_whose_updater_lives_is_left_to_it(): void {
		$marker        = $this->changed();
		$marker->state = Marker::APPLYING;
		$marker->save();
		$lock = Lock::take( $this->folder . '/' . Marker::APPLY_LOCK, 0.0 );
		$this->assertSame( Marker::APPLYING, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'updater-died' ) );
		$this->assertSame( Marker::APPLYING, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'recover-call' ) );
		Lock::release( $lock );
		$this->assertSame( Marker::RESTORED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'updater-died' ) );
	}

	public function test_an_updater_that_was_seen_dead_and_has_finished_is_not_dead(): void {
		$this->changed();
		$this->assertSame( Marker::CONFIRM, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'updater-died' ) );
		$this->assertSame( '<?php // 1.1', $this->installed() );
	}

	public function test_what_is_no_longer_as_it_was_left_is_left_alone(): void {
		$this->changed();
		file_put_contents( $this->root . '/' . self::LIVE . '/tiny.php', '<?php // 1.2' );
		$this->assertSame( Marker::SUPERSEDED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'deadline' ) );
		$this->assertSame( '<?php // 1.2', $this->installed() );
	}

	public function test_a_restore_that_never_comes_to_its_end_is_given_up(): void {
		$marker        = $this->changed();
		$marker->state = Marker::RESTORING;
		$marker->why   = 'died';
		$marker->tries = 5;
		$marker->save();
		$this->assertSame( Marker::FAILED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'died' ) );
		$this->assertSame( 'died: tries', Marker::newest( $this->folder )->why );
		$this->assertSame( '<?php // 1.1', $this->installed() );
	}

	public function test_pages_that_never_reach_the_database_do_not_use_up_the_tries_of_switching_back(): void {
		$marker       = $this->marker();
		$marker->undo = 'deactivate';
		$marker->save();
		for ( $visit = 0; $visit < 20; $visit++ ) {
			$this->assertSame( Marker::RESTORING, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'fatal-here' ) );
		}
		TakeBack::switched( $marker );
		$this->assertSame( Marker::RESTORED, Marker::newest( $this->folder )->state );
	}

	public function test_a_change_without_a_snapshot_can_not_be_taken_back_and_says_so(): void {
		$marker        = $this->marker();
		$marker->items = array();
		$marker->save();
		$this->assertSame( Marker::FAILED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'deadline' ) );
		$this->assertSame( 'deadline: nothing kept', Marker::newest( $this->folder )->why );
	}

	public function test_a_half_done_swap_is_undone_before_it_is_done_again(): void {
		$marker        = $this->changed();
		$marker->state = Marker::RESTORING;
		$marker->save();
		$stage = $this->folder . '/stage-' . substr( hash( 'sha256', self::CHANGE ), 0, 16 ) . '-x';
		mkdir( $stage );
		rename( $this->root . '/' . self::LIVE, $stage . '/old-0' );
		file_put_contents( $this->folder . '/pack/f00000.php', 'damaged' );
		$this->assertSame( Marker::FAILED, TakeBack::run( $this->root . '/wp-content', self::CHANGE, 'died' ) );
		$this->assertSame( '<?php // 1.1', $this->installed(), 'the only copy there is was not thrown away with the stage' );
	}
}
