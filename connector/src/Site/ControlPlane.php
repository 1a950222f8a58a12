<?php
/**
 * The only way out of this site: one POST to the control plane that it was paired with.
 *
 * HTTPS, or a local host; no redirect is followed, certificates are verified though another plugin switched that off, and an
 * answer is cut at 1 MiB. What comes back is not signed as a whole: only the standing order and waiting calls in it are.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Signer;
use Presswarden\Connector\Core\Url;

final class ControlPlane {

	private const TIMEOUT    = 10;
	private const MAX_ANSWER = 1048576;
	private const TTL        = 120;

	/** Where the request that is under way goes; '' while there is none. */
	private static string $asked = '';
	/** @var array<string,mixed> How it is sent. */
	private static array $firm = array();

	/** @readonly HTTP status, 0 when nothing answered. */
	public int $status;
	/** @readonly */
	public string $body;
	/** @readonly Our own word for what went wrong, or ''. */
	public string $problem;

	private function __construct( int $status, string $body, string $problem ) {
		$this->status  = $status;
		$this->body    = $body;
		$this->problem = $problem;
	}

	/** A message signed by the site's key (wire.md section 1). */
	public static function tell( Record $record, Signer $signer, string $path, string $body ): self {
		$sent    = self::packed( $body );
		$headers = $signer->headers( $record->installation, wp_generate_uuid4(), time(), self::TTL, $sent );
		if ( $sent !== $body ) {
			$headers['Content-Encoding'] = 'gzip';
		}
		return self::post( $record->control, $path, $sent, $headers );
	}

	/** @param array<string,string> $headers Beside the content type. */
	public static function post( string $control, string $path, string $body, array $headers ): self {
		$url = $control . $path;
		if ( ! Url::permitted( $control ) ) {
			return new self( 0, '', 'insecure' );
		}
		$args = array(
			'method'              => 'POST',
			'timeout'             => self::TIMEOUT,
			'redirection'         => 0,
			'sslverify'           => true,
			'reject_unsafe_urls'  => false,
			'limit_response_size' => self::MAX_ANSWER,
			'user-agent'          => 'Presswarden-Connector/' . PRESSWARDEN_CONNECTOR_VERSION,
			'headers'             => $headers + array(
				'Content-Type' => 'application/json',
				'Accept'       => 'application/json, application/problem+json',
			),
			'body'                => $body,
			'cookies'             => array(),
		);
		self::$asked = $url;
		self::$firm  = $args;
		try {
			$answer = wp_remote_request( $url, $args );
		} finally {
			self::$asked = '';
			self::$firm  = array();
		}
		if ( is_wp_error( $answer ) ) {
			return new self( 0, '', 'unreachable' );
		}
		return new self( (int) wp_remote_retrieve_response_code( $answer ), (string) wp_remote_retrieve_body( $answer ), '' );
	}

	/**
	 * Filter `http_request_args`, last: our own request goes out as it was made.
	 *
	 * @param mixed $args What other plugins made of it.
	 * @param mixed $url  Where it goes.
	 * @return mixed
	 */
	public static function firm( $args, $url ) {
		return self::is_ours( $url ) && is_array( $args ) ? array_merge( $args, self::$firm ) : $args;
	}

	/**
	 * Filter `https_ssl_verify`, last. A list of authorities of somebody's own is left alone.
	 *
	 * @param mixed $verify Whether to verify, or a file of authorities.
	 * @param mixed $url    Where it goes.
	 * @return mixed
	 */
	public static function verified( $verify, $url ) {
		return self::is_ours( $url ) && ! ( is_string( $verify ) && '' !== $verify ) ? ABSPATH . WPINC . '/certificates/ca-bundle.crt' : $verify;
	}

	/** @param mixed $url Where a request goes. */
	private static function is_ours( $url ): bool {
		return '' !== self::$asked && self::$asked === $url;
	}

	/** The answer as an object, or null when it is none. */
	public function object(): ?\stdClass {
		$value = strlen( $this->body ) < self::MAX_ANSWER ? json_decode( $this->body, false, 16 ) : null;
		return $value instanceof \stdClass ? $value : null;
	}

	/** The stable code of a refusal, or our own word. Only the alphabet of codes is believed. */
	public function code(): string {
		$answer = $this->object();
		$code   = null !== $answer && isset( $answer->code ) && is_string( $answer->code ) ? $answer->code : '';
		if ( 1 === preg_match( '/\A[a-z]+(?:[._][a-z]+){1,4}\z/', $code ) ) {
			return $code;
		}
		if ( '' !== $this->problem ) {
			return $this->problem;
		}
		return null === $answer ? 'not_a_control_plane' : 'http_' . $this->status;
	}

	/** Small messages are not worth the header. */
	private static function packed( string $body ): string {
		$packed = strlen( $body ) > 2048 && function_exists( 'gzencode' ) ? gzencode( $body, 6 ) : false;
		return false === $packed ? $body : $packed;
	}
}
