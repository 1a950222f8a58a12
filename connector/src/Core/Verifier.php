<?php
/**
 * Checks 2 to 10 of wire.md section 3, in their order. Check 1 made the Envelope.
 *
 * ORDER is the order; each check is one method of its name that throws or returns. Nothing of the body is looked at
 * before `body`, and no check reads how to check from the message. What follows (the claim, limits per installation,
 * the tool itself) needs a database and WordPress and lives outside this folder.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Verifier {

	public const ORDER = array(
		'installation',
		'address',
		'ttl',
		'window',
		'algorithm',
		'signature',
		'body',
		'confirming',
		'bind',
		'audience',
		'clone',
		'plan_form',
		'plan_text',
		'plan_proof',
		'plan_ids',
		'plan_time',
		'fence',
	);

	/** A message may be signed so many seconds ahead of this site's clock. */
	public const SKEW = 30;

	private const MAX_TTL       = 300;
	private const MAX_PLAN_LIFE = 604800;

	private Pinned $pinned;
	private string $current_home;
	private int $now;
	private Limits $address_limit;
	/** @var array<string,ActionSpec> */
	private array $actions;

	private Envelope $envelope;
	private string $kid         = '';
	private string $control_key = '';
	private \stdClass $body;
	private ?\stdClass $header = null;
	private ?\stdClass $leaf   = null;
	private string $root       = '';

	/**
	 * @param string                        $current_home The site's home URL as WordPress says it now, in the wire's form.
	 * @param array<string,ActionSpec>|null $actions      The tools of this connector; the Catalogue unless a test says else.
	 */
	public function __construct( Pinned $pinned, string $current_home, int $now, Limits $address_limit, ?array $actions = null ) {
		$this->pinned        = $pinned;
		$this->current_home  = $current_home;
		$this->now           = $now;
		$this->address_limit = $address_limit;
		$this->actions       = null === $actions ? Catalogue::actions() : $actions;
	}

	/** @throws Refusal With the code of the first check that fails, and nothing more. */
	public function verify( Envelope $envelope ): Call {
		$this->envelope    = $envelope;
		$this->kid         = '';
		$this->control_key = '';
		$this->body        = new \stdClass();
		$this->header      = null;
		$this->leaf        = null;
		$this->root        = '';
		foreach ( self::ORDER as $check ) {
			$this->$check(); // variable call: the names are the constant ORDER, never input.
		}
		if ( null === $this->header || null === $this->leaf ) {
			return new Call( $envelope, $this->body, $this->body->args, $this->kid, null, $this->control_key );
		}
		$plan = new PlanLeaf( $this->header, $this->leaf, $this->root, $this->body->index, $this->body->bind->fence );
		return new Call( $envelope, $this->body, $this->leaf->args, $this->kid, $plan, $this->control_key );
	}

	private function installation(): void {
		// check: installation
		if ( ! in_array( $this->pinned->state, array( Pinned::PAIRED, Pinned::CONFIRMING ), true ) && ! $this->pinned->revoked ) {
			throw Refusal::of( 'call.installation' );
		}
		if ( ! hash_equals( $this->pinned->installation, $this->envelope->installation ) ) {
			throw Refusal::of( 'call.installation' );
		}
		if ( $this->pinned->revoked ) {
			throw Refusal::of( 'call.revoked' );
		}
	}

	private function address(): void {
		// check: address
		if ( ! $this->address_limit->allows( 'address' ) ) {
			throw Refusal::of( 'call.rate_address' );
		}
	}

	private function ttl(): void {
		// check: ttl
		if ( $this->envelope->ttl > self::MAX_TTL ) {
			throw Refusal::of( 'call.ttl' );
		}
	}

	private function window(): void {
		// check: window
		$sent = $this->envelope->timestamp;
		if ( $this->now < $sent - self::SKEW || $this->now > $sent + $this->envelope->ttl ) {
			throw Refusal::of( 'call.window', array( 'site_time' => $this->now ) );
		}
	}

	private function algorithm(): void {
		// check: algorithm
		if ( $this->envelope->alg !== $this->pinned->alg ) {
			throw Refusal::of( 'call.algorithm' );
		}
	}

	private function signature(): void {
		// check: signature
		foreach ( $this->candidates() as $key ) {
			if ( $this->pinned->verify( $this->envelope->signature, $this->envelope->canonical(), $key ) ) {
				$this->kid = $key->kid;
				return;
			}
		}
		throw Refusal::of( 'call.signature' );
	}

	private function body(): void {
		// check: body
		$this->body = CallBody::parse( $this->envelope->body );
	}

	/** Before the pairing is confirmed the only thing a site answers is the confirmation. */
	private function confirming(): void {
		// check: confirming
		if ( Pinned::CONFIRMING === $this->pinned->state && 'control.confirm' !== $this->body->tool ) {
			throw Refusal::of( 'call.installation' );
		}
	}

	private function bind(): void {
		// check: bind
		$bind = $this->body->bind;
		if ( 1 !== $bind->v || 'call' !== $bind->dir || ! hash_equals( $this->kid, $bind->kid ) || ! Shape::is_hex( $bind->nonce, 32 ) ) {
			throw Refusal::of( 'call.bind' );
		}
	}

	private function audience(): void {
		// check: audience
		if ( $this->expected_home() !== $this->body->bind->aud ) {
			throw Refusal::of( 'call.audience' );
		}
	}

	private function clone(): void {
		// check: clone
		if ( $this->expected_home() !== $this->current_home ) {
			throw Refusal::of( 'call.clone' );
		}
	}

	/** A read or control tool never comes as a leaf; whatever changes a site never comes without one. */
	private function plan_form(): void {
		// check: plan_form
		$planned = CallBody::is_planned( $this->body );
		$tool    = $this->body->tool;
		if ( isset( $this->actions[ $tool ] ) && $this->actions[ $tool ]->needs_plan() !== $planned ) {
			throw Refusal::of( 'call.plan' );
		}
	}

	private function plan_text(): void {
		// check: plan_text
		if ( CallBody::is_planned( $this->body ) ) {
			$this->header = PlanText::header( $this->body->header );
			$this->leaf   = PlanText::leaf( $this->body->leaf );
		}
	}

	private function plan_proof(): void {
		// check: plan_proof
		if ( null === $this->header ) {
			return;
		}
		$body   = $this->body;
		$top    = Merkle::root_from( $body->header, 0, $body->size, PlanText::proof( $body->header_proof ) );
		$bottom = Merkle::root_from( $body->leaf, $body->index, $body->size, PlanText::proof( $body->proof ) );
		if ( $body->index < 1 || null === $top || null === $bottom || ! hash_equals( $top, $bottom ) || $this->header->actions !== $body->size - 1 ) {
			throw Refusal::of( 'call.plan' );
		}
		$this->root = $top;
	}

	private function plan_ids(): void {
		// check: plan_ids
		if ( null === $this->header || null === $this->leaf ) {
			return;
		}
		$same = $this->leaf->plan === $this->header->plan
			&& $this->leaf->tool === $this->body->tool
			&& $this->leaf->tool_call_id === $this->envelope->tool_call_id
			&& $this->leaf->aud === $this->expected_home();
		if ( ! $same ) {
			throw Refusal::of( 'call.plan' );
		}
	}

	private function plan_time(): void {
		// check: plan_time
		if ( null === $this->header || null === $this->leaf ) {
			return;
		}
		$life = $this->header->not_after - $this->header->not_before;
		$held = $this->header->not_before <= $this->leaf->not_before && $this->leaf->not_after <= $this->header->not_after;
		if ( ! $held || $life > self::MAX_PLAN_LIFE || $this->now < $this->leaf->not_before || $this->now > $this->leaf->not_after ) {
			throw Refusal::of( 'call.plan_time' );
		}
	}

	private function fence(): void {
		// check: fence
		if ( null !== $this->leaf && ( $this->body->bind->fence < 1 || $this->body->bind->fence < $this->pinned->highest_fence ) ) {
			throw Refusal::of( 'call.fence' );
		}
	}

	/**
	 * The keys a signature may come from: the pinned ones, or while confirming the one the pairing string fingerprinted.
	 *
	 * @return array<string,PinnedKey>
	 */
	private function candidates(): array {
		if ( Pinned::CONFIRMING !== $this->pinned->state || Pinned::ED25519 !== $this->pinned->alg ) {
			return $this->pinned->live_keys( $this->now );
		}
		$raw = $this->envelope->control_key;
		if ( ! hash_equals( $this->pinned->fingerprint, hash( 'sha256', $raw ) ) || ! Ed25519::key_ok( $raw ) ) {
			return array();
		}
		$this->control_key = $raw;
		$key               = new PinnedKey( $raw, null );
		return array( $key->kid => $key );
	}

	/** The pinned home; for `control.moved` the home that a local administrator named before. */
	private function expected_home(): string {
		return 'control.moved' === $this->body->tool && '' !== $this->pinned->moved_to ? $this->pinned->moved_to : $this->pinned->home;
	}
}
