<?php
/**
 * Pair this site with a Presswarden control plane, and see or stop what it may do.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Cli;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Site\Heartbeat;
use Presswarden\Connector\Site\HeartbeatProblem;
use Presswarden\Connector\Site\Pairing;
use Presswarden\Connector\Site\PairingProblem;
use Presswarden\Connector\Site\Plain;
use Presswarden\Connector\Site\Record;
use Presswarden\Connector\Site\RecordStore;
use Presswarden\Connector\Site\Restored;
use Presswarden\Connector\Site\Snapshots;
use Presswarden\Connector\Site\StateChange;
use Presswarden\Connector\Site\Status;
use Presswarden\Connector\Site\Storage;
use Presswarden\Connector\Site\StoreBroken;

final class Command {

	/**
	 * Pairs this site.
	 *
	 * ## OPTIONS
	 *
	 * <code>
	 * : The pairing string from the console.
	 *
	 * [--hmac]
	 * : Use HMAC instead of Ed25519. Receipts then prove nothing to third parties.
	 *
	 * [--replace]
	 * : Let a live pairing go.
	 *
	 * [--wait=<seconds>]
	 * : Wait until the control plane has confirmed.
	 * ---
	 * default: 60
	 * ---
	 *
	 * @param array<int,string>         $args    The pairing string.
	 * @param array<string,string|bool> $options Options.
	 */
	public function pair( array $args, array $options ): void {
		try {
			Pairing::start( isset( $args[0] ) ? $args[0] : '', ! empty( $options['hmac'] ), ! empty( $options['replace'] ) );
		} catch ( PairingProblem $problem ) {
			\WP_CLI::error( $problem->getMessage() . ' (' . $problem->reason . ')' );
			return;
		} catch ( StoreBroken $broken ) {
			self::not_written( $broken );
			return;
		}
		$wait = isset( $options['wait'] ) ? max( 0, min( Pairing::CONFIRM_LIFE, (int) $options['wait'] ) ) : 60;
		$end  = microtime( true ) + $wait;
		do {
			$record = ( new RecordStore() )->read();
			if ( Record::PAIRED === $record->state ) {
				\WP_CLI::log( 'Words: ' . $record->words );
				\WP_CLI::success( 'Paired. The console must show the same four words.' );
				return;
			}
			usleep( 250000 );
		} while ( microtime( true ) < $end );
		if ( 0 === $wait ) {
			\WP_CLI::success( 'The control plane took the string and now calls this site back. See: wp presswarden status' );
			return;
		}
		\WP_CLI::error( 'The control plane took the string but has not called this site back within ' . $wait . ' seconds. Check that it can reach ' . $record->home . ', then see: wp presswarden status' );
	}

	/**
	 * Shows how this site is paired.
	 *
	 * ## OPTIONS
	 *
	 * [--format=<format>]
	 * : table or json.
	 *
	 * @param array<int,string>         $args    None.
	 * @param array<string,string|bool> $options Options.
	 */
	public function status( array $args, array $options ): void {
		$facts = Status::facts( time() );
		if ( isset( $options['format'] ) && 'json' === $options['format'] ) {
			\WP_CLI::line( (string) wp_json_encode( $facts, JSON_UNESCAPED_SLASHES ) );
			return;
		}
		foreach ( $facts as $name => $value ) {
			\WP_CLI::line( sprintf( '%-18s %s', $name, is_bool( $value ) ? ( $value ? 'yes' : 'no' ) : Plain::shown( (string) $value ) ) );
		}
	}

	/** Stops every call but health and control, from this side. */
	public function pause(): void {
		$this->set_pause( true );
		\WP_CLI::success( 'Paused. The control plane can not lift this pause.' );
	}

	/** Lifts the pause made here. */
	public function resume(): void {
		$this->set_pause( false );
		\WP_CLI::success( 'Resumed.' );
	}

	/** Ends the pairing and deletes the keys. Works with the control plane down. */
	public function unpair(): void {
		$this->done(
			static function (): void {
				Pairing::unpair();
			}
		);
		\WP_CLI::success( 'Unpaired. This site answers no calls any more.' );
	}

	/** Sends one heartbeat now. */
	public function heartbeat(): void {
		$code = '';
		$this->done(
			static function () use ( &$code ): void {
				$code = Heartbeat::send();
			}
		);
		if ( '' !== $code ) {
			\WP_CLI::error( 'The heartbeat was not accepted. ' . HeartbeatProblem::says( $code ) . ' (' . $code . ')' );
			return;
		}
		\WP_CLI::success( 'The heartbeat was accepted.' );
	}

	/** Says that this site moved to its present address. */
	public function moved(): void {
		try {
			$code = Pairing::move();
		} catch ( PairingProblem $problem ) {
			\WP_CLI::error( $problem->getMessage() . ' (' . $problem->reason . ')' );
			return;
		} catch ( StoreBroken $broken ) {
			self::not_written( $broken );
			return;
		}
		if ( '' !== $code ) {
			\WP_CLI::error( 'The move is noted here, but the control plane did not file it: ' . $code );
			return;
		}
		\WP_CLI::success( 'Filed. A person confirms it in the control plane.' );
	}

	/** Says that this site is a copy: it forgets the pairing of the original. */
	public function copy(): void {
		$this->done( array( Pairing::class, 'is_copy' ) );
		\WP_CLI::success( 'Forgotten. Pair this copy on its own if it should be seen.' );
	}

	/** Says that the database was put back to an earlier day on purpose. */
	public function restored(): void {
		$this->done( array( Restored::class, 'accept' ) );
		\WP_CLI::success( 'Noted.' );
	}

	/**
	 * Shows the snapshots of this site, or says whether they stay when the plugin is deleted.
	 *
	 * ## OPTIONS
	 *
	 * [<keep|drop>]
	 * : Keep them, with their keys sealed under this site's own; or let them go with the plugin, as is usual.
	 *
	 * @param array<int,string> $args What is wanted.
	 */
	public function snapshots( array $args ): void {
		if ( isset( $args[0] ) ) {
			if ( ! in_array( $args[0], array( 'keep', 'drop' ), true ) ) {
				\WP_CLI::error( 'Say keep or drop.' );
				return;
			}
			Storage::keep_snapshots( 'keep' === $args[0] );
			\WP_CLI::success( 'keep' === $args[0] ? 'The snapshots stay when the plugin is deleted.' : 'The snapshots go with the plugin.' );
			return;
		}
		foreach ( Snapshots::all() as $info ) {
			$what = Plain::shown( $info->component ) . ' ' . Plain::shown( $info->version );
			\WP_CLI::line( sprintf( '%s  %s  %-10s  %6.1f MB  %s', $info->id, gmdate( 'Y-m-d H:i', $info->created ), $info->state, $info->bytes / 1048576, $what ) );
		}
	}

	private function set_pause( bool $paused ): void {
		$this->done(
			static function () use ( $paused ): void {
				StateChange::make(
					$paused ? 'paused' : 'resumed',
					array( 'by' => 'local' ),
					static function ( Record $record ) use ( $paused ): void {
						$record->paused_local = $paused;
						$record->pause_reason = '';
					}
				);
			}
		);
	}

	/** @param callable():mixed $change Something that writes. */
	private function done( callable $change ): void {
		try {
			$change();
		} catch ( StoreBroken $broken ) {
			self::not_written( $broken );
		}
	}

	/** The row may have been written and the file beside it not: the state says which. */
	private static function not_written( StoreBroken $broken ): void {
		\WP_CLI::error( 'WordPress could not read or write all of it (' . $broken->getMessage() . '). See: wp presswarden status' );
	}
}
