<?php
/**
 * Which kind of dump this site's database takes.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Database;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\SnapshotRefusal;

final class Dumps {

	/** @throws Refusal On a network, whose sites share one database. */
	public static function here(): Dump {
		global $wpdb;
		if ( is_multisite() ) {
			throw SnapshotRefusal::because( 'network' );
		}
		return self::is_sqlite() ? new SqliteDump( $wpdb->prefix ) : new MysqlDump( $wpdb->prefix );
	}

	public static function is_sqlite(): bool {
		return defined( 'DB_ENGINE' ) && 'sqlite' === DB_ENGINE && defined( 'FQDB' );
	}
}
