<?php
/**
 * Files that a language pack brought: they lie among those of others, so taking it back takes away what came, name by name.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Added {

	/** @return array<int,string> Names in the folder that are of the pattern. */
	public static function names( string $folder, string $pattern ): array {
		clearstatcache( true );
		return array_values( preg_grep( $pattern, array_map( 'strval', is_dir( $folder ) ? (array) scandir( $folder ) : array() ) ) );
	}

	/**
	 * What is there now and was not when the change was opened, as items that put nothing in its place.
	 *
	 * @return array<int,array<string,mixed>>
	 */
	public static function items( Marker $marker ): array {
		if ( '' === $marker->pattern ) {
			return array();
		}
		$items = array();
		foreach ( array_diff( self::names( $marker->root . '/' . $marker->live, $marker->pattern ), $marker->before ) as $name ) {
			$items[] = array(
				'live'  => $marker->live . '/' . $name,
				'kind'  => 'file',
				'pack'  => '',
				'parts' => array(),
				'key'   => '',
				'id'    => '',
				'files' => 0,
				'bytes' => 0,
			);
		}
		return $items;
	}
}
