<?php
/**
 * An old version that could not be put back. The reason is one word.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class TakeBackFailed extends \RuntimeException {

	/** A path that no change may touch. */
	public const PATH = 'path';
	/** The live place is a link. */
	public const LINK = 'link';
	/** The live place is on another device: it could only be copied, not swapped. */
	public const DEVICE = 'device';
	/** A rename was refused; what was moved before was moved back. */
	public const RENAME = 'rename';
	/** Nothing was kept that could be put back. */
	public const NOTHING = 'nothing kept';
	/** It was begun again and again and never came to its end. */
	public const TRIES = 'tries';

	/** @readonly */
	public string $reason;

	public function __construct( string $reason ) {
		parent::__construct( $reason );
		$this->reason = $reason;
	}
}
