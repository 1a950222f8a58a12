<?php
/**
 * Takes every form of the admin page: capability, nonce, one known verb, and back to the page with a code.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Heartbeat;
use Presswarden\Connector\Site\Pairing;
use Presswarden\Connector\Site\PairingProblem;
use Presswarden\Connector\Site\Record;
use Presswarden\Connector\Site\Restored;
use Presswarden\Connector\Site\StateChange;
use Presswarden\Connector\Site\Storage;
use Presswarden\Connector\Site\StoreBroken;

final class Form {

	public const ACTION = 'presswarden';
	public const NONCE  = 'presswarden_nonce';
	public const VERB   = 'presswarden_do';

	private const VERBS = array( 'pair', 'pause', 'resume', 'unpair', 'moved', 'copy', 'restored', 'heartbeat', 'keep', 'drop' );

	/** Action `admin_post_presswarden`. */
	public static function submitted(): void {
		if ( ! current_user_can( Page::CAPABILITY ) ) {
			wp_die( esc_html__( 'Only an administrator may do this.', 'presswarden-connector' ), '', array( 'response' => 403 ) );
		}
		if ( ! Page::is_for_this_person() ) {
			wp_die( esc_html__( 'In a network, only a network administrator may do this, on the main site.', 'presswarden-connector' ), '', array( 'response' => 403 ) );
		}
		$verb = self::posted( self::VERB );
		if ( ! in_array( $verb, self::VERBS, true ) ) {
			wp_die( esc_html__( 'Unknown form.', 'presswarden-connector' ), '', array( 'response' => 400 ) );
		}
		check_admin_referer( self::nonce_of( $verb ), self::NONCE );
		wp_safe_redirect( Said::address( self::code( $verb ) ) );
		exit;
	}

	/** Opens a form for one verb; the caller closes it. */
	public static function open( string $verb, string $css ): void {
		printf( '<form method="post" action="%s" class="%s">', esc_url( admin_url( 'admin-post.php' ) ), esc_attr( $css ) );
		printf( '<input type="hidden" name="action" value="%s">', esc_attr( self::ACTION ) );
		printf( '<input type="hidden" name="%s" value="%s">', esc_attr( self::VERB ), esc_attr( $verb ) );
		wp_nonce_field( self::nonce_of( $verb ), self::NONCE );
	}

	private static function nonce_of( string $verb ): string {
		return 'presswarden_' . $verb;
	}

	private static function code( string $verb ): string {
		try {
			$problem = self::carry_out( $verb );
			return '' === $problem ? 'done.' . $verb : $problem;
		} catch ( PairingProblem $problem ) {
			return $problem->reason;
		} catch ( StoreBroken $broken ) {
			return 'pair' === $verb ? 'here.store' : 'here.unwritten';
		}
	}

	/** @return string '' when it was done, else a short code. */
	private static function carry_out( string $verb ): string {
		switch ( $verb ) {
			case 'pair':
				Pairing::start( self::posted( 'presswarden_string' ), '1' === self::posted( 'presswarden_hmac' ), '1' === self::posted( 'presswarden_replace' ) );
				return '';
			case 'pause':
			case 'resume':
				self::set_pause( 'pause' === $verb );
				return '';
			case 'unpair':
				Pairing::unpair();
				return '';
			case 'moved':
				return Pairing::move();
			case 'copy':
				Pairing::is_copy();
				return '';
			case 'restored':
				Restored::accept();
				return '';
			case 'keep':
			case 'drop':
				Storage::keep_snapshots( 'keep' === $verb );
				return '';
			case 'heartbeat':
				return Heartbeat::send();
		}
		return 'here.store';
	}

	private static function set_pause( bool $paused ): void {
		StateChange::make(
			$paused ? 'paused' : 'resumed',
			array( 'by' => 'local' ),
			static function ( Record $record ) use ( $paused ): void {
				$record->paused_local = $paused;
				$record->pause_reason = '';
			}
		);
	}

	/** The nonce is checked before anything posted is acted on; the verb alone is read earlier, to know which nonce. */
	private static function posted( string $name ): string {
		return isset( $_POST[ $name ] ) && is_string( $_POST[ $name ] ) ? sanitize_textarea_field( wp_unslash( $_POST[ $name ] ) ) : ''; // phpcs:ignore WordPress.Security.NonceVerification -- see above.
	}
}
