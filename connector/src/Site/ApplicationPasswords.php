<?php
/**
 * How old the site's application passwords are, without saying whose: counts, days, and a keyed hash per user.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class ApplicationPasswords {

	private const DAY       = 86400;
	private const MAX_USERS = 200;

	/** Days are dates, not ages: an age would change the inventory every day without anything having happened. */
	public static function facts( int $now ): \stdClass {
		$users = array();
		$count = 0;
		foreach ( self::holders() as $id ) {
			$passwords = \WP_Application_Passwords::get_user_application_passwords( $id );
			if ( array() === $passwords ) {
				continue;
			}
			$count += count( $passwords );
			$hash   = substr( hash_hmac( 'sha256', 'user ' . $id, Keys::private_name( 'people' ) ), 0, 16 );

			$users[ $hash ] = self::of_one( $passwords, $now );
		}
		ksort( $users, SORT_STRING );
		return (object) array(
			'count' => $count,
			'users' => (object) $users,
		);
	}

	/** @param array<int,array<string,mixed>> $passwords As WordPress keeps them. */
	private static function of_one( array $passwords, int $now ): \stdClass {
		$oldest = $now;
		$unused = 0;
		$last   = 0;
		foreach ( $passwords as $password ) {
			$used   = isset( $password['last_used'] ) ? (int) $password['last_used'] : 0;
			$oldest = min( $oldest, isset( $password['created'] ) ? (int) $password['created'] : $now );
			$last   = max( $last, $used );
			$unused = $unused + ( 0 === $used ? 1 : 0 );
		}
		return (object) array(
			'count'      => count( $passwords ),
			'last_used'  => $last - $last % self::DAY,
			'never_used' => $unused,
			'oldest'     => $oldest - $oldest % self::DAY,
		);
	}

	/** @return array<int,int> */
	private static function holders(): array {
		if ( ! class_exists( '\WP_Application_Passwords' ) ) {
			return array();
		}
		global $wpdb;
		$ids = Quietly::ask(
			static function () use ( $wpdb ): array {
				return $wpdb->get_col(
					$wpdb->prepare(
						"SELECT user_id FROM {$wpdb->usermeta} WHERE meta_key = %s ORDER BY user_id LIMIT %d",
						\WP_Application_Passwords::USERMETA_KEY_APPLICATION_PASSWORDS,
						self::MAX_USERS
					)
				);
			}
		);
		return array_map( 'intval', $ids );
	}
}
