<?php
/**
 * Which class does which tool. A constant list: no class name is ever built from a message.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Actions;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

final class Actions {

	public static function of( string $tool ): ?Action {
		switch ( $tool ) {
			case 'wp.site.get_environment':
				return new GetEnvironment();
			case 'wp.site.inventory':
				return new GetInventory();
			case 'wp.site.health':
				return new GetHealth();
			case 'wp.plugin.update':
				return new PluginUpdate();
			case 'wp.theme.update':
				return new ThemeUpdate();
			case 'wp.core.update':
				return new CoreUpdate();
			case 'wp.connector.update':
				return new ConnectorUpdate();
			case 'wp.translation.update':
				return new TranslationUpdate();
			case 'wp.plugin.activate':
				return new PluginActivate();
			case 'wp.plugin.deactivate':
				return new PluginDeactivate();
			case 'wp.change.close':
				return new ChangeClose();
			case 'wp.maintenance.clear':
				return new MaintenanceClear();
			case 'wp.snapshot.create':
				return new SnapshotCreate();
			case 'wp.snapshot.delete':
				return new SnapshotDelete();
			case 'wp.snapshot.list':
				return new SnapshotList();
			case 'wp.snapshot.restore':
				return new SnapshotRestore();
			case 'wp.snapshot.stage':
				return new SnapshotStage();
			case 'wp.snapshot.verify':
				return new SnapshotVerify();
			case 'control.confirm':
				return new Confirm();
			case 'control.moved':
				return new Moved();
			case 'control.pause':
				return new Pause();
			case 'control.resume':
				return new Resume();
			case 'control.revoke':
				return new Revoke();
			case 'control.rotate':
				return new Rotate();
			case 'control.rotate_site':
				return new RotateSite();
		}
		return null;
	}
}
