<?php
/**
 * Text of the site as plain data: valid UTF-8, of bounded length, nothing interpreted and nothing cleaned away.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Plain {

	private const LONGEST = 300;

	/** @param mixed $value Whatever a header, an option or a transient holds. */
	public static function text( $value ): string {
		$text = is_scalar( $value ) ? (string) $value : '';
		if ( 1 !== preg_match( '//u', $text ) ) {
			$text = (string) preg_replace( '/[^\x20-\x7e]/', '?', $text );
		}
		return 1 === preg_match( '/\A.{0,' . self::LONGEST . '}/su', $text, $found ) ? $found[0] : '';
	}

	/** For people: characters that hide or turn text around are written out. */
	public static function shown( string $text ): string {
		return (string) preg_replace_callback(
			'/[\p{C}\p{Zl}\p{Zp}\x{00a0}\x{034f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}\x{e0100}-\x{e01ef}]/u',
			static function ( array $found ): string {
				$code = unpack( 'N', (string) iconv( 'UTF-8', 'UCS-4BE', $found[0] ) );
				return sprintf( '[U+%04X]', $code[1] );
			},
			self::text( $text )
		);
	}
}
