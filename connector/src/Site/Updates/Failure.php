<?php
/**
 * WordPress's own error, told in the wire's codes, where nothing of the component was touched.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

final class Failure {

	private const NO_PACKAGE = array(
		'no_package',
		'download_failed',
		'incompatible_archive',
		'incompatible_archive_empty',
		'incompatible_archive_no_plugins',
		'incompatible_archive_theme_no_style',
		'incompatible_archive_theme_no_name',
		'incompatible_archive_theme_no_index',
		'incompatible_archive_pomo',
		'stream_failed',
	);
	private const REQUIRES = array(
		'incompatible_php_required_version',
		'incompatible_wp_required_version',
		'php_not_compatible',
		'mysql_not_compatible',
		'php_mysql_not_compatible',
		'php_not_compatible_json',
		'php_not_compatible_extension',
	);
	private const FILES = array( 'files_not_writable', 'fs_unavailable', 'fs_error', 'fs_no_content_dir', 'fs_no_plugins_dir', 'fs_no_themes_dir', 'fs_temp_backup_mkdir', 'fs_temp_backup_move' );
	private const DISK  = array( 'disk_full_unzip_file', 'disk_full', 'copy_failed_space', 'copy_failed_ziparchive' );

	/** @param array<int,string> $says What WordPress said. */
	public static function before_touching( ?\WP_Error $error, array $says ): Refusal {
		$code = null === $error ? '' : (string) $error->get_error_code();
		if ( in_array( $code, self::NO_PACKAGE, true ) ) {
			return Refusal::because( 'action.download', Said::sentence( 'What was fetched is no package for this component; nothing was touched.', ...$says ) );
		}
		if ( in_array( $code, self::REQUIRES, true ) ) {
			return Refusal::of( 'action.requires' );
		}
		if ( in_array( $code, self::FILES, true ) ) {
			return Refusal::because( 'action.files', 'not_writable' );
		}
		if ( in_array( $code, self::DISK, true ) ) {
			return Refusal::because( 'action.files', 'disk' );
		}
		return Refusal::because( 'action.not_kept', Said::sentence( 'The update did not happen; the old version stands untouched.', ...$says ) );
	}
}
