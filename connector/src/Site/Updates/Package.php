<?php
/**
 * The package of one update inside WordPress's upgrader: fetched first, compared, then unpacked, whatever address is named later.
 *
 * Fetching before the upgrader starts keeps the site out of maintenance while the download runs.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

trait Package {

	private string $fetched    = '';
	private string $working    = '';
	private ?Listing $unpacked = null;

	public function fetch( string $address, string $expected ): string {
		$this->init();
		$this->upgrade_strings();
		$file = parent::download_package( $address );
		if ( ! is_string( $file ) || ! is_file( $file ) ) {
			$why = is_wp_error( $file ) ? Said::text( $file->get_error_data() ) : '';
			throw Refusal::because( 'action.download', Said::sentence( 'The package could not be fetched; nothing was touched.', $why ) );
		}
		$this->fetched = $file;
		Remains::fetched( $file );
		$hash          = (string) hash_file( 'sha256', $file );
		if ( '' !== $expected && ! hash_equals( $expected, $hash ) ) {
			$this->tidy();
			throw Refusal::of( 'action.package_hash' );
		}
		return $hash;
	}

	public function fetched(): string {
		return $this->fetched;
	}

	public function unpacked(): ?Listing {
		return $this->unpacked;
	}

	public function tidy(): void {
		global $wp_filesystem;
		if ( '' !== $this->fetched && is_file( $this->fetched ) ) {
			unlink( $this->fetched );
		}
		if ( '' !== $this->working && is_dir( $this->working ) ) {
			// A package that was refused after it was unpacked lies in a folder that the web can reach.
			$wp_filesystem->delete( $this->working, true );
		}
		// What failed is put back by us from the snapshot, now; WordPress would do it again from its own copy after the answer.
		remove_action( 'shutdown', array( $this, 'restore_temp_backup' ) );
		if ( $this instanceof \Plugin_Upgrader ) {
			remove_filter( 'upgrader_clear_destination', array( $this, 'delete_old_plugin' ) );
		}
	}

	/**
	 * @param mixed $package          The address that WordPress found in its offer; what was compared is used instead.
	 * @param bool  $check_signatures Unused.
	 * @param mixed $hook_extra       Unused.
	 * @return string|\WP_Error
	 */
	public function download_package( $package, $check_signatures = false, $hook_extra = array() ) {
		return '' === $this->fetched ? new \WP_Error( 'no_package', 'Nothing was fetched.' ) : $this->fetched;
	}

	/**
	 * @param mixed $package        The fetched file.
	 * @param bool  $delete_package Whether it goes afterwards.
	 * @return string|\WP_Error
	 */
	public function unpack_package( $package, $delete_package = true ) {
		$folder = parent::unpack_package( $package, $delete_package );
		if ( is_string( $folder ) ) {
			$this->working  = $folder;
			$this->unpacked = Listing::of( $folder );
		}
		return $folder;
	}
}
