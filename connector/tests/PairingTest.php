<?php
/**
 * Pairing strings, transcripts with their words, and key rotation.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\PairingString;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\Rotation;
use Presswarden\Connector\Core\Signer;
use Presswarden\Connector\Core\Transcript;
use Presswarden\Connector\Core\Words;

/**
 * @group req-X1
 * @group req-X4
 * @group req-P6
 */
final class PairingTest extends TestCase {

	/** @dataProvider strings */
	public function test_a_pairing_string_is_read_or_refused_as_the_contract_says( \stdClass $case ): void {
		try {
			$read = PairingString::parse( $case->text );
		} catch ( Refusal $refusal ) {
			$this->assertSame( isset( $case->refuse ) ? $case->refuse : 'accepted', $refusal->wire_code );
			return;
		}
		$this->assertTrue( property_exists( $case, 'accept' ), 'accepted, but must be refused' );
		$this->assertSame( $case->accept->control, $read->control );
		$this->assertSame( $case->accept->fingerprint, $read->fingerprint );
		$this->assertSame( $case->accept->installation, $read->installation );
		$this->assertSame( $case->accept->secret, bin2hex( $read->secret ) );
		$this->assertSame( $case->accept->verifier, bin2hex( $read->verifier() ) );
	}

	/** @return array<string,array{0:\stdClass}> */
	public function strings(): array {
		return Vectors::cases( 'pairing_strings' );
	}

	/** @dataProvider transcripts */
	public function test_a_transcript_gives_the_text_the_proof_the_words_and_the_keys( \stdClass $case ): void {
		$fields     = $case->fields;
		$transcript = new Transcript( $fields->installation, $fields->control, $fields->fingerprint, $fields->home, $fields->alg, $fields->public_key, $fields->nonce );
		$verifier   = (string) hex2bin( $case->verifier );
		$this->assertSame( $case->text, $transcript->text() );
		$this->assertSame( $case->mac, $transcript->mac( $verifier ) );
		$this->assertSame( $case->words, $transcript->words( $case->control_key ) );
		$this->assertSame( (array) $case->hmac_keys, array_map( 'bin2hex', $transcript->hmac_keys( $verifier ) ) );
		if ( '' !== $fields->public_key ) {
			Vectors::needs_ed25519( $this );
			$this->assertTrue( Ed25519::verify( (string) base64_decode( $case->signature, true ), $transcript->text(), (string) base64_decode( $fields->public_key, true ) ) );
		}
	}

	/** @return array<string,array{0:\stdClass}> */
	public function transcripts(): array {
		return Vectors::cases( 'transcripts' );
	}

	public function test_a_transcript_field_with_a_line_feed_is_refused(): void {
		$this->expectException( \InvalidArgumentException::class );
		new Transcript( "a\nb", '', '', '', '', '', '' );
	}

	public function test_the_words_are_those_of_the_contract(): void {
		$words = json_decode( (string) file_get_contents( dirname( __DIR__, 2 ) . '/contract/words.json' ) );
		$this->assertSame( $words, Words::LIST );
		$this->assertCount( 256, array_unique( Words::LIST ) );
		foreach ( Words::LIST as $word ) {
			$this->assertMatchesRegularExpression( '/\A[a-z]{4,7}\z/', $word );
		}
	}

	/** @dataProvider rotations */
	public function test_a_rotation_is_taken_or_refused_as_the_contract_says( \stdClass $case ): void {
		if ( ! isset( $case->refuse ) || in_array( $case->refuse, array( 'action.rotation_signature', 'action.rotation_key' ), true ) ) {
			Vectors::needs_ed25519( $this );
		}
		try {
			$key = Rotation::accept( $case->args, Vectors::pinned( $case->pinned ), $case->now );
		} catch ( Refusal $refusal ) {
			$this->assertSame( isset( $case->refuse ) ? $case->refuse : 'accepted', $refusal->wire_code );
			return;
		}
		$this->assertTrue( property_exists( $case, 'accept' ), 'taken, but must be refused' );
		$this->assertSame( $case->accept, $key->kid );
		$this->assertNull( $key->not_after );
	}

	/** @return array<string,array{0:\stdClass}> */
	public function rotations(): array {
		return Vectors::cases( 'rotations' );
	}

	public function test_a_new_site_key_signs_its_own_offer(): void {
		Vectors::needs_ed25519( $this );
		$pair  = Ed25519::keypair();
		$offer = Rotation::offer( 'an installation', 2, new Signer( 'ed25519', $pair['secret'] ) );
		$this->assertSame( $pair['public'], base64_decode( $offer->public_key, true ) );
		$this->assertTrue( Ed25519::verify( (string) base64_decode( $offer->signature, true ), Rotation::text( 'an installation', 2, $offer->public_key ), $pair['public'] ) );
		$this->assertFalse( Ed25519::verify( (string) base64_decode( $offer->signature, true ), Rotation::text( 'an installation', 3, $offer->public_key ), $pair['public'] ) );
	}
}
