<?php
/**
 * Switching one plugin on or off, by WordPress's own functions.
 *
 * With a snapshot it is a change like any other: open until somebody calls it good. Without one nothing could take it back, so
 * it opens none. What runs when a plugin is switched on is the plugin's own code; if it throws, the plugin stays off.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Call;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Site\Journal;
use Presswarden\Connector\Site\OpenChange;
use Presswarden\Connector\Site\Plain;
use Presswarden\Connector\Site\Updatable;

final class Switching {

	private Call $call;
	private PluginComponent $plugin;
	private bool $on;

	public function __construct( Call $call, bool $on ) {
		$this->call   = $call;
		$this->plugin = new PluginComponent( $call->args->component );
		$this->on     = $on;
	}

	/** @throws Refusal With the action's code. */
	public function run(): \stdClass {
		Tools::load();
		if ( Updatable::is_own( $this->plugin->name() ) ) {
			// Whoever switched it off from outside could never switch it on again.
			throw Refusal::because( 'action.files', 'own' );
		}
		$before   = $this->as_planned();
		$snapshot = Update::protection( $this->call, time() );
		$change   = null;
		if ( null !== $snapshot ) {
			$change = OpenChange::begin( $this->call->args->change, $this->plugin->name(), $snapshot, $before->version, $this->on ? OpenChange::DEACTIVATE : OpenChange::ACTIVATE );
		}
		null === $change && Journal::add( $this->on ? 'plugin.on' : 'plugin.off', array( 'component' => Plain::text( $this->plugin->name() ) ) );
		$says = $this->turned( $before );
		$now  = $this->plugin->installed();
		if ( null === $now || $now->active !== $this->on || '' !== $says ) {
			throw $this->undone( $change, $before, $says );
		}
		$deadline = null === $change ? 0 : time() + $this->call->args->deadline;
		if ( null !== $change ) {
			$change->confirm( $this->plugin->live(), $deadline );
		}
		return $this->switched( $before, $now, $deadline );
	}

	/**
	 * What the leaf's `before` names must be as it says. A plan's reserve to switch a plugin off names nothing: nobody knows then what a bad update left.
	 *
	 * @throws Refusal With action.before.
	 */
	private function as_planned(): Installed {
		$now    = $this->plugin->installed();
		$before = null === $this->call->leaf ? new \stdClass() : $this->call->leaf->before;
		if ( null === $now || ( $this->on && array() === get_object_vars( $before ) ) ) {
			throw Refusal::of( 'action.before' );
		}
		$found = get_object_vars( $this->plugin->before( $now ) );
		foreach ( get_object_vars( $before ) as $name => $value ) {
			if ( ! isset( $found[ $name ] ) || $found[ $name ] !== $value ) {
				throw Refusal::of( 'action.before' );
			}
		}
		return $now;
	}

	/** What WordPress said against it, or ''. */
	private function turned( Installed $before ): string {
		if ( $before->active === $this->on ) {
			return '';
		}
		ob_start();
		try {
			if ( ! $this->on ) {
				deactivate_plugins( $this->plugin->file() );
				return '';
			}
			$result = activate_plugin( $this->plugin->file() );
			// Output alone makes WordPress complain, and the plugin is on all the same.
			return is_wp_error( $result ) && 'unexpected_output' !== $result->get_error_code() ? Said::text( $result->get_error_message() ) : '';
		} catch ( \Throwable $thrown ) {
			return Said::text( get_class( $thrown ) );
		} finally {
			ob_end_clean();
		}
	}

	private function undone( ?OpenChange $change, Installed $before, string $says ): Refusal {
		$now = $this->plugin->installed();
		if ( null !== $now && $now->active !== $before->active ) {
			// Silently: no hook of a plugin that just failed is run again.
			if ( $before->active ) {
				activate_plugin( $this->plugin->file(), '', false, true );
			} else {
				deactivate_plugins( $this->plugin->file(), true );
			}
			$now = $this->plugin->installed();
		}
		if ( null !== $change ) {
			$change->abandon();
		}
		if ( null === $now || $now->active !== $before->active ) {
			return Refusal::because( 'action.half', Said::sentence( 'The plugin is neither as it was nor as it was asked for.', $says ) );
		}
		return Refusal::because( 'action.not_kept', Said::sentence( 'The plugin could not be switched; it is as it was.', $says ) );
	}

	private function switched( Installed $before, Installed $now, int $deadline ): \stdClass {
		$listing = $this->plugin->listing();
		return (object) array(
			'active'      => $now->active,
			'bytes'       => $listing->bytes(),
			'change'      => $this->call->args->change,
			'component'   => $this->plugin->name(),
			'deadline'    => $deadline,
			'files'       => $listing->count(),
			'fingerprint' => $listing->fingerprint(),
			'maintenance' => '',
			'package'     => '',
			'says'        => array(),
			'state'       => 0 === $deadline ? 'closed' : 'confirm',
			'version'     => Plain::text( $now->version ),
			'was'         => Plain::text( $before->version ),
		);
	}
}
