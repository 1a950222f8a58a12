<?php
/**
 * A sealed value that can't be made or opened, with the reason as one word.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class SealBroken extends \RuntimeException {

	/** The site's AUTH_KEY is empty, the default, or too short to protect anything. */
	public const WEAK_KEY = 'weak_key';
	/** Another key, another context, or changed bytes. */
	public const MAC = 'mac';
	/** Not a sealed value at all. */
	public const FORMAT = 'format';
	/** The MAC was right and the cipher still failed, or there is no OpenSSL. */
	public const DECRYPT = 'decrypt';

	/** @readonly */
	public string $reason;

	public function __construct( string $reason ) {
		parent::__construct( 'sealed value: ' . $reason );
		$this->reason = $reason;
	}
}
