<?php
/**
 * One version that an update server offers to this site.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Plain;

final class Offer {

	/** @readonly */
	public string $version;
	/** @readonly Address of the zip; '' where the vendor offers it to licence holders only. */
	public string $package;
	/** @readonly */
	public string $requires_wp;
	/** @readonly */
	public string $requires_php;
	/** @readonly The offer as WordPress keeps it; its upgraders take nothing else. */
	public object $raw;

	private function __construct( string $version, string $package, string $requires_wp, string $requires_php, object $raw ) {
		$this->version      = $version;
		$this->package      = $package;
		$this->requires_wp  = $requires_wp;
		$this->requires_php = $requires_php;
		$this->raw          = $raw;
	}

	/** @param array<mixed>|object $kept From `update_plugins` or `update_themes`. */
	public static function of_component( $kept ): self {
		$raw = (object) $kept;
		return new self(
			self::text( $raw, 'new_version' ),
			self::text( $raw, 'package' ),
			self::text( $raw, 'requires' ),
			self::text( $raw, 'requires_php' ),
			$raw
		);
	}

	/** Without partial and bundled packages: the one zip that a control plane can know as well, and nothing of wp-content. */
	public static function of_core( object $kept ): self {
		$raw           = clone $kept;
		$raw->packages = clone (object) ( isset( $raw->packages ) ? $raw->packages : array() );
		foreach ( array( 'partial', 'new_bundled', 'rollback' ) as $other ) {
			$raw->packages->$other = '';
		}
		$raw->packages->no_content = self::text( $raw->packages, 'no_content' );
		$raw->packages->full       = self::text( $raw->packages, 'full' );
		$package                   = '' !== $raw->packages->no_content ? $raw->packages->no_content : $raw->packages->full;
		return new self( self::text( $raw, 'current' ), $package, '', self::text( $raw, 'php_version' ), $raw );
	}

	/** @param array<mixed>|object $kept From the `translations` of a transient. */
	public static function of_translation( $kept ): self {
		$raw = (object) $kept;
		return new self( self::text( $raw, 'updated' ), self::text( $raw, 'package' ), '', '', $raw );
	}

	private static function text( object $raw, string $name ): string {
		return isset( $raw->$name ) && is_scalar( $raw->$name ) ? (string) $raw->$name : '';
	}

	/** The address, where it is WordPress's own; vendors put licence keys into theirs, and those stay here. */
	public function public_address(): string {
		$address = Plain::text( $this->package );
		return $address === $this->package && 'downloads.wordpress.org' === wp_parse_url( $address, PHP_URL_HOST ) ? $address : '';
	}
}
