<?php
/**
 * The one public route of the connector: POST presswarden/v1/call.
 *
 * It is there only while this site is paired, about to be, or revoked (to say so). The bytes of the body are taken before WordPress
 * looks into them, the answer is printed here and ends the request, so no filter of another plugin sees or changes
 * either. Other plugins may close the REST interface to strangers; this route is opened for itself alone.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Rest;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\Calls;
use Presswarden\Connector\Site\Flags;
use Presswarden\Connector\Site\Record;
use Presswarden\Connector\Site\RecordStore;
use Presswarden\Connector\Site\Reply;
use Presswarden\Connector\Site\StoreBroken;
use Presswarden\Connector\Site\Tally;

final class CallRoute {

	public const SPACE = 'presswarden/v1';
	public const ROUTE = '/presswarden/v1/call';

	/** The body of the request that is being served, taken before anything could parse it. */
	private static ?string $body = null;

	/** Action `rest_api_init`, early. */
	public static function register(): void {
		if ( ! self::wanted() ) {
			return;
		}
		register_rest_route(
			self::SPACE,
			'/call',
			array(
				// All verbs, so that a wrong one gets our answer and not WordPress's description of the route.
				'methods'             => 'GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD',
				'permission_callback' => array( self::class, 'answer' ),
				'callback'            => '__return_null',
				'show_in_index'       => false,
			)
		);
		if ( self::is_asked_for() ) {
			// A signed call needs none of WordPress's own routes; making them is most of what a REST request costs.
			remove_action( 'rest_api_init', 'create_initial_rest_routes', 99 );
		}
	}

	/**
	 * Filter `rest_authentication_errors`, last. Whoever calls this route proves it by a signature and by nothing else.
	 *
	 * @param mixed $result What other plugins decided.
	 * @return mixed
	 */
	public static function open( $result ) {
		return self::is_asked_for() && self::wanted() ? true : $result;
	}

	/**
	 * Filter `rest_pre_dispatch`, first: takes the bytes and leaves WordPress an empty body.
	 *
	 * @param mixed $result  Unused.
	 * @param mixed $server  Unused.
	 * @param mixed $request The request.
	 * @return mixed
	 */
	public static function take_body( $result, $server, $request ) {
		if ( $request instanceof \WP_REST_Request && self::ROUTE === $request->get_route() && self::is_asked_for() && null === self::$body ) {
			self::$body = (string) $request->get_body();
			$request->set_body( '' );
			$request->set_body_params( array() );
		}
		return $result;
	}

	/**
	 * Filter `rest_pre_dispatch`, last: nobody answers in our place.
	 *
	 * @param mixed $result  What others answered.
	 * @param mixed $server  Unused.
	 * @param mixed $request The request.
	 * @return mixed
	 */
	public static function not_by_others( $result, $server, $request ) {
		return null !== self::$body && $request instanceof \WP_REST_Request && self::ROUTE === $request->get_route() ? null : $result;
	}

	/**
	 * The permission callback: verifies, runs, answers and ends the request. It never grants anything to WordPress.
	 *
	 * @param mixed $request The request.
	 */
	public static function answer( $request ): \WP_Error {
		if ( null === self::$body || ! $request instanceof \WP_REST_Request ) {
			return new \WP_Error( 'presswarden_not_here', 'Signed calls come over HTTP.', array( 'status' => 400 ) );
		}
		$body       = self::$body;
		self::$body = null;
		if ( ! self::is_plain_post() ) {
			Tally::refused( 'call.shape' );
			$refusal = new Refusal( 'call.shape', 405, 'Only POST is answered here.' );
			header( 'Allow: POST' );
			Printer::send( Reply::unsigned( $refusal ) );
		}
		Printer::send( ( new Calls() )->answer( $request->get_headers(), $body, self::address() ) );
	}

	/**
	 * Filter `rest_endpoints`: the description of our namespace is nobody's business.
	 *
	 * @param mixed $endpoints All routes.
	 * @return mixed
	 */
	public static function hide( $endpoints ) {
		if ( is_array( $endpoints ) ) {
			unset( $endpoints[ '/' . self::SPACE ] );
		}
		return $endpoints;
	}

	/**
	 * Filter `rest_index`.
	 *
	 * @param mixed $response The index.
	 * @return mixed
	 */
	public static function hide_name( $response ) {
		if ( $response instanceof \WP_REST_Response && isset( $response->data['namespaces'] ) ) {
			$response->data['namespaces'] = array_values( array_diff( (array) $response->data['namespaces'], array( self::SPACE ) ) );
		}
		return $response;
	}

	/** Keeps what other code prints by accident out of the signed bytes. */
	public static function buffer_early(): void {
		$asked = isset( $_SERVER['REQUEST_URI'] ) && is_string( $_SERVER['REQUEST_URI'] ) ? $_SERVER['REQUEST_URI'] : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- compared, never stored or printed.
		if ( false !== strpos( rawurldecode( $asked ), self::ROUTE ) ) {
			ob_start();
		}
	}

	/** A pairing that ran out of time is none; revoked stays, so that the caller is told. */
	private static function wanted(): bool {
		$state = Flags::state();
		if ( Record::CONFIRMING === $state ) {
			try {
				return ( new RecordStore() )->read()->is_live( time() );
			} catch ( StoreBroken $broken ) {
				return false;
			}
		}
		return Record::PAIRED === $state || Record::REVOKED === $state;
	}

	/** Exactly our route, in the form WordPress itself took it from the request. */
	private static function is_asked_for(): bool {
		$wp = isset( $GLOBALS['wp'] ) ? $GLOBALS['wp'] : null;
		return $wp instanceof \WP && isset( $wp->query_vars['rest_route'] ) && self::ROUTE === $wp->query_vars['rest_route'];
	}

	/** The verb of the connection itself; WordPress would let a header or a parameter change it. */
	private static function is_plain_post(): bool {
		return isset( $_SERVER['REQUEST_METHOD'] ) && 'POST' === $_SERVER['REQUEST_METHOD'] && ! isset( $_GET['_method'] ) && ! isset( $_SERVER['HTTP_X_HTTP_METHOD_OVERRIDE'] ); // phpcs:ignore WordPress.Security.NonceVerification -- a signed call; a nonce of WordPress proves nothing here.
	}

	/** Of the connection; what forwarding headers say is anybody's to write. */
	private static function address(): string {
		return isset( $_SERVER['REMOTE_ADDR'] ) && is_string( $_SERVER['REMOTE_ADDR'] ) ? $_SERVER['REMOTE_ADDR'] : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- parsed as an address where it is used.
	}
}
