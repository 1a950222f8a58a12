<?php
/**
 * What of the connector stands in rows that a restore of the database brings back from an earlier day: its role, its place among
 * the active plugins, its appointments.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Ours {

	/** @var array<string,bool> */
	private array $rights;

	/** @param array<string,bool> $rights Of our role. */
	private function __construct( array $rights ) {
		$this->rights = $rights;
	}

	/** As it is now; taken before a restore. */
	public static function remembered(): self {
		$role = get_role( Storage::ROLE );
		return new self( null === $role ? array() : $role->capabilities );
	}

	/** After one. What WordPress and others hold in memory is of the database before, so that goes first. */
	public function put_back(): void {
		wp_cache_flush();
		wp_roles()->for_site( get_current_blog_id() );
		$role = get_role( Storage::ROLE );
		if ( array() !== $this->rights && ( null === $role || $role->capabilities !== $this->rights ) ) {
			remove_role( Storage::ROLE );
			add_role( Storage::ROLE, 'Presswarden agent', $this->rights );
		}
		$self   = plugin_basename( dirname( __DIR__, 2 ) . '/presswarden-connector.php' );
		$active = (array) get_option( 'active_plugins', array() );
		if ( ! in_array( $self, $active, true ) ) {
			$active[] = $self;
			sort( $active );
			update_option( 'active_plugins', $active );
		}
		Heartbeat::schedule();
	}
}
