<?php
/**
 * What a site holds, as component key => facts: its hash, and the difference from an older one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Inventory {

	/** Hex SHA-256 of the canonical text. */
	public static function hash( \stdClass $inventory ): string {
		return hash( 'sha256', Jcs::encode( $inventory ) );
	}

	/** `{"base":...,"set":{...},"unset":[...]}`: what turns $older into $newer. */
	public static function delta( \stdClass $older, \stdClass $newer ): \stdClass {
		$before = get_object_vars( $older );
		$after  = get_object_vars( $newer );
		$set    = new \stdClass();
		foreach ( $after as $key => $facts ) {
			if ( ! array_key_exists( $key, $before ) || Jcs::encode( $before[ $key ] ) !== Jcs::encode( $facts ) ) {
				$set->$key = $facts;
			}
		}
		$unset = array_map( 'strval', array_keys( array_diff_key( $before, $after ) ) );
		sort( $unset, SORT_STRING );
		return (object) array(
			'base'  => self::hash( $older ),
			'set'   => $set,
			'unset' => $unset,
		);
	}
}
