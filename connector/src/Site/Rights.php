<?php
/**
 * Whether the agent user may do what a tool needs.
 *
 * WordPress answers "no" for every file of a site where file changes are switched off, and on a network for everybody
 * but its administrators. The first is a fact of the site and is told as one; for the second the agent's role holds the
 * network's own capability beside the narrow one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\ActionSpec;
use Presswarden\Connector\Core\Refusal;

final class Rights {

	/** What the role holds where a tool names something that WordPress only maps. */
	private const HELD = array(
		'update_languages'   => 'install_languages',
		'deactivate_plugins' => 'activate_plugins',
	);

	/** The network's capability that must stand beside it. */
	private const OF_A_NETWORK = array(
		'activate_plugins'   => 'manage_network_plugins',
		'deactivate_plugins' => 'manage_network_plugins',
		'update_plugins'     => 'manage_network_plugins',
		'update_themes'      => 'manage_network_themes',
		'update_core'        => 'upgrade_network',
		'update_languages'   => 'upgrade_network',
	);

	/** @throws Refusal With call.capability. */
	public static function need( \WP_User $agent, ActionSpec $spec ): void {
		$capability = $spec->capability;
		if ( user_can( $agent, $capability ) && ( ! is_multisite() || self::holds_for_the_network( $agent, $capability ) ) ) {
			return;
		}
		// What WordPress maps away is judged by what the role holds; whether files may be changed is told by the action itself.
		$mapped = isset( self::OF_A_NETWORK[ $capability ] ) && ( is_multisite() || ! wp_is_file_mod_allowed( 'capability_update_core' ) );
		if ( ! $mapped || ! self::holds( $agent, $capability ) || ( is_multisite() && ! self::holds_for_the_network( $agent, $capability ) ) ) {
			throw Refusal::of( 'call.capability' );
		}
	}

	private static function holds( \WP_User $agent, string $capability ): bool {
		$held = isset( self::HELD[ $capability ] ) ? self::HELD[ $capability ] : $capability;
		return ! empty( $agent->allcaps[ $held ] );
	}

	private static function holds_for_the_network( \WP_User $agent, string $capability ): bool {
		return ! isset( self::OF_A_NETWORK[ $capability ] ) || ( is_main_site() && user_can( $agent, self::OF_A_NETWORK[ $capability ] ) );
	}
}
