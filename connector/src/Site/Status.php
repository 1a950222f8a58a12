<?php
/**
 * How this site stands, in the words the admin page and the command line both show.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\KeyId;

final class Status {

	/** @return array<string,string|int|bool> */
	public static function facts( int $now ): array {
		$record = ( new RecordStore() )->read();
		$state  = $record->state;
		if ( Record::CONFIRMING === $state && ! $record->is_live( $now ) ) {
			$state = 'expired';
		}
		$agent = AgentUser::load( $record->agent );
		return array(
			'state'         => '' === $state ? 'unpaired' : $state,
			'home'          => $record->home,
			'current_home'  => Place::home(),
			'control'       => $record->control,
			'installation'  => $record->installation,
			'algorithm'     => $record->alg,
			'words'         => $record->words,
			'site_key'      => '' === $record->site_public ? '' : KeyId::of( (string) base64_decode( $record->site_public, true ) ),
			'site_epoch'    => $record->site_epoch,
			'control_epoch' => $record->control_epoch,
			'last_contact'  => $record->contact,
			'last_heartbeat' => $record->heard,
			'last_order'    => $record->order_at,
			'last_error'    => $record->last_error,
			'fence'         => $record->fence,
			'paused'        => $record->paused(),
			'quiet'         => $record->quiet( $now ),
			'repair'        => $record->repair,
			'next_step'     => Repair::next_step( $record->repair ),
			'agent'         => null === $agent ? '' : $agent->user_login,
		);
	}
}
