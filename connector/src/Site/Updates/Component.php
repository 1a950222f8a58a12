<?php
/**
 * One thing that WordPress can update: how it is read, offered, replaced and found again.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

interface Component {

	/** As the inventory names it. */
	public function name(): string;

	/** What stands there now, past every cache of WordPress; null when nothing does. */
	public function installed(): ?Installed;

	/** What a leaf says of that state in `before`. */
	public function before( Installed $now ): \stdClass;

	/** The offer of exactly that version, after asking the update servers again; null when there is none. */
	public function offer( string $version ): ?Offer;

	public function is_newer( string $version, Installed $now ): bool;

	/** Whether what was read back is the version that was asked for. */
	public function is( string $version, Installed $now ): bool;

	/** Place below ABSPATH of what is replaced; '' for WordPress itself. */
	public function live(): string;

	/** What stands at that place. */
	public function listing(): Listing;

	/** True when every file of the package stands where it belongs. */
	public function holds( Listing $package ): bool;

	/** @return \WP_Upgrader&Fetching WordPress's own upgrader for it. */
	public function upgrader( \WP_Upgrader_Skin $skin ): Fetching;

	/**
	 * Runs it. What it returns is a hint; only an error is believed.
	 *
	 * @return mixed
	 */
	public function upgrade( Fetching $upgrader, Offer $offer );

	/** What is left to do once the new files were read back; a sentence, or ''. */
	public function afterwards(): string;
}
