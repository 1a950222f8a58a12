<?php
/**
 * Every call of the contract, judged by checks 1 to 10.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Core\ActionSpec;
use Presswarden\Connector\Core\Call;
use Presswarden\Connector\Core\Catalogue;
use Presswarden\Connector\Core\Envelope;
use Presswarden\Connector\Core\Limits;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\Verifier;

/**
 * @group req-W1
 * @group req-W2
 * @group req-P1
 * @group req-P2
 * @group req-P3
 * @group req-N3
 */
final class VerifierTest extends TestCase {

	/** @dataProvider calls */
	public function test_a_call_is_judged_as_the_contract_says( \stdClass $case ): void {
		if ( $this->needs_signature( $case ) ) {
			Vectors::needs_ed25519( $this );
		}
		$refused = null;
		$call    = null;
		try {
			$call = $this->judge( $case );
		} catch ( Refusal $refusal ) {
			$refused = $refusal;
		}
		if ( isset( $case->refuse ) ) {
			$this->assertNotNull( $refused, 'accepted, but must be refused with ' . $case->refuse );
			$this->assertSame( $case->refuse, $refused->wire_code );
			$this->assertSame( Refusal::TABLE[ $case->refuse ][0], $refused->http_status );
			$this->assertSame( isset( $case->extra ) ? (array) $case->extra : array(), $refused->extra );
			return;
		}
		$this->assertNull( $refused, null === $refused ? '' : 'refused with ' . $refused->wire_code );
		$this->assertInstanceOf( Call::class, $call );
		$this->assertTheCallIsWhatWasSent( $case, $call );
	}

	/** @return array<string,array{0:\stdClass}> */
	public function calls(): array {
		return Vectors::cases( 'calls' ) + Vectors::cases( 'bodies' ) + Vectors::cases( 'plans' );
	}

	public function test_the_checks_run_in_the_order_of_the_contract(): void {
		$codes = array();
		foreach ( array_merge( ...array_values( array_map( 'array_values', $this->calls() ) ) ) as $case ) {
			if ( isset( $case->refuse ) ) {
				$codes[ $case->refuse ] = true;
			}
		}
		$wire = (string) file_get_contents( dirname( __DIR__, 2 ) . '/contract/wire.md' );
		preg_match_all( '/^\| (?:[1-9]|10) \|.*$/m', $wire, $rows );
		preg_match_all( '/`(call\.[a-z_]+)`/', implode( "\n", $rows[0] ), $named );
		$needed = array_unique( $named[1] );
		$this->assertGreaterThan( 12, count( $needed ) );
		$this->assertSame( array(), array_diff( $needed, array_keys( $codes ) ), 'codes of checks 1 to 10 that no vector shows' );
		$this->assertSame( array( 'installation', 'address', 'ttl', 'window', 'algorithm', 'signature', 'body' ), array_slice( Verifier::ORDER, 0, 7 ) );
	}

	public function test_the_first_failing_check_answers(): void {
		$case               = clone $this->calls()['an honest read passes'][0];
		$case->now         += 10000;
		$case->body         = 'not even json';
		$case->limit_open   = false;
		$case->current_home = 'https://elsewhere.example';
		$this->assertRefused( 'call.rate_address', $case );
		unset( $case->limit_open );
		$this->assertRefused( 'call.window', $case );
		$case->now -= 10000;
		Vectors::needs_ed25519( $this );
		$this->assertRefused( 'call.signature', $case );
	}

	public function test_a_verifier_keeps_nothing_of_an_earlier_call(): void {
		Vectors::needs_ed25519( $this );
		$plan     = Vectors::cases( 'plans' )['leaf 3 of a plan of 4 actions passes'][0];
		$read     = Vectors::cases( 'calls' )['an honest read passes'][0];
		$verifier = $this->verifier( $plan );
		$this->assertNotNull( $verifier->verify( Envelope::from_headers( (array) $plan->headers, Vectors::body( $plan ) ) )->leaf );
		$this->assertNull( $verifier->verify( Envelope::from_headers( (array) $read->headers, Vectors::body( $read ) ) )->leaf );
	}

	private function assertRefused( string $code, \stdClass $case ): void {
		try {
			$this->judge( $case );
		} catch ( Refusal $refusal ) {
			$this->assertSame( $code, $refusal->wire_code );
			return;
		}
		$this->fail( 'accepted, but must be refused with ' . $code );
	}

	private function assertTheCallIsWhatWasSent( \stdClass $case, Call $call ): void {
		$raw  = Vectors::body( $case );
		$body = json_decode( $raw );
		$this->assertSame( hash( 'sha256', $raw ), $call->body_hash );
		$this->assertSame( $body->tool, $call->tool );
		$this->assertSame( $body->bind->nonce, $call->nonce );
		$this->assertSame( $body->bind->kid, $call->kid );
		$this->assertSame( $body->run_id, $call->run_id );
		if ( isset( $body->leaf ) ) {
			$leaf = json_decode( $body->leaf );
			$this->assertEquals( $leaf->args, $call->args );
			$this->assertNotNull( $call->leaf );
			$this->assertSame( $leaf->plan, $call->leaf->plan );
			$this->assertSame( $body->bind->fence, $call->leaf->fence );
			$this->assertSame( $leaf->package, $call->leaf->package );
			$this->assertSame( 32, strlen( $call->leaf->root ) );
			return;
		}
		$this->assertNull( $call->leaf );
		$this->assertEquals( $body->args, $call->args );
	}

	private function judge( \stdClass $case ): Call {
		$headers = array_map(
			static function ( $value ) {
				return $value;
			},
			(array) $case->headers
		);
		return $this->verifier( $case )->verify( Envelope::from_headers( $headers, Vectors::body( $case ) ) );
	}

	private function verifier( \stdClass $case ): Verifier {
		$actions = Catalogue::actions();
		foreach ( isset( $case->classes ) ? get_object_vars( $case->classes ) : array() as $tool => $class ) {
			$actions[ $tool ] = new ActionSpec( $tool, $class, 'medium', 'read', array(), true );
		}
		$limits = new class( ! isset( $case->limit_open ) || $case->limit_open ) implements Limits {
			private bool $open;

			public function __construct( bool $open ) {
				$this->open = $open;
			}

			public function allows( string $bucket ): bool {
				return 'address' === $bucket && $this->open;
			}
		};
		return new Verifier( Vectors::pinned( Vectors::file( 'calls' )->pins->{$case->pinned} ), $case->current_home, $case->now, $limits, $actions );
	}

	/** Ed25519 cases that get past check 7, or whose refusal later is what they show. */
	private function needs_signature( \stdClass $case ): bool {
		$before = array( 'call.too_large', 'call.shape', 'call.installation', 'call.revoked', 'call.rate_address', 'call.ttl', 'call.window', 'call.algorithm', 'call.signature' );
		$late   = 'a read before the confirmation is refused' === $case->name || false !== strpos( $case->name, 'consent' );
		$alg    = isset( $case->headers->{'X-WP-Agent-SignatureAlg'} ) ? $case->headers->{'X-WP-Agent-SignatureAlg'} : 'ed25519';
		return 'hmac-sha256' !== $alg && ( $late || ! isset( $case->refuse ) || ! in_array( $case->refuse, $before, true ) );
	}
}
