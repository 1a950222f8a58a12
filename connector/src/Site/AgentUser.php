<?php
/**
 * The WordPress user that calls run as: a role of its own, no way to log in, not shown to visitors.
 *
 * Made by the local administrator's pairing, never by a message, and never user 1. Its role holds what the catalogue's
 * tools need and nothing broader; what an administrator takes from the role stays taken until the next pairing.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class AgentUser {

	private const LOGIN = 'presswarden-agent';

	/** Of the role. WordPress reads update_languages as install_languages, and deactivate_plugins as activate_plugins. */
	private const CAPABILITIES = array( 'read', 'activate_plugins', 'install_languages', 'update_core', 'update_plugins', 'update_themes' );

	/** And what the same means for a whole network, where WordPress leaves it to network administrators (N17). */
	private const OF_A_NETWORK = array( 'manage_network_plugins', 'manage_network_themes', 'upgrade_network' );

	/**
	 * The id of the agent user, made if it is not there.
	 *
	 * @throws StoreBroken When WordPress would not make it.
	 */
	public static function make(): int {
		self::make_role();
		$there = get_users(
			array(
				'role'   => Storage::ROLE,
				'number' => 1,
				'fields' => 'ID',
			)
		);
		if ( array() !== $there ) {
			return self::safe( (int) $there[0] );
		}
		$login = self::LOGIN;
		while ( username_exists( $login ) ) {
			$login = self::LOGIN . '-' . bin2hex( random_bytes( 3 ) );
		}
		$made = wp_insert_user(
			array(
				'user_login'   => $login,
				'user_pass'    => bin2hex( random_bytes( 32 ) ),
				'display_name' => 'Presswarden',
				'role'         => Storage::ROLE,
			)
		);
		if ( ! is_int( $made ) ) {
			throw new StoreBroken( 'agent' );
		}
		return self::safe( $made );
	}

	/** The user as it is now, or null when somebody deleted it, or gave it another role. */
	public static function load( int $id ): ?\WP_User {
		$user = $id > 1 ? get_userdata( $id ) : false;
		return $user instanceof \WP_User && array( Storage::ROLE ) === array_values( $user->roles ) ? $user : null;
	}

	/** @param \WP_User|int|null $user Anything WordPress passes as a user. */
	public static function is( $user ): bool {
		if ( $user instanceof \WP_User ) {
			return in_array( Storage::ROLE, (array) $user->roles, true ) || ( Flags::agent() > 0 && $user->ID === Flags::agent() );
		}
		return is_numeric( $user ) && (int) $user > 0 && (int) $user === Flags::agent();
	}

	private static function make_role(): void {
		$wanted = is_multisite() ? array_merge( self::CAPABILITIES, self::OF_A_NETWORK ) : self::CAPABILITIES;
		$role   = get_role( Storage::ROLE );
		if ( null === $role ) {
			add_role( Storage::ROLE, 'Presswarden agent', array_fill_keys( $wanted, true ) );
			return;
		}
		foreach ( $wanted as $capability ) {
			if ( ! $role->has_cap( $capability ) ) {
				$role->add_cap( $capability );
			}
		}
	}

	private static function safe( int $id ): int {
		if ( $id <= 1 || null === self::load( $id ) ) {
			throw new StoreBroken( 'agent' );
		}
		return $id;
	}
}
