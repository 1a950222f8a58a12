<?php
/**
 * What is fixed about one tool: its class, risk, capability, arguments, and whether it can be taken back.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class ActionSpec {

	public const READ    = 'read';
	public const CONTROL = 'control';
	public const PREPARE = 'prepare';
	public const CHANGE  = 'change';
	public const RECOVER = 'recover';

	/** @readonly */
	public string $tool;
	/** @readonly One of the class constants. */
	public string $class;
	/** @readonly Base risk: none, low, medium, high or critical. */
	public string $risk;
	/** @readonly WordPress capability the agent user must have; '' for control tools, which act on the pairing alone. */
	public string $capability;
	/**
	 * Arguments as a WordPress REST schema of type object.
	 *
	 * @readonly
	 * @var array<string,mixed>
	 */
	public array $args;
	/** @readonly */
	public bool $reversible;

	/** @param array<string,mixed> $args A WordPress REST schema of type object. */
	public function __construct( string $tool, string $kind, string $risk, string $capability, array $args, bool $reversible ) {
		$this->tool       = $tool;
		$this->class      = $kind;
		$this->risk       = $risk;
		$this->capability = $capability;
		$this->args       = $args;
		$this->reversible = $reversible;
	}

	/** What changes the site comes as a leaf of a plan; preparing writes into the connector's own folder only (decision 0004). */
	public function needs_plan(): bool {
		return self::CHANGE === $this->class || self::RECOVER === $this->class;
	}
}
