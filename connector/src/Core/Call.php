<?php
/**
 * A call that passed checks 1 to 10. Only the Verifier makes one, so whoever holds a Call holds the proof.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Call {

	/** @readonly */
	public string $installation;
	/** @readonly */
	public string $tool_call_id;
	/** @readonly */
	public string $tool;
	/** @readonly */
	public \stdClass $args;
	/** @readonly */
	public string $run_id;
	/** @readonly 32 hex digits. */
	public string $nonce;
	/** @readonly Hex SHA-256 of the body as received. */
	public string $body_hash;
	/** @readonly Key id that verified. */
	public string $kid;
	/** @readonly Null for reads and control tools. */
	public ?PlanLeaf $leaf;
	/** @readonly Raw control key that control.confirm brought and that matched the fingerprint, else ''. */
	public string $control_key;

	public function __construct( Envelope $envelope, \stdClass $body, \stdClass $args, string $kid, ?PlanLeaf $leaf, string $control_key ) {
		$this->installation = $envelope->installation;
		$this->tool_call_id = $envelope->tool_call_id;
		$this->body_hash    = $envelope->body_hash();
		$this->tool         = $body->tool;
		$this->run_id       = $body->run_id;
		$this->nonce        = $body->bind->nonce;
		$this->args         = $args;
		$this->kid          = $kid;
		$this->leaf         = $leaf;
		$this->control_key  = $control_key;
	}
}
