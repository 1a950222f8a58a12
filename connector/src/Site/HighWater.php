<?php
/**
 * What this site has already lived through, written outside the database: epochs, revocation, pauses, message and claim
 * counters.
 *
 * A host that restores the database alone brings back revoked keys and forgets used call ids. The file does not go back
 * with it, so a database behind the file is seen. It can't see a restore of both together; the control plane's fence
 * does. The database is always written first: read the file before the row, or an honest change looks like a restore.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Verifier;

final class HighWater {

	/** @var array<string,int|string|bool> */
	private array $marks;

	/** @param array<string,int|string|bool> $marks What the file says. */
	private function __construct( array $marks ) {
		$this->marks = $marks;
	}

	public static function read(): self {
		$text  = StateFolder::read( StateFolder::file( 'high-water' ) );
		$marks = null === $text ? null : json_decode( $text, true );
		$call  = StateFolder::read( StateFolder::file( 'newest-call' ) );
		return new self( self::newest_in( (string) $call ) + ( is_array( $marks ) ? $marks : array() ) );
	}

	/** Row number of the newest call that was ever claimed here. */
	public function claims(): int {
		return (int) ( $this->marks['claims'] ?? 0 );
	}

	/** Its id; '' while no call was claimed. The number alone proves nothing: refused rows may use numbers up. */
	public function newest_id(): string {
		return (string) ( $this->marks['newest_id'] ?? '' );
	}

	/** True when the database knows less than this site has already lived through. */
	public function is_ahead_of( Record $record ): bool {
		if ( ! isset( $this->marks['installation'] ) ) {
			return false;
		}
		return $this->marks['installation'] !== $record->installation
			|| $this->marks['generation'] > $record->generation
			|| $this->marks['sequence'] > $record->sequence;
	}

	/** The strictest of file and row; the caller saves it. Only a person makes it loud again. */
	public function tighten( Record $record, int $now ): void {
		$record->quiet      = 'restored';
		$record->repair     = 'restored';
		$record->not_before = max( $record->not_before, $now + Verifier::SKEW );
		if ( ! isset( $this->marks['installation'] ) ) {
			return;
		}
		$record->generation = max( $record->generation, (int) $this->marks['generation'] ) + 1;
		$record->sequence   = max( $record->sequence, (int) $this->marks['sequence'] );
		if ( $this->marks['installation'] !== $record->installation ) {
			$record->state = Record::REVOKED;
			return;
		}
		if ( (int) ( $this->marks['epoch'] ?? 0 ) > $record->control_epoch ) {
			// These keys were rotated out since. An old key must not speak again, least of all to pin another.
			$record->control_keys = array();
		}
		$record->state          = true === $this->marks['revoked'] ? Record::REVOKED : $record->state;
		$record->paused_local   = $record->paused_local || true === $this->marks['paused_local'];
		$record->paused_control = $record->paused_control || true === $this->marks['paused_control'];
	}

	/**
	 * Of two requests that change the row at once, the one that writes the file last may be the older: it takes nothing back.
	 *
	 * @throws StoreBroken When the file can't be replaced.
	 */
	public static function follow( Record $record ): void {
		self::locked(
			static function ( array $marks ) use ( $record ): array {
				$same     = isset( $marks['installation'] ) && $marks['installation'] === $record->installation;
				$sequence = $same ? max( (int) $marks['sequence'], $record->sequence ) : $record->sequence;
				if ( $same && $marks['generation'] > $record->generation ) {
					return array( 'sequence' => $sequence ) + $marks;
				}
				return array(
					'epoch'          => $record->control_epoch,
					'generation'     => $record->generation,
					'installation'   => $record->installation,
					'paused_control' => $record->paused_control,
					'paused_local'   => $record->paused_local,
					'revoked'        => Record::REVOKED === $record->state,
					'sequence'       => $sequence,
					'site_epoch'     => $record->site_epoch,
				);
			}
		);
	}

	/**
	 * After a restore was found: claims are counted from the restored table on, so that one restore is found once.
	 *
	 * @throws StoreBroken When a file can't be written.
	 */
	public static function start_over( Record $record ): void {
		self::follow( $record );
		self::mark( 0, '', true );
	}

	/**
	 * In a file of its own and written in place: this happens with every call, and replacing a file costs a flush.
	 *
	 * @throws StoreBroken When it can't be written.
	 */
	public static function claimed( int $row, string $id ): void {
		self::mark( $row, $id, false );
	}

	private static function mark( int $row, string $id, bool $restart ): void {
		StateFolder::overwrite(
			StateFolder::file( 'newest-call' ),
			static function ( string $held ) use ( $row, $id, $restart ): ?string {
				return $restart || $row > self::newest_in( $held )['claims'] ? sprintf( '%020d %36s', $row, $id ) : null;
			}
		);
	}

	/** @return array{claims:int,newest_id:string} */
	private static function newest_in( string $line ): array {
		if ( 1 !== preg_match( '/\A(\d{20}) ([0-9a-f-]{36})\z/', $line, $found ) ) {
			return array(
				'claims'    => 0,
				'newest_id' => '',
			);
		}
		return array(
			'claims'    => (int) $found[1],
			'newest_id' => $found[2],
		);
	}

	/** @param callable(array<string,int|string|bool>):array<string,int|string|bool> $change From the old marks to the new. */
	private static function locked( callable $change ): void {
		$file = StateFolder::file( 'high-water' );
		$lock = @fopen( StateFolder::file( 'high-water-lock' ), 'c' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- the failure is thrown below, the path must not reach a log.
		if ( false === $lock || ! flock( $lock, LOCK_EX ) ) {
			throw new StoreBroken( 'lock' );
		}
		try {
			$text  = StateFolder::read( $file );
			$marks = null === $text ? null : json_decode( $text, true );
			StateFolder::replace( $file, (string) json_encode( $change( is_array( $marks ) ? $marks : array() ) ) );
		} finally {
			fclose( $lock );
		}
	}
}
