<?php
/**
 * Every hook of the connector, and nothing else. Classes load when a hook fires, so a visitor's page costs nothing.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Admin\Form;
use Presswarden\Connector\Admin\Page;
use Presswarden\Connector\Cli\Command;
use Presswarden\Connector\Rest\CallRoute;
use Presswarden\Connector\Site\AgentDoors;
use Presswarden\Connector\Site\ControlPlane;
use Presswarden\Connector\Site\Lifecycle;
use Presswarden\Connector\Site\Schedule;
use Presswarden\Connector\Site\Updates\CoreDatabase;
use Presswarden\Connector\Site\Updates\ReleasePackage;

final class Plugin {

	public static function start( string $file ): void {
		register_activation_hook( $file, array( Lifecycle::class, 'activated' ) );
		register_deactivation_hook( $file, array( Lifecycle::class, 'deactivated' ) );
		self::calls();
		self::heartbeat();
		self::agent();
		self::people();
		add_filter( 'upgrader_source_selection', array( ReleasePackage::class, 'selected' ), PHP_INT_MAX, 4 );
	}

	/** While an update of ours runs, nothing happens beside it: no language packs on the way, no database before the files were read back. */
	public static function updating(): void {
		add_filter( 'async_update_translation', '__return_false', PHP_INT_MAX );
		add_filter( 'pre_http_request', array( CoreDatabase::class, 'filter' ), PHP_INT_MAX, 3 );
	}

	private static function calls(): void {
		CallRoute::buffer_early();
		add_action( 'rest_api_init', array( CallRoute::class, 'register' ), 1 );
		add_filter( 'rest_authentication_errors', array( CallRoute::class, 'open' ), PHP_INT_MAX );
		add_filter( 'rest_pre_dispatch', array( CallRoute::class, 'take_body' ), PHP_INT_MIN, 3 );
		add_filter( 'rest_pre_dispatch', array( CallRoute::class, 'not_by_others' ), PHP_INT_MAX, 3 );
		add_filter( 'rest_endpoints', array( CallRoute::class, 'hide' ), PHP_INT_MAX );
		add_filter( 'rest_index', array( CallRoute::class, 'hide_name' ), PHP_INT_MAX );
	}

	private static function heartbeat(): void {
		add_filter( 'cron_schedules', array( Schedule::class, 'five_minutes' ) );
		add_action( 'presswarden_heartbeat', array( Schedule::class, 'run' ) );
		add_action( 'presswarden_changed', array( Schedule::class, 'run' ) );
		add_filter( 'http_request_args', array( ControlPlane::class, 'firm' ), PHP_INT_MAX, 2 );
		add_filter( 'https_ssl_verify', array( ControlPlane::class, 'verified' ), PHP_INT_MAX, 2 );
		foreach ( array( 'upgrader_process_complete', 'activated_plugin', 'deactivated_plugin', 'deleted_plugin', 'switch_theme', 'deleted_theme', '_core_updated_successfully' ) as $changed ) {
			add_action( $changed, array( Schedule::class, 'changed' ), PHP_INT_MAX, 0 );
		}
	}

	private static function agent(): void {
		add_filter( 'authenticate', array( AgentDoors::class, 'authenticate' ), PHP_INT_MAX );
		add_filter( 'determine_current_user', array( AgentDoors::class, 'current_user' ), PHP_INT_MAX );
		add_filter( 'wp_is_application_passwords_available_for_user', array( AgentDoors::class, 'application_passwords' ), PHP_INT_MAX, 2 );
		add_action( 'wp_authenticate_application_password_errors', array( AgentDoors::class, 'application_password_errors' ), 10, 2 );
		add_filter( 'allow_password_reset', array( AgentDoors::class, 'password_reset' ), PHP_INT_MAX, 2 );
		add_filter( 'rest_user_query', array( AgentDoors::class, 'leave_out' ), PHP_INT_MAX );
		add_filter( 'wp_sitemaps_users_query_args', array( AgentDoors::class, 'leave_out' ), PHP_INT_MAX );
		add_filter( 'wp_dropdown_users_args', array( AgentDoors::class, 'leave_out' ), PHP_INT_MAX );
		add_filter( 'wp_list_authors_args', array( AgentDoors::class, 'leave_out' ), PHP_INT_MAX );
		add_filter( 'request', array( AgentDoors::class, 'author_archive' ), PHP_INT_MAX );
		add_filter( 'rest_request_before_callbacks', array( AgentDoors::class, 'rest_user' ), PHP_INT_MAX, 3 );
	}

	private static function people(): void {
		if ( is_admin() ) {
			add_action( 'admin_menu', array( Page::class, 'register' ) );
			add_action( 'admin_enqueue_scripts', array( Page::class, 'style' ) );
			add_action( 'admin_notices', array( Page::class, 'notice' ) );
			add_action( 'admin_post_presswarden', array( Form::class, 'submitted' ) );
		}
		if ( defined( 'WP_CLI' ) && WP_CLI ) {
			\WP_CLI::add_command( 'presswarden', Command::class );
		}
	}
}
