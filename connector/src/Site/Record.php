<?php
/**
 * The pairing of this site as one value: who we are paired with, which keys are pinned, what is paused.
 *
 * Secret halves stand in it only sealed (see Keys). It is changed through RecordStore alone, which replaces the whole
 * row only if nobody else did in between.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Core\Transcript;

final class Record {

	public const NONE       = '';
	public const CONFIRMING = 'confirming';
	public const PAIRED     = 'paired';
	public const REVOKED    = 'revoked';

	/** Longer than this without a word from the control plane, and only reads are answered. */
	private const SILENCE = 86400;

	public string $state        = self::NONE;
	public string $installation = '';
	public string $alg          = '';
	public string $control      = '';
	public string $home         = '';
	/** SHA-256 of the control key that the pairing string promised. */
	public string $fingerprint = '';
	/** The site's nonce of the pairing transcript. */
	public string $pair_nonce = '';
	/** Base64 of the site key the transcript names; the current one may be younger. */
	public string $site_public_at_pairing = '';
	/** The four words both screens show, once the control key is known. */
	public string $words = '';
	/** Where this WordPress stood when it was paired (see Place). */
	public string $place      = '';
	public int $confirm_until = 0;
	public int $paired_at     = 0;

	/** A local administrator said that this site now answers at this home. */
	public string $moved_to = '';

	/**
	 * Pinned control keys, the current one last.
	 *
	 * @var array<int,array{key:string,not_after:int}> key is base64 of the raw public key; not_after 0 = no end.
	 */
	public array $control_keys = array();
	public int $control_epoch  = 1;

	public string $site_public = '';
	public string $site_secret = '';
	public int $site_epoch     = 1;
	/** Sealed key before the last rotation, until the control plane took a message signed by the new one. */
	public string $site_secret_before = '';
	/** Sealed HMAC keys, one per direction; empty in Ed25519 mode. */
	public string $hmac_call = '';
	public string $hmac_site = '';

	public bool $paused_local    = false;
	public bool $paused_control  = false;
	public string $pause_reason  = '';
	/** Why the site answers reads only until a person decides: '' or restored. The rest is seen each time (quiet()). */
	public string $quiet         = '';
	/** Why a person has to act: '' or a short reason code. */
	public string $repair        = '';
	/** Calls signed at or before this time are refused: rows of theirs may be gone from the call table. */
	public int $not_before       = 0;

	public int $fence        = 0;
	public int $sequence     = 0;
	public int $order_seq    = 0;
	public int $order_at     = 0;
	public string $checkpoint = '';
	public int $contact      = 0;
	public int $heard        = 0;
	public string $last_error = '';
	public string $inventory_hash = '';
	public int $agent        = 0;
	/** Rises with every change of state that a restored database must not undo. */
	public int $generation   = 0;

	public function to_text(): string {
		// Plain ASCII, so that no table's character set can change a byte of it.
		return (string) json_encode( get_object_vars( $this ) );
	}

	/** Unknown members are dropped and wrong types refused: a row somebody edited reads as no pairing at all. */
	public static function from_text( string $text ): self {
		$record = new self();
		$values = json_decode( $text, true, 8 );
		foreach ( is_array( $values ) ? $values : array() as $name => $value ) {
			if ( property_exists( self::class, (string) $name ) && gettype( $record->$name ) === gettype( $value ) ) {
				$record->$name = $value;
			}
		}
		return $record;
	}

	public function is_live( int $now ): bool {
		return self::PAIRED === $this->state || ( self::CONFIRMING === $this->state && $now <= $this->confirm_until );
	}

	public function holds_secrets(): bool {
		return '' !== $this->site_secret . $this->site_secret_before . $this->hmac_call . $this->hmac_site;
	}

	public function paused(): string {
		if ( $this->paused_local ) {
			return 'local';
		}
		return $this->paused_control ? 'control' : '';
	}

	/** Why this site answers reads only, or ''. */
	public function quiet( int $now ): string {
		if ( '' !== $this->quiet ) {
			return $this->quiet;
		}
		if ( '' !== $this->moved_to ) {
			return 'moved';
		}
		if ( '' !== Place::differs_from( $this ) ) {
			return 'clone';
		}
		return self::PAIRED === $this->state && $now > $this->contact + self::SILENCE ? 'silent' : '';
	}

	public function transcript(): Transcript {
		return new Transcript( $this->installation, $this->control, $this->fingerprint, $this->home, $this->alg, $this->site_public_at_pairing, $this->pair_nonce );
	}

	/** What the Verifier and a standing order are judged by. Opens the call key in HMAC mode. */
	public function pinned( int $now ): Pinned {
		$state = self::PAIRED === $this->state ? Pinned::PAIRED : Pinned::UNPAIRED;
		if ( self::CONFIRMING === $this->state && $this->is_live( $now ) ) {
			$state = Pinned::CONFIRMING;
		}
		return new Pinned(
			array(
				'installation'  => $this->installation,
				'state'         => $state,
				'alg'           => $this->alg,
				'keys'          => Pinned::UNPAIRED === $state ? array() : Keys::pinned( $this ),
				'home'          => $this->home,
				'control'       => $this->control,
				'epoch'         => $this->control_epoch,
				'highest_fence' => $this->fence,
				'paused'        => $this->paused(),
				'quiet'         => $this->quiet( $now ),
				'revoked'       => self::REVOKED === $this->state,
				'fingerprint'   => $this->fingerprint,
				'moved_to'      => $this->moved_to,
			)
		);
	}
}
