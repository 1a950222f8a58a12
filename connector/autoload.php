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
	'Presswarden\\Connector\\Actions\\Action' => '/src/Actions/Action.php',
	'Presswarden\\Connector\\Actions\\Actions' => '/src/Actions/Actions.php',
	'Presswarden\\Connector\\Actions\\AfterReceipt' => '/src/Actions/AfterReceipt.php',
	'Presswarden\\Connector\\Actions\\Confirm' => '/src/Actions/Confirm.php',
	'Presswarden\\Connector\\Actions\\GetEnvironment' => '/src/Actions/GetEnvironment.php',
	'Presswarden\\Connector\\Actions\\GetHealth' => '/src/Actions/GetHealth.php',
	'Presswarden\\Connector\\Actions\\GetInventory' => '/src/Actions/GetInventory.php',
	'Presswarden\\Connector\\Actions\\Moved' => '/src/Actions/Moved.php',
	'Presswarden\\Connector\\Actions\\Pause' => '/src/Actions/Pause.php',
	'Presswarden\\Connector\\Actions\\Resume' => '/src/Actions/Resume.php',
	'Presswarden\\Connector\\Actions\\Revoke' => '/src/Actions/Revoke.php',
	'Presswarden\\Connector\\Actions\\Rotate' => '/src/Actions/Rotate.php',
	'Presswarden\\Connector\\Actions\\RotateSite' => '/src/Actions/RotateSite.php',
	'Presswarden\\Connector\\Admin\\Decisions' => '/src/Admin/Decisions.php',
	'Presswarden\\Connector\\Admin\\Form' => '/src/Admin/Form.php',
	'Presswarden\\Connector\\Admin\\JournalView' => '/src/Admin/JournalView.php',
	'Presswarden\\Connector\\Admin\\Page' => '/src/Admin/Page.php',
	'Presswarden\\Connector\\Admin\\PairView' => '/src/Admin/PairView.php',
	'Presswarden\\Connector\\Admin\\Said' => '/src/Admin/Said.php',
	'Presswarden\\Connector\\Admin\\StatusView' => '/src/Admin/StatusView.php',
	'Presswarden\\Connector\\Cli\\Command' => '/src/Cli/Command.php',
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
	'Presswarden\\Connector\\Plugin' => '/src/Plugin.php',
	'Presswarden\\Connector\\Rest\\CallRoute' => '/src/Rest/CallRoute.php',
	'Presswarden\\Connector\\Rest\\Printer' => '/src/Rest/Printer.php',
	'Presswarden\\Connector\\Site\\AcknowledgedInventory' => '/src/Site/AcknowledgedInventory.php',
	'Presswarden\\Connector\\Site\\AgentDoors' => '/src/Site/AgentDoors.php',
	'Presswarden\\Connector\\Site\\AgentUser' => '/src/Site/AgentUser.php',
	'Presswarden\\Connector\\Site\\ApplicationPasswords' => '/src/Site/ApplicationPasswords.php',
	'Presswarden\\Connector\\Site\\CallLimits' => '/src/Site/CallLimits.php',
	'Presswarden\\Connector\\Site\\CallTable' => '/src/Site/CallTable.php',
	'Presswarden\\Connector\\Site\\Calls' => '/src/Site/Calls.php',
	'Presswarden\\Connector\\Site\\ControlPlane' => '/src/Site/ControlPlane.php',
	'Presswarden\\Connector\\Site\\Environment' => '/src/Site/Environment.php',
	'Presswarden\\Connector\\Site\\Flags' => '/src/Site/Flags.php',
	'Presswarden\\Connector\\Site\\Health' => '/src/Site/Health.php',
	'Presswarden\\Connector\\Site\\Heartbeat' => '/src/Site/Heartbeat.php',
	'Presswarden\\Connector\\Site\\HeartbeatProblem' => '/src/Site/HeartbeatProblem.php',
	'Presswarden\\Connector\\Site\\HighWater' => '/src/Site/HighWater.php',
	'Presswarden\\Connector\\Site\\InventoryFacts' => '/src/Site/InventoryFacts.php',
	'Presswarden\\Connector\\Site\\Journal' => '/src/Site/Journal.php',
	'Presswarden\\Connector\\Site\\Keys' => '/src/Site/Keys.php',
	'Presswarden\\Connector\\Site\\KnownUpdates' => '/src/Site/KnownUpdates.php',
	'Presswarden\\Connector\\Site\\Lifecycle' => '/src/Site/Lifecycle.php',
	'Presswarden\\Connector\\Site\\Pairing' => '/src/Site/Pairing.php',
	'Presswarden\\Connector\\Site\\PairingProblem' => '/src/Site/PairingProblem.php',
	'Presswarden\\Connector\\Site\\Place' => '/src/Site/Place.php',
	'Presswarden\\Connector\\Site\\Plain' => '/src/Site/Plain.php',
	'Presswarden\\Connector\\Site\\Quietly' => '/src/Site/Quietly.php',
	'Presswarden\\Connector\\Site\\Record' => '/src/Site/Record.php',
	'Presswarden\\Connector\\Site\\RecordStore' => '/src/Site/RecordStore.php',
	'Presswarden\\Connector\\Site\\Repair' => '/src/Site/Repair.php',
	'Presswarden\\Connector\\Site\\Reply' => '/src/Site/Reply.php',
	'Presswarden\\Connector\\Site\\Restored' => '/src/Site/Restored.php',
	'Presswarden\\Connector\\Site\\Schedule' => '/src/Site/Schedule.php',
	'Presswarden\\Connector\\Site\\StandingOrder' => '/src/Site/StandingOrder.php',
	'Presswarden\\Connector\\Site\\StateChange' => '/src/Site/StateChange.php',
	'Presswarden\\Connector\\Site\\StateFolder' => '/src/Site/StateFolder.php',
	'Presswarden\\Connector\\Site\\Status' => '/src/Site/Status.php',
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
