<?php
/**
 * What the site signs and what it is told: receipts, its own messages, inventories, standing orders.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Core\Answer;
use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\Envelope;
use Presswarden\Connector\Core\Inventory;
use Presswarden\Connector\Core\KeyId;
use Presswarden\Connector\Core\Message;
use Presswarden\Connector\Core\Order;
use Presswarden\Connector\Core\Receipt;
use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Core\Signer;

/**
 * @group req-N2
 * @group req-N4
 * @group req-X3
 * @group req-P6
 */
final class MessagesTest extends TestCase {

	/** @dataProvider receipts */
	public function test_a_receipt_is_the_text_the_contract_says( \stdClass $case ): void {
		$text = Receipt::text( $case->installation, $case->tool_call_id, $case->status, hash( 'sha256', $case->request ), $case->response );
		$this->assertSame( $case->text, $text );
		$key       = (string) hex2bin( $case->key );
		$signature = (string) base64_decode( $case->signature, true );
		if ( 'ed25519' === $case->alg ) {
			Vectors::needs_ed25519( $this );
			$this->assertSame( $case->valid, Ed25519::verify( $signature, $text, $key ) );
			return;
		}
		$this->assertSame( $case->valid, hash_equals( base64_encode( $signature ), ( new Signer( 'hmac-sha256', $key ) )->sign( $text ) ) );
	}

	/** @return array<string,array{0:\stdClass}> */
	public function receipts(): array {
		return Vectors::cases( 'receipts' );
	}

	/** @dataProvider sent */
	public function test_a_message_is_written_byte_for_byte( \stdClass $case ): void {
		$fields = get_object_vars( $case->fields );
		$bind   = $fields['bind'];
		unset( $fields['bind'], $fields['v'] );
		$made = Message::bind( $bind->aud, $bind->dir, $bind->kid, $bind->nonce );
		$this->assertEquals( $bind, $made );
		switch ( $case->kind ) {
			case 'heartbeat':
				$text = Message::heartbeat( $made, $fields );
				break;
			case 'receipt':
				$text = Message::receipt( $made, $fields['body'], $fields['seq'], $fields['signature'], $fields['status'], $fields['tool_call_id'] );
				break;
			default:
				$text = Message::moved( $made, $fields['home'], $fields['old_home'], $fields['seq'] );
		}
		$this->assertSame( $case->text, $text );
	}

	/** @return array<string,array{0:\stdClass}> */
	public function sent(): array {
		return Vectors::cases( 'sent' );
	}

	public function test_a_heartbeat_with_a_member_missing_is_not_written(): void {
		$this->expectException( \InvalidArgumentException::class );
		Message::heartbeat( new \stdClass(), array( 'seq' => 1 ) );
	}

	public function test_a_heartbeat_with_inventory_and_delta_is_not_written(): void {
		$fields = get_object_vars( Vectors::cases( 'sent' )['the heartbeat a site sends'][0]->fields );
		unset( $fields['bind'], $fields['v'] );
		$this->expectException( \InvalidArgumentException::class );
		Message::heartbeat( new \stdClass(), $fields + array( 'delta' => new \stdClass() ) );
	}

	public function test_a_pairing_request_has_exactly_its_members(): void {
		$names = array( 'alg', 'connector', 'home', 'installation', 'mac', 'nonce', 'php', 'public_key', 'signature', 'wordpress' );
		$this->assertSame(
			'{"alg":"x","connector":"x","home":"x","installation":"x","mac":"x","nonce":"x","php":"x","public_key":"x","signature":"x","v":1,"wordpress":"x"}',
			Message::pairing( array_fill_keys( $names, 'x' ) )
		);
		$this->expectException( \InvalidArgumentException::class );
		Message::pairing( array_fill_keys( array_slice( $names, 1 ), 'x' ) );
	}

