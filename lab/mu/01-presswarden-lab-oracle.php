<?php
/**
 * Plugin Name: Lab: oracle
 * Description: Writes down, outside the web root, what really happened on this site.
 *
 * Tests count these lines instead of believing tables. It asks the database nothing and changes
 * nothing, except that mails are written down instead of sent.
 */

declare( strict_types=1 );

if ( ! function_exists( 'presswarden_lab_record' ) ) {
	require __DIR__ . '/presswarden-lab/record.php'; // the router brings its own
}

( static function (): void {
	$record = static function ( string $event, array $facts ): void {
		presswarden_lab_record( PRESSWARDEN_LAB_STATE, $event, $facts );
	};
	$person = static function ( $id ) {
		$user = get_userdata( (int) $id );
		return array(
			'user'  => (int) $id,
			'login' => $user ? $user->user_login : null,
			'roles' => $user ? array_values( $user->roles ) : array(),
		);
	};
	// Another process may have changed the code, so the version is read from the file.
	$version = static function (): string {
		preg_match( "/wp_version\s*=\s*'([^']+)'/", (string) file_get_contents( ABSPATH . WPINC . '/version.php' ), $found );
		return $found[1] ?? '';
	};

	$seen  = PRESSWARDEN_LAB_STATE . '/core-version';
	$known = is_file( $seen ) ? (string) file_get_contents( $seen ) : '';
	if ( $known !== $version() ) {
		file_put_contents( $seen, $version(), LOCK_EX );
		if ( '' !== $known ) {
			$record( 'core_version', array( 'from' => $known, 'to' => $version() ) );
		}
	}

	add_action(
		'upgrader_process_complete',
		static function ( $upgrader, $extra ) use ( $record, $version ): void {
			$record( 'upgrader_process_complete', array( 'extra' => $extra, 'core' => $version() ) );
		},
		10,
		2
	);
	foreach ( array( 'activated_plugin', 'deactivated_plugin', 'deleted_plugin' ) as $event ) {
		add_action(
			$event,
			static function ( $plugin, $second = null ) use ( $record, $event ): void {
				$record( $event, array( 'plugin' => $plugin, 'deleted_plugin' === $event ? 'deleted' : 'network' => (bool) $second ) );
			},
			10,
			2
		);
	}
	add_action(
		'switch_theme',
		static function ( $name, $theme ) use ( $record ): void {
			$record( 'switch_theme', array( 'theme' => $theme->get_stylesheet(), 'name' => $name ) );
		},
		10,
		2
	);
	foreach ( array( 'user_register', 'set_user_role', 'add_user_role', 'remove_user_role' ) as $event ) {
		add_action(
			$event,
			static function ( $id, $role = null ) use ( $record, $event, $person ): void {
				$record( $event, array( 'role' => is_string( $role ) ? $role : null ) + $person( $id ) );
			},
			99,
			2
		);
	}
	add_action(
		'deleted_user',
		static function ( $id ) use ( $record ): void {
			$record( 'deleted_user', array( 'user' => (int) $id ) );
		}
	);
	add_action(
		'wp_login',
		static function ( $login, $user ) use ( $record, $person ): void {
			$record( 'wp_login', $person( $user->ID ) );
		},
		10,
		2
	);
	add_action(
		'wp_login_failed',
		static function ( $login ) use ( $record ): void {
			$record( 'wp_login_failed', array( 'login' => (string) $login ) );
		}
	);
	add_action(
		'application_password_did_authenticate',
		static function ( $user ) use ( $record, $person ): void {
			$record( 'application_password', $person( $user->ID ) );
		}
	);
	add_filter(
		'pre_wp_mail',
		static function ( $answer, $mail ) use ( $record ) {
			$record( 'mail', array_intersect_key( (array) $mail, array_flip( array( 'to', 'subject', 'message', 'headers' ) ) ) );
			return true;
		},
		10,
		2
	);
	add_action(
		'presswarden_action_ran',
		static function ( $tool, $call ) use ( $record ): void {
			$record( 'action_ran', array( 'tool' => $tool, 'tool_call_id' => $call, 'acting_user' => get_current_user_id() ) );
		},
		10,
		2
	);
} )();
