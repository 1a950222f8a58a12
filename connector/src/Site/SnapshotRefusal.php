<?php
/**
 * Why a snapshot can't be made or put back: one word that programs may know, then a sentence for a person.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;

final class SnapshotRefusal {

	private const WORDS = array(
		'openssl'      => 'this PHP has no AES-256-GCM, and a snapshot is never written without it.',
		'key'          => 'this site has no key of its own; set AUTH_KEY in wp-config.php.',
		'busy'         => 'another snapshot call is still at work.',
		'component'    => 'this site has no such component.',
		'link'         => 'the component is a link to another place.',
		'place'        => 'the component lies outside of WordPress\'s own folder.',
		'address'      => 'the content folder is not below the home address, so nobody could test whether its snapshots are shut.',
		'folder'       => 'the snapshots folder can not be written.',
		'disk'         => 'there is not enough room on the disk.',
		'quota'        => 'it would not fit into the room that snapshots may take.',
		'write'        => 'the disk is full or the folder can not be written.',
		'unreadable'   => 'a file of the component can not be read.',
		'changed'      => 'the component changed while it was packed.',
		'missing'      => 'a part of the snapshot is not there.',
		'damaged'      => 'the snapshot is not as it was written.',
		'totals'       => 'not everything is in the snapshot that should be.',
		'cipher'       => 'the snapshot can not be encrypted or decrypted here.',
		'sealed'       => 'the snapshot is sealed under another AUTH_KEY.',
		'unverified'   => 'the snapshot was not verified.',
		'nothing'      => 'it says that nothing was there, so there is nothing to put back.',
		'no_database'  => 'the snapshot holds no database.',
		'network'      => 'the database of a network is not taken: its sites share one.',
		'connection'   => 'the database did not answer.',
		'foreign_key'  => 'a table has a foreign key, which a restore could not keep.',
		'trigger'      => 'a table has a trigger, which a restore could not keep.',
		'view'         => 'there is a view among the tables, which a restore could not keep.',
		'row'          => 'a row is larger than a part of a snapshot may be.',
		'sqlite'       => 'this SQLite can not make a copy of itself.',
		'locked'       => 'the tables are in use by somebody who does not let go; nothing was changed.',
		'counts'       => 'the rows that came back are not as many as were taken; nothing was changed.',
		'not_restored' => 'the database did not take the tables; nothing was changed.',
	);

	public static function because( string $word ): Refusal {
		if ( ! isset( self::WORDS[ $word ] ) ) {
			throw new \LogicException( 'Unknown word: ' . $word );
		}
		return Refusal::because( 'action.snapshot', $word . ': ' . self::WORDS[ $word ] );
	}
}
