<?php
/**
 * Every door of WordPress through which a user could come in or be seen, closed for the agent user.
 *
 * Password, cookie, application password, XML-RPC and REST all end in one of these filters. The same user is left out
 * of what visitors and editors can list; administrators still see it on the Users screen.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class AgentDoors {

	/**
	 * Filter `authenticate`, last: whatever password was right, this user does not get in.
	 *
	 * @param mixed $user User, error or null.
	 * @return mixed
	 */
	public static function authenticate( $user ) {
		return $user instanceof \WP_User && AgentUser::is( $user ) ? self::no_login() : $user;
	}

	/**
	 * Filter `determine_current_user`, last: no cookie and no application password names this user.
	 *
	 * @param mixed $user_id Id or false.
	 * @return mixed
	 */
	public static function current_user( $user_id ) {
		return AgentUser::is( is_numeric( $user_id ) ? (int) $user_id : null ) ? false : $user_id;
	}

	/**
	 * Filter `wp_is_application_passwords_available_for_user`.
	 *
	 * @param mixed $available What WordPress thinks.
	 * @param mixed $user      The user.
	 * @return mixed
	 */
	public static function application_passwords( $available, $user ) {
		return $user instanceof \WP_User && AgentUser::is( $user ) ? false : $available;
	}

	/**
	 * Action `wp_authenticate_application_password_errors`.
	 *
	 * @param mixed $error Where a refusal is put.
	 * @param mixed $user  The user.
	 */
	public static function application_password_errors( $error, $user ): void {
		if ( $error instanceof \WP_Error && $user instanceof \WP_User && AgentUser::is( $user ) ) {
			$error->add( 'presswarden_agent', self::no_login()->get_error_message() );
		}
	}

	/**
	 * Filter `allow_password_reset`.
	 *
	 * @param mixed $allow   What WordPress thinks.
	 * @param mixed $user_id The user's id.
	 * @return mixed
	 */
	public static function password_reset( $allow, $user_id ) {
		return AgentUser::is( is_numeric( $user_id ) ? (int) $user_id : null ) ? false : $allow;
	}

	/**
	 * Filter `rest_user_query`, `wp_sitemaps_users_query_args`, `wp_dropdown_users_args`, `wp_list_authors_args`.
	 *
	 * @param mixed $args Arguments of a user query.
	 * @return mixed
	 */
	public static function leave_out( $args ) {
		$agent = Flags::agent();
		if ( is_array( $args ) && $agent > 0 ) {
			$args['exclude'] = array_merge( wp_parse_id_list( isset( $args['exclude'] ) ? $args['exclude'] : array() ), array( $agent ) );
		}
		return $args;
	}

	/**
	 * Filter `request`: the author archive of the agent user is not found, by name or by number.
	 *
	 * @param mixed $query Query variables of the request.
	 * @return mixed
	 */
	public static function author_archive( $query ) {
		$agent = Flags::agent();
		if ( ! is_array( $query ) || 0 === $agent || ( empty( $query['author_name'] ) && empty( $query['author'] ) ) ) {
			return $query;
		}
		$user  = get_userdata( $agent );
		$named = isset( $query['author_name'] ) && $user instanceof \WP_User && $user->user_nicename === $query['author_name'];
		$given = isset( $query['author'] ) && is_scalar( $query['author'] ) && (int) $query['author'] === $agent;
		return $named || $given ? array( 'error' => '404' ) : $query;
	}

	/**
	 * Filter `rest_request_before_callbacks`: one user asked for by number, on WordPress's own route.
	 *
	 * @param mixed $response Response so far.
	 * @param mixed $handler  Unused.
	 * @param mixed $request  The request.
	 * @return mixed
	 */
	public static function rest_user( $response, $handler, $request ) {
		if ( ! $request instanceof \WP_REST_Request || 1 !== preg_match( '#\A/wp/v2/users/(\d+)(?:/|\z)#', $request->get_route(), $found ) ) {
			return $response;
		}
		if ( ! AgentUser::is( (int) $found[1] ) ) {
			return $response;
		}
		// WordPress's own words, so that nothing tells this answer from that of an id nobody has.
		return new \WP_Error( 'rest_user_invalid_id', __( 'Invalid user ID.' ), array( 'status' => 404 ) ); // phpcs:ignore WordPress.WP.I18n -- the text domain is WordPress's.
	}

	private static function no_login(): \WP_Error {
		return new \WP_Error( 'presswarden_agent', __( 'This user belongs to Presswarden and can not log in.', 'presswarden-connector' ) );
	}
}
