<?php
/**
 * Plugin Name: Lab: updates on demand
 * Description: Switches one component on, updates it by WordPress's own upgraders, or tells of it, when the lab asks with its secret.
 *
 * In a web request, as updates run on real sites. The secret lies in the site's state, so no visitor knows it.
 */

declare( strict_types=1 );

add_action(
	'init',
	static function (): void {
		$secret = PRESSWARDEN_LAB_STATE . '/updating.key';
		if ( ! isset( $_GET['lab-do'], $_GET['lab-key'] ) || ! is_file( $secret ) || ! hash_equals( (string) file_get_contents( $secret ), (string) $_GET['lab-key'] ) ) {
			return;
		}
		require_once ABSPATH . 'wp-admin/includes/admin.php';
		require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
		ob_start();
		switch ( $_GET['lab-do'] ) {
			case 'switch-on':
				$said = presswarden_lab_switch_on( $_GET['kind'], $_GET['name'] );
				break;
			case 'update':
				$said = presswarden_lab_update( $_GET['kind'], $_GET['name'], $_GET['version'] );
				break;
			case 'tables':
				require_once ABSPATH . 'wp-admin/includes/upgrade.php';
				wp_upgrade();
				$said = 'done';
				break;
			default:
				$said = presswarden_lab_tell( $_GET['kind'], $_GET['name'] );
		}
		ob_end_clean();
		header( 'Content-Type: application/json' );
		echo json_encode( $said );
		exit;
	},
	PHP_INT_MAX
);

function presswarden_lab_switch_on( string $kind, string $name ): string {
	if ( 'theme' === $kind ) {
		delete_site_transient( 'theme_roots' ); // the list of folders is kept for half an hour
		switch_theme( $name );
		return get_stylesheet();
	}
	$done = activate_plugin( $name, '', false, true );
	return is_wp_error( $done ) ? $done->get_error_message() : $name;
}

function presswarden_lab_update( string $kind, string $name, string $version ): string {
	$skin = new Automatic_Upgrader_Skin();
	if ( 'core' === $kind ) {
		wp_version_check( array(), true );
		$offers = array_filter(
			(array) get_core_updates(),
			static function ( $offer ) use ( $version ): bool {
				return 'upgrade' === $offer->response && $offer->current === $version;
			}
		);
		$done   = array() === $offers ? 'not offered' : ( new Core_Upgrader( $skin ) )->upgrade( reset( $offers ) );
	} else {
		delete_site_transient( 'update_' . $kind . 's' );
		'theme' === $kind ? wp_update_themes() : wp_update_plugins();
		$offer = get_site_transient( 'update_' . $kind . 's' )->response[ $name ] ?? null;
		if ( null === $offer || ( (array) $offer )['new_version'] !== $version ) {
			return 'not offered';
		}
		$upgrader = 'theme' === $kind ? new Theme_Upgrader( $skin ) : new Plugin_Upgrader( $skin );
		$done     = $upgrader->bulk_upgrade( array( $name ) )[ $name ] ?? null;
	}
	if ( is_wp_error( $done ) ) {
		return $done->get_error_code() . ': ' . $done->get_error_message();
	}
	return is_string( $done ) ? ( 'core' === $kind && 'not offered' !== $done ? 'done' : $done ) : ( $done ? 'done' : 'no result' );
}

/** What the connector's health and inventory would say, of one component. */
function presswarden_lab_tell( string $kind, string $name ): array {
	global $wpdb, $wp_version;
	$found = null;
	if ( 'core' === $kind ) {
		$found = array( 'version' => $wp_version );
	} elseif ( 'theme' === $kind ) {
		$theme = wp_get_theme( $name );
		$found = $theme->exists() ? array(
			'version' => $theme->get( 'Version' ),
			'active'  => get_stylesheet() === $name,
		) : null;
	} elseif ( isset( get_plugins()[ $name ] ) ) {
		$found = array(
			'version' => get_plugins()[ $name ]['Version'],
			'active'  => is_plugin_active( $name ),
		);
	}
	return array(
		'component'         => $found,
		'database_answers'  => '1' === (string) $wpdb->get_var( 'SELECT 1' ),
		'maintenance'       => is_file( ABSPATH . '.maintenance' ) ? 'fresh' : '',
		'paused_extensions' => array_merge( array_keys( wp_paused_plugins()->get_all() ), array_keys( wp_paused_themes()->get_all() ) ),
		'site_time'         => time(),
	);
}
