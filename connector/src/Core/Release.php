<?php
/**
 * What a release of the connector is: exactly the files of a list that a release key signed.
 *
 * The list goes inside the package, because directories of plugins pack what they are given anew: the zip's bytes change, its files
 * do not. Limits: says what was signed, not whether it is newer.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Release {

	/** `{"files":{"<path>":"<64 hex>",..},"v":1,"version":".."}`: every file of the plugin but this one and its signature. */
	public const FILES     = 'release.json';
	public const SIGNATURE = 'release.sig';

	/** Much more than a connector is; what unpacks to more is none. */
	public const MOST_FILES = 2000;
	public const MOST_BYTES = 33554432;

	private const CONTEXT = "presswarden-release-1\n";

	/**
	 * The version that was signed.
	 *
	 * @param array<string,string> $files     Hex SHA-256 by path below the plugin's folder, of every file but the two.
	 * @param string               $text      Of the list.
	 * @param string               $signature Base64, as the file holds it.
	 * @param array<int,string>    $keys      Base64.
	 * @throws Refusal With action.release.
	 */
	public static function version( array $files, string $text, string $signature, array $keys ): string {
		if ( array() === $keys ) {
			throw Refusal::because( 'action.release', 'This connector was not built as a release, so it knows no release key.' );
		}
		self::must_be_signed( $text, trim( $signature ), $keys );
		$told = json_decode( $text, true, 4 );
		if ( ! is_array( $told ) || 1 !== ( $told['v'] ?? null ) || ! is_string( $told['version'] ?? null ) || ! is_array( $told['files'] ?? null ) ) {
			throw Refusal::of( 'action.release' );
		}
		self::must_be_those_files( $files, $told['files'] );
		return $told['version'];
	}

	/** @param array<int,string> $keys Base64. */
	private static function must_be_signed( string $text, string $signature, array $keys ): void {
		$raw = (string) base64_decode( $signature, true );
		foreach ( $keys as $key ) {
			if ( Ed25519::verify( $raw, self::CONTEXT . hash( 'sha256', $text ), (string) base64_decode( $key, true ) ) ) {
				return;
			}
		}
		throw Refusal::of( 'action.release' );
	}

	/**
	 * None more, none fewer, none changed.
	 *
	 * @param array<string,string> $files  As found.
	 * @param array<string,mixed>  $signed As listed.
	 */
	private static function must_be_those_files( array $files, array $signed ): void {
		ksort( $files, SORT_STRING );
		ksort( $signed, SORT_STRING );
		if ( $files !== $signed ) {
			throw Refusal::of( 'action.release' );
		}
	}
}
