<?php
/**
 * Keeps WordPress's upgrader from upgrading the database before the new files were read back.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class CoreDatabase {

	private static bool $held = false;

	public static function hold_back(): void {
		self::$held = true;
	}

	public static function let_through(): void {
		self::$held = false;
	}

	/** The request that WordPress's own upgrader makes. */
	public static function address(): string {
		return admin_url( 'upgrade.php?step=upgrade_db' );
	}

	/**
	 * Filter `pre_http_request`.
	 *
	 * @param mixed $answer    What others answered.
	 * @param mixed $arguments Unused.
	 * @param mixed $address   Where the request goes.
	 * @return mixed
	 */
	public static function filter( $answer, $arguments, $address ) {
		return self::$held && self::address() === $address ? new \WP_Error( 'presswarden_later', 'The files are read back first.' ) : $answer;
	}
}
