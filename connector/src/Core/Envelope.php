<?php
/**
 * One signed message as it arrived: the six headers, the raw body, and nothing understood yet.
 *
 * Making one is check 1 of wire.md section 3. Every field has a fixed alphabet without line feeds, so the canonical
 * string can be read in one way only.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Envelope {

	public const MAX_BODY = 1048576;

	private const ALPHABET = array(
		'x-wp-agent-installation' => '/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/',
		'x-wp-agent-toolcallid'   => '/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/',
		'x-wp-agent-timestamp'    => '/\A[1-9][0-9]{9}\z/',
		'x-wp-agent-ttl'          => '/\A[1-9][0-9]{0,5}\z/',
		'x-wp-agent-signaturealg' => '/\A(?:ed25519|hmac-sha256)\z/',
		'x-wp-agent-signature'    => '/\A(?:[A-Za-z0-9+\/]{86}==|[A-Za-z0-9+\/]{43}=)\z/',
	);

	/** @readonly */
	public string $installation;
	/** @readonly */
	public string $tool_call_id;
	/** @readonly */
	public int $timestamp;
	/** @readonly */
	public int $ttl;
	/** @readonly */
	public string $alg;
	/** @readonly Raw bytes: 64 (ed25519) or 32 (hmac-sha256). */
	public string $signature;
	/** @readonly Raw 32 bytes of X-WP-Agent-ControlKey, or '' when the header is absent. */
	public string $control_key;
	/** @readonly The bytes as received. */
	public string $body;

	/** @param array<string,string> $fields By lower-case header name. */
	private function __construct( array $fields, string $signature, string $control_key, string $body ) {
		$this->installation = $fields['x-wp-agent-installation'];
		$this->tool_call_id = $fields['x-wp-agent-toolcallid'];
		$this->timestamp    = (int) $fields['x-wp-agent-timestamp'];
		$this->ttl          = (int) $fields['x-wp-agent-ttl'];
		$this->alg          = $fields['x-wp-agent-signaturealg'];
		$this->signature    = $signature;
		$this->control_key  = $control_key;
		$this->body         = $body;
	}

	/**
	 * Check 1: size and shape.
	 *
	 * @param array<string,mixed> $headers Name => value or list of values, as WP_REST_Request::get_headers() gives them
	 *                                     (lower case, underscores) or as a waiting call carries them (any case, dashes).
	 * @throws Refusal With call.too_large or call.shape.
	 */
	public static function from_headers( array $headers, string $body ): self {
		self::size( $body );
		$values = self::once( $headers );
		self::something( $body );
		self::unpacked( $values );
		$fields = array();
		foreach ( array_keys( self::ALPHABET ) as $name ) {
			$fields[ $name ] = isset( $values[ $name ] ) ? $values[ $name ] : '';
		}
		self::alphabet( $fields );
		$signature   = Shape::base64( $fields['x-wp-agent-signature'], '==' === substr( $fields['x-wp-agent-signature'], -2 ) ? 64 : 32 );
		$control_key = isset( $values['x-wp-agent-controlkey'] ) ? Shape::base64( $values['x-wp-agent-controlkey'], 32 ) : '';
		if ( null === $signature || null === $control_key ) {
			throw Refusal::of( 'call.shape' );
		}
		return new self( $fields, $signature, $control_key, $body );
	}

	/** The string that is signed. */
	public function canonical(): string {
		return self::canonical_of( $this->installation, $this->tool_call_id, $this->timestamp, $this->ttl, $this->body );
	}

	/** The same string for a message of our own. */
	public static function canonical_of( string $installation, string $tool_call_id, int $timestamp, int $ttl, string $body ): string {
		return implode( "\n", array( $installation, $tool_call_id, (string) $timestamp, (string) $ttl, hash( 'sha256', $body ) ) );
	}

	public function body_hash(): string {
		return hash( 'sha256', $this->body );
	}

	/**
	 * The headers that matter, each exactly once and each a string.
	 *
	 * @param array<string,mixed> $headers Name => value or list of values.
	 * @return array<string,string>
	 */
	private static function once( array $headers ): array {
		$values = array();
		foreach ( $headers as $name => $value ) {
			$name = str_replace( '_', '-', strtolower( (string) $name ) );
			if ( 'content-encoding' !== $name && 0 !== strncmp( $name, 'x-wp-agent-', 11 ) ) {
				continue;
			}
			if ( is_array( $value ) && array( 0 ) === array_keys( $value ) ) {
				$value = $value[0];
			}
			if ( ! is_string( $value ) || isset( $values[ $name ] ) ) {
				throw Refusal::of( 'call.shape' );
			}
			$values[ $name ] = $value;
		}
		return $values;
	}

	private static function size( string $body ): void {
		// check: size
		if ( strlen( $body ) > self::MAX_BODY ) {
			throw Refusal::of( 'call.too_large' );
		}
	}

	private static function something( string $body ): void {
		// check: empty
		if ( '' === $body ) {
			throw Refusal::of( 'call.shape' );
		}
	}

	/** @param array<string,string> $values By lower-case header name. */
	private static function unpacked( array $values ): void {
		// check: encoding
		if ( isset( $values['content-encoding'] ) ) {
			throw Refusal::of( 'call.shape' );
		}
	}

	/** @param array<string,string> $fields By lower-case header name. */
	private static function alphabet( array $fields ): void {
		// check: alphabet
		foreach ( self::ALPHABET as $name => $pattern ) {
			if ( 1 !== preg_match( $pattern, $fields[ $name ] ) ) {
				throw Refusal::of( 'call.shape' );
			}
		}
	}
}
