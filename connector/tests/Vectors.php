<?php
/**
 * Reads the vectors of contract/ and, where the folder stands, those that others published.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Core\PinnedKey;

final class Vectors {

	/** @return \stdClass The whole file. */
	public static function file( string $name ): \stdClass {
		$text = file_get_contents( dirname( __DIR__, 2 ) . '/contract/vectors/' . $name . '.json' );
		return json_decode( (string) $text, false, 512, JSON_THROW_ON_ERROR );
	}

	/**
	 * A data provider: name => one case.
	 *
	 * @return array<string,array{0:\stdClass}>
	 */
	public static function cases( string $name ): array {
		$cases = array();
		foreach ( self::file( $name )->cases as $case ) {
			$cases[ $case->name ] = array( $case );
		}
		return $cases;
	}

	/** The folder of published vectors, or a skip with the reason. */
	public static function published( TestCase $test, string $path ): string {
		$folder = getenv( 'PRESSWARDEN_VECTORS' );
		$folder = is_string( $folder ) && '' !== $folder ? $folder : dirname( __DIR__, 3 ) . '/shared/vectors';
		if ( ! file_exists( $folder . '/' . $path ) ) {
			$test->markTestSkipped( 'The published vectors are not on this machine (PRESSWARDEN_VECTORS): ' . $path );
		}
		return $folder . '/' . $path;
	}

	public static function needs_ed25519( TestCase $test ): void {
		if ( ! Ed25519::available() ) {
			$test->markTestSkipped( 'This PHP has no sodium, and PRESSWARDEN_SODIUM_COMPAT names no sodium_compat.' );
		}
	}

	public static function pinned( \stdClass $state ): Pinned {
		$fields         = get_object_vars( $state );
		$fields['keys'] = array_map(
			static function ( \stdClass $key ): PinnedKey {
				return new PinnedKey( (string) hex2bin( $key->raw ), $key->not_after );
			},
			$state->keys
		);
		return new Pinned( $fields );
	}

	/** The body of a case, however the file writes it. */
	public static function body( \stdClass $case ): string {
		if ( isset( $case->body_hex ) ) {
			return (string) hex2bin( $case->body_hex );
		}
		if ( ! isset( $case->body_parts ) ) {
			return $case->body;
		}
		$body = '';
		foreach ( $case->body_parts as $part ) {
			$body .= is_string( $part ) ? $part : str_repeat( $part->repeat, $part->times );
		}
		return $body;
	}
}
