<?php
/**
 * The last fifty entries of the journal. Their text is data: escaped, and characters that hide or turn text written out.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Journal;
use Presswarden\Connector\Site\Plain;

final class JournalView {

	private const SHOWN = 50;

	public static function show(): void {
		$rows = Journal::newest( self::SHOWN );
		if ( array() === $rows ) {
			return;
		}
		$bad = Journal::first_bad();
		printf( '<h2>%s</h2>', esc_html__( 'Journal', 'presswarden-connector' ) );
		if ( $bad > 0 ) {
			/* translators: %d: number of a journal entry */
			$text = sprintf( __( 'The journal was changed from outside: entry %d does not follow from the one before.', 'presswarden-connector' ), $bad );
			printf( '<div class="notice notice-error inline"><p>%s</p></div>', esc_html( $text ) );
		}
		echo '<ol class="presswarden-journal" reversed>';
		foreach ( $rows as $row ) {
			$box = '' === self::detail( (string) $row->detail ) ? '' : ' <code>%6$s</code>';
			printf(
				'<li value="%1$d"><time datetime="%2$s">%3$s</time> <strong>%4$s</strong> <span>%5$s</span>' . $box . '</li>', // phpcs:ignore WordPress.Security.EscapeOutput -- one of two constants.
				(int) $row->n,
				esc_attr( gmdate( 'c', (int) $row->at ) ),
				esc_html( gmdate( 'Y-m-d H:i:s', (int) $row->at ) . ' UTC' ),
				esc_html( Plain::shown( (string) $row->what ) ),
				esc_html( Plain::shown( (string) $row->who ) ),
				esc_html( self::detail( (string) $row->detail ) )
			);
		}
		echo '</ol>';
	}

	private static function detail( string $text ): string {
		$parts = array();
		$value = json_decode( $text, true );
		foreach ( is_array( $value ) ? $value : array() as $name => $one ) {
			$parts[] = Plain::shown( $name . ': ' . ( is_scalar( $one ) ? (string) $one : '' ) );
		}
		return implode( ', ', $parts );
	}
}
