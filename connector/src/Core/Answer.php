<?php
/**
 * The bodies a site answers a call with, as canonical text.
 *
 * Only builds text; storing, signing and printing it is done where WordPress is.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Answer {

	/** `{"result":{...},"status":"done","v":1}` */
	public static function done( \stdClass $result ): string {
		return Jcs::encode(
			(object) array(
				'result' => $result,
				'status' => 'done',
				'v'      => 1,
			)
		);
	}

	/** `{"code":"...","says":"...","status":"refused","v":1}` and the refusal's extras. */
	public static function refused( Refusal $refusal ): string {
		return Jcs::encode(
			(object) array_merge(
				$refusal->extra,
				array(
					'code'   => $refusal->wire_code,
					'says'   => $refusal->says,
					'status' => 'refused',
					'v'      => 1,
				)
			)
		);
	}

	/** The answer to a call that was taken before and has been answered: the stored outcome, never a second run. */
	public static function duplicate_done( int $status, string $body, string $signature_base64 ): string {
		return self::duplicate(
			'done',
			(object) array(
				'body'      => $body,
				'signature' => $signature_base64,
				'status'    => $status,
			)
		);
	}

	/** The answer to a call that was taken before and never answered; the caller settles it by a read. */
	public static function duplicate_running(): string {
		return self::duplicate( 'running', null );
	}

	private static function duplicate( string $state, ?\stdClass $stored ): string {
		return self::refused(
			Refusal::of(
				'call.duplicate',
				array(
					'state'  => $state,
					'stored' => $stored,
				)
			)
		);
	}
}
