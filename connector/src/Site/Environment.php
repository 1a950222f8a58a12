<?php
/**
 * What this site runs on. Everything here is read now, from this process.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Environment {

	private const EXTENSIONS = array( 'curl', 'dom', 'exif', 'fileinfo', 'gd', 'imagick', 'intl', 'mbstring', 'openssl', 'sodium', 'zip', 'zlib' );

	public static function facts( int $now ): \stdClass {
		return (object) array(
			'as_of'     => $now,
			'connector' => (object) array( 'version' => PRESSWARDEN_CONNECTOR_VERSION ),
			'database'  => self::database(),
			'php'       => self::php(),
			'server'    => self::server(),
			'wordpress' => self::wordpress(),
		);
	}

	/** Part of the inventory as well, so only what is the same in a web request and on the command line. */
	public static function server(): \stdClass {
		return (object) array(
			'database' => self::database()->kind,
			'os'       => PHP_OS_FAMILY,
		);
	}

	/** The web server's name without its version; '' on the command line. */
	private static function software(): string {
		$software = isset( $_SERVER['SERVER_SOFTWARE'] ) && is_string( $_SERVER['SERVER_SOFTWARE'] ) ? $_SERVER['SERVER_SOFTWARE'] : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- plain data of this server, never printed as HTML.
		return Plain::text( (string) preg_replace( '/[ \/].*\z/s', '', $software ) );
	}

	private static function database(): \stdClass {
		global $wpdb;
		$sqlite = ( defined( 'DB_ENGINE' ) && 'sqlite' === DB_ENGINE ) || ( isset( $wpdb->dbh ) && ! $wpdb->dbh instanceof \mysqli && ! is_resource( $wpdb->dbh ) );
		$info   = method_exists( $wpdb, 'db_server_info' ) ? (string) $wpdb->db_server_info() : '';
		$kind   = $sqlite ? 'sqlite' : ( false !== stripos( $info, 'mariadb' ) ? 'mariadb' : 'mysql' );
		// The SQLite drop-in answers with the MySQL version it plays.
		$version = $sqlite && class_exists( '\SQLite3' ) ? \SQLite3::version()['versionString'] : $wpdb->db_version();
		return (object) array(
			'kind'    => $kind,
			'version' => Plain::text( $version ),
		);
	}

	private static function php(): \stdClass {
		$loaded = array_values( array_filter( self::EXTENSIONS, 'extension_loaded' ) );
		return (object) array(
			'extensions'         => $loaded,
			'max_execution_time' => (int) ini_get( 'max_execution_time' ),
			'memory_limit'       => Plain::text( ini_get( 'memory_limit' ) ),
			'opcache'            => (bool) ini_get( 'opcache.enable' ),
			'sapi'               => PHP_SAPI,
			'software'           => self::software(),
			'version'            => PHP_VERSION,
		);
	}

	private static function wordpress(): \stdClass {
		return (object) array(
			'cron_disabled'      => defined( 'DISABLE_WP_CRON' ) && DISABLE_WP_CRON,
			'debug'              => defined( 'WP_DEBUG' ) && WP_DEBUG,
			'environment'        => Plain::text( wp_get_environment_type() ),
			'file_mods_disabled' => defined( 'DISALLOW_FILE_MODS' ) && DISALLOW_FILE_MODS,
			'home'               => Place::home(),
			'locale'             => Plain::text( get_locale() ),
			'multisite'          => is_multisite(),
			'object_cache'       => (bool) wp_using_ext_object_cache(),
			'permalinks'         => '' !== (string) get_option( 'permalink_structure' ),
			'version'            => Plain::text( get_bloginfo( 'version' ) ),
		);
	}
}
