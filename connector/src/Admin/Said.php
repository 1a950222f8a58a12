<?php
/**
 * What the last form did, in words. The address carries a code and a nonce for it, so nobody else can put words into this page.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\PairingProblem;

final class Said {

	public const PARAMETER = 'presswarden_said';

	private const NONCE = 'presswarden_said_nonce';

	/** The page, with what to say on it to the person who sent the form. */
	public static function address( string $code ): string {
		return add_query_arg(
			array(
				self::PARAMETER => $code,
				self::NONCE     => wp_create_nonce( self::PARAMETER . $code ),
			),
			Page::address()
		);
	}

	public static function show(): void {
		$code = isset( $_GET[ self::PARAMETER ] ) && is_string( $_GET[ self::PARAMETER ] ) ? sanitize_text_field( wp_unslash( $_GET[ self::PARAMETER ] ) ) : ''; // phpcs:ignore WordPress.Security.NonceVerification -- shows one of our own sentences; changes nothing.
		if ( 1 !== preg_match( '/\A[a-z]+(?:[._][a-z0-9]+){0,5}\z/', $code ) || ! self::is_ours( $code ) ) {
			return;
		}
		$done = self::done( $code );
		$text = '' === $done ? ( new PairingProblem( $code ) )->getMessage() : $done;
		printf(
			'<div class="notice %s" role="status"><p>%s</p></div>',
			esc_attr( '' === $done ? 'notice-error' : 'notice-success' ),
			esc_html( $text )
		);
	}

	private static function is_ours( string $code ): bool {
		$nonce = isset( $_GET[ self::NONCE ] ) && is_string( $_GET[ self::NONCE ] ) ? sanitize_text_field( wp_unslash( $_GET[ self::NONCE ] ) ) : '';
		return false !== wp_verify_nonce( $nonce, self::PARAMETER . $code );
	}

	private static function done( string $code ): string {
		switch ( $code ) {
			case 'done.pair':
				return __( 'The control plane took the string and now calls this site back. Reload in a moment; then compare the four words.', 'presswarden-connector' );
			case 'done.pause':
				return __( 'Paused. Only health and control calls are answered, and the control plane can not lift this.', 'presswarden-connector' );
			case 'done.resume':
				return __( 'Resumed.', 'presswarden-connector' );
			case 'done.unpair':
				return __( 'Unpaired. The keys are deleted and this site answers no calls any more.', 'presswarden-connector' );
			case 'done.moved':
				return __( 'Noted. A person confirms the move in the control plane.', 'presswarden-connector' );
			case 'done.copy':
				return __( 'This copy has forgotten the pairing of the original.', 'presswarden-connector' );
			case 'done.restored':
				return __( 'Noted. Calls are answered again.', 'presswarden-connector' );
			case 'done.keep':
				return __( 'The snapshots stay when the plugin is deleted.', 'presswarden-connector' );
			case 'done.drop':
				return __( 'The snapshots go with the plugin.', 'presswarden-connector' );
			case 'done.heartbeat':
				return __( 'The control plane heard this site.', 'presswarden-connector' );
		}
		return '';
	}
}
