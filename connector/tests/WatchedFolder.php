<?php
/**
 * A small plugin in a folder of its own with the watchdog's beside it, gone after each test; no WordPress.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Watch\Marker;
use Presswarden\Connector\Watch\Tree;

abstract class WatchedFolder extends TestCase {

	protected const CHANGE = '11111111-2222-4333-8444-555555555555';
	protected const LIVE   = 'wp-content/plugins/tiny';

	protected string $root;
	protected string $folder;

	protected function setUp(): void {
		$this->root   = sys_get_temp_dir() . '/presswarden-watch-' . bin2hex( random_bytes( 6 ) );
		$this->folder = Marker::folder( $this->root . '/wp-content' );
		mkdir( $this->folder, 0777, true );
		mkdir( $this->root . '/' . self::LIVE, 0777, true );
		file_put_contents( $this->root . '/' . self::LIVE . '/tiny.php', '<?php // 1.0' );
	}

	protected function tearDown(): void {
		Tree::remove( $this->root );
	}

	protected function marker( string $state = Marker::CONFIRM ): Marker {
		$marker               = new Marker();
		$marker->change       = self::CHANGE;
		$marker->component    = 'plugin:tiny/tiny.php';
		$marker->installation = '99999999-2222-4333-8444-555555555555';
		$marker->state        = $state;
		$marker->opened       = time();
		$marker->deadline     = time() + 300;
		$marker->root         = $this->root;
		$marker->content      = $this->root . '/wp-content';
		$marker->live         = self::LIVE;
		$marker->keys         = array( 'a key' );
		return $marker;
	}
}
