<?php
/**
 * What was written since a snapshot and would be gone after its database came back.
 *
 * Counts only, no content. What was written in that very second counts: better one too many than one unsaid. Users stay
 * through a restore, so they are lost only where their table is put back.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Database\DumpTables;

final class Lost {

	private const ORDERS = 'wc_orders';

	private int $orders = 0;
	private int $posts  = 0;
	private int $users  = 0;

	public static function since( int $then ): self {
		global $wpdb;
		$lost        = new self();
		$at          = gmdate( 'Y-m-d H:i:s', $then );
		$lost->posts = (int) $wpdb->get_var(
			$wpdb->prepare(
				"SELECT COUNT(*) FROM {$wpdb->posts} WHERE post_modified_gmt >= %s AND post_status <> 'auto-draft'
				AND post_type NOT IN ( 'revision', 'shop_order', 'shop_order_refund', 'shop_order_placehold' )",
				$at
			)
		);

		$lost->orders = (int) $wpdb->get_var(
			$wpdb->prepare( "SELECT COUNT(*) FROM {$wpdb->posts} WHERE post_modified_gmt >= %s AND post_type = 'shop_order' AND post_status <> 'auto-draft'", $at )
		);
		$table        = $wpdb->prefix . self::ORDERS;
		if ( $table === $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) ) ) {
			// A shop may keep its orders in both places, each order in each.
			$lost->orders = max( $lost->orders, (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM {$table} WHERE date_updated_gmt >= %s AND type = 'shop_order'", $at ) ) );
		}
		if ( ! DumpTables::stays( $wpdb->users ) ) {
			$lost->users = (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM {$wpdb->users} WHERE user_registered >= %s", $at ) );
		}
		return $lost;
	}

	public function counts(): \stdClass {
		return (object) array(
			'orders' => $this->orders,
			'posts'  => $this->posts,
			'users'  => $this->users,
		);
	}
}
