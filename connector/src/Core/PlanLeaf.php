<?php
/**
 * The part of an approved plan that one call carries: its header, its own leaf, and the root both lead to.
 *
 * Holds what the leaf text itself decoded to; no argument of a change comes from anywhere else.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class PlanLeaf {

	/** @readonly */
	public string $plan;
	/** @readonly */
	public string $organisation;
	/** @readonly Raw 32 bytes. */
	public string $root;
	/** @readonly low, medium, high or critical, as the control plane labelled it; can only raise the site's own floor. */
	public string $level;
	/** @readonly Number of actions in the whole plan. */
	public int $actions;
	/** @readonly */
	public int $index;
	/** @readonly */
	public int $not_before;
	/** @readonly */
	public int $not_after;
	/** @readonly */
	public int $fence;
	/** @readonly Hex SHA-256 of the package, or ''. */
	public string $package;
	/** @readonly */
	public \stdClass $before;

	public function __construct( \stdClass $header, \stdClass $leaf, string $root, int $index, int $fence ) {
		$this->plan         = $header->plan;
		$this->organisation = $header->org;
		$this->root         = $root;
		$this->level        = $header->level;
		$this->actions      = $header->actions;
		$this->index        = $index;
		$this->not_before   = $leaf->not_before;
		$this->not_after    = $leaf->not_after;
		$this->fence        = $fence;
		$this->package      = $leaf->package;
		$this->before       = $leaf->before;
	}
}
