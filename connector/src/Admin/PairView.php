<?php
/**
 * The pairing form, with exactly what pairing approves.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class PairView {

	/** @param bool $live A pairing is there and would be replaced. */
	public static function show( bool $live ): void {
		if ( $live ) {
			printf( '<details class="presswarden-part"><summary>%s</summary>', esc_html__( 'Replace this pairing by another', 'presswarden-connector' ) );
		} else {
			printf( '<h2>%s</h2>', esc_html__( 'Pair this site', 'presswarden-connector' ) );
		}
		self::approves();
		Form::open( 'pair', 'presswarden-pair' );
		printf(
			'<p><label for="presswarden_string">%s</label><textarea id="presswarden_string" name="presswarden_string" rows="4" required spellcheck="false" autocomplete="off"></textarea></p>',
			esc_html__( 'Pairing string from the console (it lives 10 minutes and works once)', 'presswarden-connector' )
		);
		printf( '<details><summary>%s</summary>', esc_html__( 'Advanced', 'presswarden-connector' ) );
		printf( '<p><label><input type="checkbox" name="presswarden_hmac" value="1"> %s</label></p>', esc_html__( 'Use HMAC instead of Ed25519', 'presswarden-connector' ) );
		printf(
			'<p class="description">%s</p></details>',
			esc_html__( 'Only where Ed25519 is not possible. Both sides then hold the same secret: receipts prove nothing to anybody else, and no person can countersign.', 'presswarden-connector' )
		);
		if ( $live ) {
			printf( '<p><label><input type="checkbox" name="presswarden_replace" value="1" required> %s</label></p>', esc_html__( 'Let the present pairing go', 'presswarden-connector' ) );
		}
		printf( '<p><button type="submit" class="button button-primary">%s</button></p></form>', esc_html__( 'Pair', 'presswarden-connector' ) );
		echo $live ? '</details>' : '';
	}

	private static function approves(): void {
		printf( '<p>%s</p><ul class="ul-disc">', esc_html__( 'Pairing approves exactly these reads, at most hourly unless a change is open, and nothing else:', 'presswarden-connector' ) );
		foreach ( array(
			'wp.site.get_environment' => __( 'environment: versions of WordPress, PHP and the database, settings of the server', 'presswarden-connector' ),
			'wp.site.inventory'       => __( 'inventory: plugins, themes, translations, known updates, age and number of application passwords (no names, no mail addresses)', 'presswarden-connector' ),
			'wp.site.health'          => __( 'health: database, cron, disk space, what can be written, maintenance mode', 'presswarden-connector' ),
			'wp.snapshot.list'        => __( 'snapshots: name, size and age of what this site keeps of its components', 'presswarden-connector' ),
		) as $tool => $text ) {
			printf( '<li><code>%s</code> %s</li>', esc_html( $tool ), esc_html( $text ) );
		}
		printf(
			'</ul><p>%s</p><p>%s</p>',
			esc_html__( 'Changes are no part of that: each comes from a plan that was decided on in the control plane, and is refused while this site is paused.', 'presswarden-connector' ),
			esc_html__( 'What changed in the inventory is also sent every five minutes. No content, no visitor data and no password leaves this site.', 'presswarden-connector' )
		);
	}
}
