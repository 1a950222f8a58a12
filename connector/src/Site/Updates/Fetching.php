<?php
/**
 * An upgrader of WordPress that is given its package and tells what was in it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

interface Fetching {

	/**
	 * Downloads the package by WordPress's own means and compares it, before anything is unpacked.
	 *
	 * @param string $expected Hex SHA-256, or '' to record it only.
	 * @return string Its hex SHA-256.
	 * @throws Refusal With action.download or action.package_hash; nothing is left on the disk.
	 */
	public function fetch( string $address, string $expected ): string;

	/** Full path of what was fetched; '' before. */
	public function fetched(): string;

	/** What the package held when it was unpacked; null before. */
	public function unpacked(): ?Listing;

	/** Takes away what was fetched and what WordPress put off until the end of the request. */
	public function tidy(): void;
}