	public function test_the_headers_of_our_own_message_verify_as_an_envelope(): void {
		Vectors::needs_ed25519( $this );
		$pair     = Ed25519::keypair( str_repeat( 'k', 32 ) );
		$signer   = new Signer( 'ed25519', $pair['secret'] );
		$id       = '1da9ba1c-d905-4ec6-8119-1da5e4cf5807';
		$envelope = Envelope::from_headers( $signer->headers( $id, $id, 1790000000, 120, '{}' ), '{}' );
		$this->assertTrue( Ed25519::verify( $envelope->signature, $envelope->canonical(), $pair['public'] ) );
		$this->assertSame( KeyId::of( $pair['public'] ), $signer->kid() );
		$this->assertSame( base64_encode( $pair['public'] ), $signer->public_key() );
	}

	public function test_a_signer_shows_no_secret(): void {
		$signer = new Signer( 'hmac-sha256', str_repeat( 'S', 32 ) );
		$this->assertStringNotContainsString( 'SSSS', print_r( $signer, true ) );
		$this->assertSame( '', $signer->public_key() );
	}

	/** @dataProvider weak_signers */
	public function test_a_signer_without_a_whole_key_is_refused( string $alg, string $secret ): void {
		$this->expectException( \InvalidArgumentException::class );
		new Signer( $alg, $secret );
	}

	/** @return array<string,array{0:string,1:string}> */
	public function weak_signers(): array {
		return array(
			'an empty HMAC key'    => array( 'hmac-sha256', '' ),
			'an empty Ed25519 key' => array( 'ed25519', '' ),
			'a public key alone'   => array( 'ed25519', str_repeat( 'k', 32 ) ),
			'another algorithm'    => array( 'none', str_repeat( 'k', 32 ) ),
		);
	}

	/** @dataProvider inventories */
	public function test_an_inventory_has_the_hash_and_the_delta_the_contract_says( \stdClass $case ): void {
		$this->assertSame( $case->hash, Inventory::hash( $case->newer ) );
		$this->assertEquals( $case->delta, Inventory::delta( $case->older, $case->newer ) );
	}

	/** @return array<string,array{0:\stdClass}> */
	public function inventories(): array {
		return Vectors::cases( 'inventories' );
	}

	/** @dataProvider orders */
	public function test_a_standing_order_is_taken_or_refused_as_the_contract_says( \stdClass $case ): void {
		if ( 'ed25519' === $case->pinned->alg && ! in_array( isset( $case->refuse ) ? $case->refuse : '', array( 'order.signature' ), true ) ) {
			Vectors::needs_ed25519( $this );
		}
		try {
			$order = Order::take( $case->text, $case->signature, Vectors::pinned( $case->pinned ), $case->now, $case->highest_seq );
		} catch ( Refusal $refusal ) {
			$this->assertSame( isset( $case->refuse ) ? $case->refuse : 'taken', $refusal->wire_code );
			return;
		}
		$this->assertTrue( property_exists( $case, 'accept' ), 'taken, but must be refused' );
		$text = json_decode( $case->text );
		foreach ( array( 'checkpoint', 'epoch', 'expires', 'paused', 'revoked', 'seq' ) as $member ) {
			$this->assertSame( $text->$member, $order->$member );
		}
	}

	/** @return array<string,array{0:\stdClass}> */
	public function orders(): array {
		return Vectors::cases( 'orders' );
	}

	public function test_the_answers_are_written_as_the_contract_says(): void {
		$this->assertSame( '{"result":{"a":[]},"status":"done","v":1}', Answer::done( (object) array( 'a' => array() ) ) );
		$this->assertSame(
			'{"code":"call.window","says":"' . Refusal::TABLE['call.window'][1] . '","site_time":5,"status":"refused","v":1}',
			Refusal::of( 'call.window', array( 'site_time' => 5 ) )->body()
		);
		$says = Refusal::TABLE['call.duplicate'][1];
		$this->assertSame(
			'{"code":"call.duplicate","says":"' . $says . '","state":"running","status":"refused","stored":null,"v":1}',
			Answer::duplicate_running()
		);
		$this->assertSame(
			'{"code":"call.duplicate","says":"' . $says . '","state":"done","status":"refused","stored":{"body":"{}","signature":"c2ln","status":200},"v":1}',
			Answer::duplicate_done( 200, '{}', 'c2ln' )
		);
	}

	public function test_a_code_outside_the_table_is_our_fault(): void {
		$this->expectException( \LogicException::class );
		Refusal::of( 'call.unheard_of' );
	}
}
