<?php
/**
 * Which tables are this site's: those with its prefix, but not ours, and not those of another site whose prefix begins the same.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Database;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Storage;

final class DumpTables {

	/**
	 * @param array<int,string> $all Tables whose names begin with the prefix.
	 * @return array<int,string>
	 */
	public static function of_this_site( array $all, string $prefix ): array {
		$there  = array_flip( $all );
		$others = array( $prefix . Storage::PREFIX );
		foreach ( $all as $table ) {
			// wp_shop_options and wp_shop_posts are another WordPress in the same database, not this one's tables.
			$stem = substr( $table, 0, -strlen( 'options' ) );
			if ( 'options' === substr( $table, -7 ) && strlen( $stem ) > strlen( $prefix ) && isset( $there[ $stem . 'posts' ] ) ) {
				$others[] = $stem;
			}
		}
		$ours = array();
		foreach ( $all as $table ) {
			$is_other = 0 !== strpos( $table, $prefix );
			foreach ( $others as $other ) {
				$is_other = $is_other || 0 === strpos( $table, $other );
			}
			if ( ! $is_other ) {
				$ours[] = $table;
			}
		}
		sort( $ours, SORT_STRING );
		return $ours;
	}

	/** Tables that a restore leaves as they are: a revoked password or a deleted user must not come back. */
	public static function stays( string $table ): bool {
		global $wpdb;
		return in_array( $table, array( $wpdb->users, $wpdb->usermeta ), true );
	}
}
