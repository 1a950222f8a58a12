<?php
/**
 * Tools > Presswarden: how this site is paired, and the few things its administrator decides here.
 *
 * For `manage_options` alone. It shows what the control plane and this site know, never a key.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Admin;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Flags;
use Presswarden\Connector\Site\Record;
use Presswarden\Connector\Site\RecordStore;
use Presswarden\Connector\Site\Status;

final class Page {

	public const SLUG       = 'presswarden';
	public const CAPABILITY = 'manage_options';

	/** Action `admin_menu`. */
	public static function register(): void {
		if ( ! self::is_for_this_person() ) {
			return;
		}
		add_management_page( 'Presswarden', 'Presswarden', self::CAPABILITY, self::SLUG, array( self::class, 'show' ) );
	}

	/**
	 * Action `admin_enqueue_scripts`.
	 *
	 * @param mixed $screen Name of the screen.
	 */
	public static function style( $screen ): void {
		if ( 'tools_page_' . self::SLUG === $screen ) {
			wp_enqueue_style( 'presswarden', plugins_url( 'assets/admin.css', dirname( __DIR__, 2 ) . '/presswarden-connector.php' ), array(), PRESSWARDEN_CONNECTOR_VERSION );
		}
	}

	/** Action `admin_notices`: what needs a person is said on every screen of an administrator. */
	public static function notice(): void {
		if ( Record::PAIRED !== Flags::state() || ! current_user_can( self::CAPABILITY ) || ! self::is_for_this_person() ) {
			return;
		}
		$record = ( new RecordStore() )->read();
		$quiet  = $record->quiet( time() );
		if ( '' === $record->repair && ! in_array( $quiet, array( 'clone', 'restored' ), true ) ) {
			return;
		}
		printf(
			'<div class="notice notice-warning"><p>%s <a href="%s">%s</a></p></div>',
			esc_html__( 'Presswarden needs your decision.', 'presswarden-connector' ),
			esc_url( self::address() ),
			esc_html__( 'See why and what to do', 'presswarden-connector' )
		);
	}

	/** A network is paired as a whole: there it takes somebody who runs the network, on its main site. */
	public static function is_for_this_person(): bool {
		return ! is_multisite() || ( is_main_site() && current_user_can( 'manage_network_options' ) );
	}

	public static function address(): string {
		return admin_url( 'tools.php?page=' . self::SLUG );
	}

	public static function show(): void {
		if ( ! current_user_can( self::CAPABILITY ) || ! self::is_for_this_person() ) {
			wp_die( esc_html__( 'Only an administrator may see this page.', 'presswarden-connector' ), '', array( 'response' => 403 ) );
		}
		$facts = Status::facts( time() );
		echo '<div class="wrap presswarden"><h1>Presswarden</h1>';
		Said::show();
		StatusView::show( $facts );
		if ( in_array( $facts['state'], array( 'unpaired', 'expired', 'revoked' ), true ) ) {
			PairView::show( false );
		} else {
			Decisions::show( $facts );
			PairView::show( true );
		}
		SnapshotView::show();
		JournalView::show();
		echo '</div>';
	}
}
