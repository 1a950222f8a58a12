<?php
/**
 * How often this site lets itself be called: by one address before anything is verified, and by its own control plane.
 *
 * Two buckets, so that junk can't lock the real caller out. Without the sodium extension one check costs some 50 ms of
 * pure PHP, so strangers get far fewer.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Limits;

final class CallLimits implements Limits {

	private const PER_ADDRESS      = 600;
	private const PER_ADDRESS_SLOW = 60;
	private const PER_INSTALLATION = 300;

	private string $address;
	private int $now;

	/** @param string $address Of the connection itself; forwarding headers are anybody's to write. */
	public function __construct( string $address, int $now ) {
		$this->address = $address;
		$this->now     = $now;
	}

	public function allows( string $bucket ): bool {
		try {
			if ( 'address' === $bucket ) {
				$slow = ! function_exists( 'sodium_crypto_sign_verify_detached' );
				return Tally::take( Tally::slot_of_address( $this->address ), self::set( 'PRESSWARDEN_LIMIT_ADDRESS', $slow ? self::PER_ADDRESS_SLOW : self::PER_ADDRESS ), $this->now );
			}
			return Tally::take( Tally::INSTALLATION_SLOT, self::set( 'PRESSWARDEN_LIMIT_INSTALLATION', self::PER_INSTALLATION ), $this->now );
		} catch ( StoreBroken $uncounted ) {
			return false;
		}
	}

	/** A site's owner may set another number in wp-config.php; nonsense means the default. */
	private static function set( string $constant, int $usual ): int {
		$value = defined( $constant ) ? constant( $constant ) : $usual;
		return is_int( $value ) && $value > 0 && $value <= 100000 ? $value : $usual;
	}
}
