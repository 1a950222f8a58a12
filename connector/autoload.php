<?php
/**
 * The connector's classes and their files, as a constant map: no path is ever built from a name.
 *
 * Written by tools/php/classmap.php; a test compares it with the files.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector;

const CLASS_FILES = array(
	'Presswarden\\Connector\\Core\\ActionSpec' => '/src/Core/ActionSpec.php',
	'Presswarden\\Connector\\Core\\Answer' => '/src/Core/Answer.php',
	'Presswarden\\Connector\\Core\\Arguments' => '/src/Core/Arguments.php',
	'Presswarden\\Connector\\Core\\Call' => '/src/Core/Call.php',
	'Presswarden\\Connector\\Core\\CallBody' => '/src/Core/CallBody.php',
	'Presswarden\\Connector\\Core\\Catalogue' => '/src/Core/Catalogue.php',
	'Presswarden\\Connector\\Core\\Ed25519' => '/src/Core/Ed25519.php',
	'Presswarden\\Connector\\Core\\Envelope' => '/src/Core/Envelope.php',
	'Presswarden\\Connector\\Core\\Inventory' => '/src/Core/Inventory.php',
	'Presswarden\\Connector\\Core\\Jcs' => '/src/Core/Jcs.php',
	'Presswarden\\Connector\\Core\\Json' => '/src/Core/Json.php',
	'Presswarden\\Connector\\Core\\KeyId' => '/src/Core/KeyId.php',
	'Presswarden\\Connector\\Core\\Limits' => '/src/Core/Limits.php',
	'Presswarden\\Connector\\Core\\Merkle' => '/src/Core/Merkle.php',
	'Presswarden\\Connector\\Core\\Message' => '/src/Core/Message.php',
	'Presswarden\\Connector\\Core\\Order' => '/src/Core/Order.php',
	'Presswarden\\Connector\\Core\\PairingString' => '/src/Core/PairingString.php',
	'Presswarden\\Connector\\Core\\Pinned' => '/src/Core/Pinned.php',
	'Presswarden\\Connector\\Core\\PinnedKey' => '/src/Core/PinnedKey.php',
	'Presswarden\\Connector\\Core\\PlanLeaf' => '/src/Core/PlanLeaf.php',
	'Presswarden\\Connector\\Core\\PlanText' => '/src/Core/PlanText.php',
	'Presswarden\\Connector\\Core\\Receipt' => '/src/Core/Receipt.php',
	'Presswarden\\Connector\\Core\\Refusal' => '/src/Core/Refusal.php',
	'Presswarden\\Connector\\Core\\Rotation' => '/src/Core/Rotation.php',
	'Presswarden\\Connector\\Core\\SealBroken' => '/src/Core/SealBroken.php',
	'Presswarden\\Connector\\Core\\Sealed' => '/src/Core/Sealed.php',
	'Presswarden\\Connector\\Core\\Shape' => '/src/Core/Shape.php',
	'Presswarden\\Connector\\Core\\Signer' => '/src/Core/Signer.php',
	'Presswarden\\Connector\\Core\\Transcript' => '/src/Core/Transcript.php',
	'Presswarden\\Connector\\Core\\Url' => '/src/Core/Url.php',
	'Presswarden\\Connector\\Core\\Verifier' => '/src/Core/Verifier.php',
	'Presswarden\\Connector\\Core\\Words' => '/src/Core/Words.php',
	'Presswarden\\Connector\\Site\\CallLimits' => '/src/Site/CallLimits.php',
	'Presswarden\\Connector\\Site\\CallTable' => '/src/Site/CallTable.php',
	'Presswarden\\Connector\\Site\\Flags' => '/src/Site/Flags.php',
	'Presswarden\\Connector\\Site\\HighWater' => '/src/Site/HighWater.php',
	'Presswarden\\Connector\\Site\\Journal' => '/src/Site/Journal.php',
	'Presswarden\\Connector\\Site\\Keys' => '/src/Site/Keys.php',
	'Presswarden\\Connector\\Site\\Place' => '/src/Site/Place.php',
	'Presswarden\\Connector\\Site\\Quietly' => '/src/Site/Quietly.php',
	'Presswarden\\Connector\\Site\\Record' => '/src/Site/Record.php',
	'Presswarden\\Connector\\Site\\RecordStore' => '/src/Site/RecordStore.php',
	'Presswarden\\Connector\\Site\\Signer' => '/src/Site/Signer.php',
	'Presswarden\\Connector\\Site\\StateFolder' => '/src/Site/StateFolder.php',
	'Presswarden\\Connector\\Site\\Storage' => '/src/Site/Storage.php',
	'Presswarden\\Connector\\Site\\StoreBroken' => '/src/Site/StoreBroken.php',
	'Presswarden\\Connector\\Site\\Tables' => '/src/Site/Tables.php',
	'Presswarden\\Connector\\Site\\Tally' => '/src/Site/Tally.php',
);

spl_autoload_register(
	static function ( string $name ): void {
		if ( isset( CLASS_FILES[ $name ] ) ) {
			require __DIR__ . CLASS_FILES[ $name ]; // constant map: the path is one of the literals above.
		}
	}
);
