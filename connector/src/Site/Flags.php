<?php
/**
 * The few facts that every request may need, in the one small autoloaded option.
 *
 * A copy for speed only: nothing is decided on it that the record does not decide again.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Flags {

	public static function state(): string {
		return (string) self::value( 'state' );
	}

	/** The agent user's id, 0 while there is none. */
	public static function agent(): int {
		return (int) self::value( 'agent' );
	}

	public static function follow( Record $record ): void {
		$flags = (string) json_encode(
			array(
				'state' => $record->state,
				'agent' => $record->agent,
			)
		);
		if ( self::text() !== $flags ) {
			update_option( Storage::FLAGS, $flags, true );
		}
		if ( self::text() !== $flags ) {
			// The row was right and the shared cache wrong; update_option() leaves the cache alone then.
			wp_cache_delete( 'alloptions', 'options' );
			wp_cache_delete( Storage::FLAGS, 'options' );
		}
	}

	/** @return mixed */
	private static function value( string $name ) {
		$flags = json_decode( self::text(), true );
		return is_array( $flags ) && isset( $flags[ $name ] ) ? $flags[ $name ] : '';
	}

	/** From what WordPress has loaded anyway: asking get_option() for an option that is not there costs a query. */
	private static function text(): string {
		$loaded = wp_load_alloptions();
		return isset( $loaded[ Storage::FLAGS ] ) ? (string) $loaded[ Storage::FLAGS ] : '';
	}
}
