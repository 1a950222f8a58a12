<?php
/**
 * The snapshots this site keeps, and the administrator's word on whether they stay when the plugin is deleted.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\SnapshotQuota;
use Presswarden\Connector\Site\Snapshots;
use Presswarden\Connector\Site\Storage;

final class SnapshotView {

	public static function show(): void {
		$all  = Snapshots::all();
		$kept = Storage::keeps_snapshots();
		if ( array() === $all && ! $kept ) {
			return;
		}
		printf( '<h2>%s</h2><p>', esc_html__( 'Snapshots', 'presswarden-connector' ) );
		/* translators: 1: a number, 2: a size such as 12 MB, 3: a folder */
		$text = __( '%1$d snapshots, %2$s, in %3$s. They never leave this site.', 'presswarden-connector' );
		echo esc_html( sprintf( $text, count( $all ), (string) size_format( SnapshotQuota::taken( $all ), 1 ), 'wp-content/' . Storage::SNAPSHOT_FOLDER ) );
		echo '</p><div class="presswarden-buttons">';
		Form::open( $kept ? 'drop' : 'keep', 'presswarden-button' );
		printf(
			'<button type="submit" class="button" id="presswarden-snapshots">%s</button> <span class="description">%s</span></form></div>',
			$kept ? esc_html__( 'Delete them with the plugin', 'presswarden-connector' ) : esc_html__( 'Keep them when the plugin is deleted', 'presswarden-connector' ),
			$kept
				? esc_html__( 'Now they stay, with their keys, sealed under the AUTH_KEY of this site.', 'presswarden-connector' )
				: esc_html__( 'Now they are deleted with it.', 'presswarden-connector' )
		);
	}
}
