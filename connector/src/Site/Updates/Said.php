<?php
/**
 * What WordPress's upgraders said, as short plain texts.
 *
 * Addresses are cut to their host: vendors put licence keys into theirs.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Plain;

final class Said {

	private const MOST    = 10;
	private const LONGEST = 200;

	/**
	 * @param \WP_Ajax_Upgrader_Skin $skin Where the upgrader said it.
	 * @return array<int,string> The last ones.
	 */
	public static function by( \WP_Ajax_Upgrader_Skin $skin ): array {
		$texts = array();
		foreach ( array_merge( $skin->get_upgrade_messages(), $skin->get_errors()->get_error_messages() ) as $message ) {
			$text = self::text( $message );
			if ( '' !== $text && ! in_array( $text, $texts, true ) ) {
				$texts[] = $text;
			}
		}
		return array_slice( $texts, - self::MOST );
	}

	/** @param mixed $message Text with HTML. */
	public static function text( $message ): string {
		$plain = html_entity_decode( wp_strip_all_tags( is_scalar( $message ) ? (string) $message : '', true ), ENT_QUOTES, 'UTF-8' );
		$plain = (string) preg_replace( '#\b(https?)://(?:[^\s/@]*@)?([^\s/?\#]+)\S*#i', '$1://$2', $plain );
		return 1 === preg_match( '/\A.{0,' . self::LONGEST . '}/su', Plain::text( $plain ), $found ) ? trim( $found[0] ) : '';
	}

	/** One sentence for a refusal: what is true, then WordPress's own last words. */
	public static function sentence( string $plain, string ...$words ): string {
		$words = array_filter( $words, static fn( string $word ): bool => '' !== $word );
		return array() === $words ? $plain : $plain . ' WordPress said: ' . implode( ' ', array_slice( $words, -2 ) );
	}
}
