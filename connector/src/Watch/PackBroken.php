<?php
/**
 * A pack that can't be written or must not be trusted. The reason is one word, for a person and for the journal.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class PackBroken extends \RuntimeException {

	/** The disk is full, or the folder is not ours to write. */
	public const WRITE = 'write';
	/** A file below the component can't be read. */
	public const UNREADABLE = 'unreadable';
	/** A file changed while it was read. */
	public const CHANGED = 'changed';
	/** No AES-256-GCM here. */
	public const CIPHER = 'cipher';
	/** A part is not there. */
	public const MISSING = 'missing';
	/** A part is not the one that was written. */
	public const DAMAGED = 'damaged';
	/** All parts are sound and yet not everything is there. */
	public const TOTALS = 'totals';

	/** @readonly */
	public string $reason;

	public function __construct( string $reason ) {
		parent::__construct( $reason );
		$this->reason = $reason;
	}
}
