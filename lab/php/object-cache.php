<?php
/**
 * Plugin Name: A persistent object cache for lab sites
 *
 * Keeps every group in files that all processes of a site share, as Redis and Memcached do; WordPress then keeps its transients here and
 * no more in the database. Nothing is ever forgotten by itself: a test flushes it. Limits: slow, and no locks but those of rename.
 */

declare( strict_types=1 );

require_once ABSPATH . WPINC . '/class-wp-object-cache.php';

final class Presswarden_Lab_Cache extends WP_Object_Cache {

	private string $room = PRESSWARDEN_LAB_STATE . '/object-cache';

	public function __construct() {
		parent::__construct();
		is_dir( $this->room ) || mkdir( $this->room );
	}

	public function get( $key, $group = 'default', $force = false, &$found = null ) {
		$here = $this->file( $key, $group );
		$text = is_file( $here ) ? (string) file_get_contents( $here ) : '';
		list( $until, $value ) = '' === $text ? array( 1, null ) : unserialize( $text );
		$found = 0 === $until || $until > time();
		$found ? ++$this->cache_hits : ++$this->cache_misses;
		return $found ? $value : false;
	}

	public function set( $key, $data, $group = 'default', $expire = 0 ) {
		$here  = $this->file( $key, $group );
		$fresh = $here . '.' . bin2hex( random_bytes( 4 ) );
		file_put_contents( $fresh, serialize( array( $expire > 0 ? time() + (int) $expire : 0, $data ) ) );
		return rename( $fresh, $here );
	}

	public function add( $key, $data, $group = 'default', $expire = 0 ) {
		$this->get( $key, $group, true, $found );
		return ! $found && ! wp_suspend_cache_addition() && $this->set( $key, $data, $group, $expire );
	}

	public function replace( $key, $data, $group = 'default', $expire = 0 ) {
		$this->get( $key, $group, true, $found );
		return $found && $this->set( $key, $data, $group, $expire );
	}

	public function delete( $key, $group = 'default', $deprecated = false ) {
		$here = $this->file( $key, $group );
		return is_file( $here ) && unlink( $here );
	}

	public function incr( $key, $offset = 1, $group = 'default' ) {
		$now = $this->get( $key, $group, true, $found );
		return $found && $this->set( $key, (int) $now + (int) $offset, $group ) ? (int) $now + (int) $offset : false;
	}

	public function decr( $key, $offset = 1, $group = 'default' ) {
		return $this->incr( $key, -(int) $offset, $group );
	}

	public function flush() {
		array_map( 'unlink', (array) glob( $this->room . '/*' ) );
		return true;
	}

	private function file( $key, $group ): string {
		return $this->room . '/' . md5( get_current_blog_id() . "\n" . ( $group ? $group : 'default' ) . "\n" . $key );
	}
}

function wp_cache_init() {
	$GLOBALS['wp_object_cache'] = new Presswarden_Lab_Cache();
}
function wp_cache_get( $key, $group = '', $force = false, &$found = null ) {
	return $GLOBALS['wp_object_cache']->get( $key, $group, $force, $found );
}
function wp_cache_set( $key, $data, $group = '', $expire = 0 ) {
	return $GLOBALS['wp_object_cache']->set( $key, $data, $group, (int) $expire );
}
function wp_cache_add( $key, $data, $group = '', $expire = 0 ) {
	return $GLOBALS['wp_object_cache']->add( $key, $data, $group, (int) $expire );
}
function wp_cache_replace( $key, $data, $group = '', $expire = 0 ) {
	return $GLOBALS['wp_object_cache']->replace( $key, $data, $group, (int) $expire );
}
function wp_cache_delete( $key, $group = '' ) {
	return $GLOBALS['wp_object_cache']->delete( $key, $group );
}
function wp_cache_incr( $key, $offset = 1, $group = '' ) {
	return $GLOBALS['wp_object_cache']->incr( $key, $offset, $group );
}
function wp_cache_decr( $key, $offset = 1, $group = '' ) {
	return $GLOBALS['wp_object_cache']->decr( $key, $offset, $group );
}
function wp_cache_flush() {
	return $GLOBALS['wp_object_cache']->flush();
}
function wp_cache_close() {
	return true;
}
function wp_cache_add_global_groups( $groups ) {
}
function wp_cache_add_non_persistent_groups( $groups ) {
}
function wp_cache_switch_to_blog( $blog ) {
}
