<?php
/**
 * The public halves of the keys whose releases this connector takes in its own place (N14).
 *
 * A tree that is no release names none, and takes none. `make release` writes the list into the file that it packs; the private
 * half never comes near a site or a control plane.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class ReleaseKey {

	/** Base64 of 32 raw bytes each. More than one while a key is exchanged for another. */
	public const KEYS = array();
}
