<?php
/**
 * A "no" to a message: a stable code, an HTTP status and one plain sentence.
 *
 * The table below is the whole set of codes a site can answer with; wire.md names the same ones. Nothing from the
 * refused message is ever repeated in it: what was refused is hostile text.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Refusal extends \RuntimeException {

	/** Code => ( HTTP status, sentence ). */
	public const TABLE = array(
		'call.too_large'           => array( 413, 'The body is larger than 1 MiB.' ),
		'call.shape'               => array( 400, 'A header or the body does not have the agreed shape.' ),
		'call.installation'        => array( 404, 'This site is not paired under that installation.' ),
		'call.revoked'             => array( 410, 'This installation was revoked.' ),
		'call.rate_address'        => array( 429, 'Too many requests from this address.' ),
		'call.ttl'                 => array( 400, 'The message asks to live longer than 300 seconds.' ),
		'call.window'              => array( 401, 'The message is outside its time window on this site\'s clock.' ),
		'call.algorithm'           => array( 401, 'The message uses another algorithm than the pairing.' ),
		'call.signature'           => array( 401, 'No pinned key made this signature.' ),
		'call.body'                => array( 400, 'The body is not the agreed JSON object.' ),
		'call.bind'                => array( 403, 'The body is bound to another version, direction, key or nonce form.' ),
		'call.audience'            => array( 403, 'The message was made for another site.' ),
		'call.clone'               => array( 403, 'This WordPress does not stand at the address it was paired at.' ),
		'call.plan'                => array( 403, 'The action is not the leaf of the plan it claims to be.' ),
		'call.plan_time'           => array( 403, 'The plan is not valid at this time.' ),
		'call.fence'               => array( 403, 'A newer writer has already been seen.' ),
		'call.duplicate'           => array( 409, 'This call was already taken; it is not run again.' ),
		'call.conflict'            => array( 422, 'This call id was already used with another body.' ),
		'call.replay'              => array( 409, 'This nonce was already used.' ),
		'call.store'               => array( 503, 'The call could not be recorded, so it was not run.' ),
		'call.rate'                => array( 429, 'Too many calls for this installation.' ),
		'call.tool'                => array( 404, 'This connector does not know that tool.' ),
		'call.paused'              => array( 423, 'This site is paused by its own administrator.' ),
		'call.quiet'               => array( 423, 'This site is quiet: it answers reads only until a person decides.' ),
		'call.args'                => array( 422, 'The arguments do not fit the tool.' ),
		'call.capability'          => array( 403, 'The agent user may not do that.' ),
		'call.consent'             => array( 403, 'The consent this site asks for is missing.' ),
		'call.snapshot'            => array( 403, 'No verified snapshot protects this change.' ),
		'action.failed'            => array( 500, 'The action failed on this site.' ),
		'action.before'            => array( 409, 'The component is not as the plan found it; nothing was touched.' ),
		'action.offer'             => array( 409, 'No such version is offered to this site.' ),
		'action.downgrade'         => array( 409, 'That version is not newer than the one that is installed.' ),
		'action.requires'          => array( 409, 'PHP or WordPress is too old for that version.' ),
		'action.package_hash'      => array( 409, 'The package is another one than the plan names; nothing was unpacked.' ),
		'action.release'           => array( 409, 'The package is no release of the connector that its release key signed; nothing was unpacked.' ),
		'action.download'          => array( 502, 'The package could not be fetched; nothing was touched.' ),
		'action.files'             => array( 409, 'The files of this site can not be changed.' ),
		'action.change_open'       => array( 409, 'Another change of this site is open.' ),
		'action.change_state'      => array( 409, 'The change is not open any more.' ),
		'action.step'              => array( 409, 'That is not the next step; nothing was done.' ),
		'action.snapshot'          => array( 409, 'The snapshot can not be made.' ),
		'action.snapshot_unknown'  => array( 404, 'There is no such snapshot.' ),
		'action.snapshot_needed'   => array( 409, 'An open change needs that snapshot.' ),
		'action.not_kept'          => array( 409, 'The new version did not stand; the old one is back.' ),
		'action.half'              => array( 500, 'Neither the new version nor the old one could be put in place.' ),
		'action.rotation_mode'     => array( 409, 'A pairing in HMAC mode has no key to rotate; pair again.' ),
		'action.rotation_epoch'    => array( 409, 'The new key\'s epoch is not the next one.' ),
		'action.rotation_key'      => array( 422, 'The new key is not a sound Ed25519 key.' ),
		'action.rotation_signature' => array( 403, 'The new key did not sign its own rotation.' ),
		'action.rotation_third'    => array( 409, 'Two keys are valid already; a third waits until the old one ends.' ),
		'order.shape'              => array( 400, 'The standing order does not have the agreed shape.' ),
		'order.signature'          => array( 401, 'No pinned key signed the standing order.' ),
		'order.bind'               => array( 403, 'The standing order is for another site, installation or key.' ),
		'order.time'               => array( 401, 'The standing order has expired or lives too long.' ),
		'order.sequence'           => array( 409, 'A newer standing order was already taken.' ),
		'order.epoch'              => array( 409, 'The standing order is from before a key rotation.' ),
		'pairing.format'           => array( 400, 'This is not a pairing string. Copy it again, whole, from the console.' ),
		'pairing.checksum'         => array( 400, 'The pairing string is damaged. Copy it again, whole, from the console.' ),
		'pairing.insecure'         => array( 400, 'The pairing string names an address without HTTPS on a host that is not local.' ),
	);

	/** @readonly */
	public string $wire_code;
	/** @readonly */
	public int $http_status;
	/** @readonly */
	public string $says;
	/**
	 * Named extras that stand beside code and says in the answer, e.g. site_time.
	 *
	 * @readonly
	 * @var array<string,mixed>
	 */
	public array $extra;

	/**
	 * @param array<string,mixed> $extra Named extras of the answer.
	 */
	public function __construct( string $wire_code, int $http_status, string $says, array $extra = array() ) {
		parent::__construct( $wire_code );
		$this->wire_code   = $wire_code;
		$this->http_status = $http_status;
		$this->says        = $says;
		$this->extra       = $extra;
	}

	/**
	 * The refusal of a code in the table. A code that is not there is a broken promise of ours, not a "no".
	 *
	 * @param array<string,mixed> $extra Named extras of the answer.
	 */
	public static function of( string $wire_code, array $extra = array() ): self {
		if ( ! isset( self::TABLE[ $wire_code ] ) ) {
			throw new \LogicException( 'Unknown refusal code: ' . $wire_code );
		}
		return new self( $wire_code, self::TABLE[ $wire_code ][0], self::TABLE[ $wire_code ][1], $extra );
	}

	/** The refusal of a code in the table, in words that say more than the table's own: plain text of this site, never the caller's. */
	public static function because( string $wire_code, string $says ): self {
		$plain = self::of( $wire_code );
		return new self( $wire_code, $plain->http_status, '' === $says ? $plain->says : $says );
	}

	/** The answer body, as the JCS text that is sent (and, after the claim, signed). */
	public function body(): string {
		return Answer::refused( $this );
	}
}
