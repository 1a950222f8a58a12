<?php
/**
 * One update of one component to one version, from the checks that touch nothing to what the disk says in the end.
 *
 * WordPress's upgraders report success for packages without the plugin in them and failures that they repair after the answer. So
 * nothing of what they return is believed but an error, and the answer is a fresh read. Whatever goes wrong between the first
 * touched file and that read is taken back at once, by the open change; if this process dies, by the watchdog.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Updates;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Call;
use Presswarden\Connector\Core\Jcs;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Plugin;
use Presswarden\Connector\Site\OpenChange;
use Presswarden\Connector\Site\Plain;
use Presswarden\Connector\Site\SnapshotInfo;
use Presswarden\Connector\Site\Snapshots;
use Presswarden\Connector\Site\Updatable;
use Presswarden\Connector\Watch\PackBroken;

final class Update {

	private Call $call;
	private Component $component;
	/** Whether the package has to be a signed release of the connector. */
	private bool $signed    = false;
	private string $package = '';

	public function __construct( Call $call, Component $component ) {
		$this->call      = $call;
		$this->component = $component;
	}

	/** The connector's own update: a release, or nothing (N14). */
	public static function of_the_connector( Call $call, PluginComponent $connector ): self {
		$update         = new self( $call, $connector );
		$update->signed = true;
		return $update;
	}

	/**
	 * The snapshot that protects the change, or null where none is asked for.
	 *
	 * @throws Refusal With call.snapshot.
	 */
	public static function protection( Call $call, int $now ): ?SnapshotInfo {
		return '' === $call->args->snapshot ? null : Snapshots::usable( $call->args->snapshot, $call->args->component, $now );
	}

	/** @throws Refusal With the action's code; the old version stands then, unless it is action.half. */
	public function run(): \stdClass {
		Tools::load();
		$args = $this->call->args;
		// First of all: only what WordPress itself lists has a place on the disk that may be looked at.
		$before = $this->component->installed();
		if ( null === $before ) {
			throw Refusal::of( 'action.before' );
		}
		Updatable::check( $this->component, $this->signed );
		$this->must_be_as_planned( $before );
		if ( ! $this->component->is_newer( $args->version, $before ) ) {
			throw Refusal::of( 'action.downgrade' );
		}
		$offer    = $this->offered( $args->version );
		$snapshot = self::protection( $this->call, time() );
		$turn     = Turn::take( $args->change, $this->component->name() );
		try {
			$change = OpenChange::begin( $args->change, $this->component->name(), $snapshot, $before->version );
			return $this->replace( $change, $offer, $before );
		} finally {
			$turn->end();
		}
	}

	/** @throws Refusal With action.before. */
	private function must_be_as_planned( Installed $now ): void {
		$before = null === $this->call->leaf ? null : $this->call->leaf->before;
		if ( null === $before || Jcs::encode( $before ) !== Jcs::encode( $this->component->before( $now ) ) ) {
			throw Refusal::of( 'action.before' );
		}
	}

	/** @throws Refusal With action.offer, action.files or action.requires. */
	private function offered( string $version ): Offer {
		$offer = $this->component->offer( $version );
		if ( null === $offer ) {
			throw Refusal::of( 'action.offer' );
		}
		if ( '' === $offer->package ) {
			throw Refusal::because( 'action.files', 'licence' );
		}
		if ( ! is_wp_version_compatible( $offer->requires_wp ) || ! is_php_version_compatible( $offer->requires_php ) ) {
			throw Refusal::of( 'action.requires' );
		}
		return $offer;
	}

	private function replace( OpenChange $change, Offer $offer, Installed $before ): \stdClass {
		$found    = $this->component->listing();
		$skin     = new \WP_Ajax_Upgrader_Skin();
		$upgrader = $this->component->upgrader( $skin );
		try {
			$this->package = $upgrader->fetch( $offer->package, null === $this->call->leaf ? '' : $this->call->leaf->package );
			if ( $this->signed ) {
				ReleasePackage::must_be( $upgrader->fetched(), $this->call->args->version );
				ReleasePackage::stand_alone();
			}
		} catch ( Refusal $refusal ) {
			$upgrader->tidy();
			$change->abandon();
			throw $refusal;
		}
		if ( $before != $this->component->installed() ) { // phpcs:ignore Universal.Operators.StrictComparisons -- the same values, another object.
			// Somebody else was quicker while the package was on its way; nothing of theirs is overwritten.
			$upgrader->tidy();
			$change->abandon();
			throw Refusal::of( 'action.before' );
		}
		$error = null;
		$known = Offers::known();
		try {
			Plugin::updating();
			CoreDatabase::hold_back();
			$result = $this->component->upgrade( $upgrader, $offer );
			$error  = is_wp_error( $result ) ? $result : ( $skin->get_errors()->has_errors() ? $skin->get_errors() : null );
		} catch ( \Throwable $thrown ) {
			// Most often a plugin that listens to updates. What it broke is seen on the disk.
			unset( $thrown );
		} finally {
			CoreDatabase::let_through();
			$upgrader->tidy();
			Turn::clear();
		}
		$now    = $this->component->installed();
		$says   = Said::by( $skin );
		$stands = null === $error && $this->stands( $upgrader, $now, $before );
		Offers::remember( $known, $stands ? $this->component->name() : '' );
		if ( $stands && null !== $now ) {
			$says[]   = $this->component->afterwards();
			$deadline = time() + $this->call->args->deadline;
			try {
				$change->confirm( $this->component->live(), $deadline );
				return $this->updated( $before, $now, $deadline, $says );
			} catch ( PackBroken $unwritten ) {
				$says[] = 'The disk is full.';
			}
		}
		throw $this->undone( $change, $error, $says, $found, $before );
	}

	/** What was asked for, whole, and used as before. */
	private function stands( Fetching $upgrader, ?Installed $now, Installed $before ): bool {
		$package = $upgrader->unpacked();
		return null !== $now && null !== $package
			&& $this->component->is( $this->call->args->version, $now )
			&& $now->active === $before->active
			&& $this->component->holds( $package );
	}

	/**
	 * Back to the old version, and the refusal that says so.
	 *
	 * @param array<int,string> $says What WordPress said.
	 */
	private function undone( OpenChange $change, ?\WP_Error $error, array $says, Listing $found, Installed $before ): Refusal {
		$now       = $this->component->installed();
		$untouched = null !== $now && $now->version === $before->version && $now->active === $before->active
			&& $found->files == $this->component->listing()->files; // phpcs:ignore Universal.Operators.StrictComparisons -- the order of files means nothing.
		if ( $untouched ) {
			$change->abandon();
			return Failure::before_touching( $error, $says );
		}
		$state = $change->take_back( 'update failed' );
		$now   = $this->component->installed();
		if ( 'restored' === $state && null !== $now && $now->version === $before->version ) {
			return Refusal::because( 'action.not_kept', Said::sentence( 'The new version did not stand; the old one is back.', ...$says ) );
		}
		return Refusal::because( 'action.half', Said::sentence( "The new version did not stand, and the old one could not be put back ({$state}).", ...$says ) );
	}

	/** @param array<int,string> $says What WordPress said. */
	private function updated( Installed $before, Installed $now, int $deadline, array $says ): \stdClass {
		$listing = $this->component->listing();
		return (object) array(
			'active'      => $now->active,
			'bytes'       => $listing->bytes(),
			'change'      => $this->call->args->change,
			'component'   => $this->component->name(),
			'deadline'    => $deadline,
			'files'       => $listing->count(),
			'fingerprint' => $listing->fingerprint(),
			'maintenance' => '',
			'package'     => $this->package,
			'says'        => array_slice( array_values( array_filter( $says ) ), -10 ),
			'state'       => 'confirm',
			'version'     => Plain::text( $this->component instanceof TranslationComponent ? $this->call->args->version : $now->version ),
			'was'         => Plain::text( $before->version ),
		);
	}
}
