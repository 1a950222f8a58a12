<?php
/**
 * Presswarden watchdog: finds its classes in this folder. Put here by the Presswarden connector, taken away by it.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

const WATCH_FILES = array(
	'Presswarden\\Connector\\Watch\\Added'          => '/Added.php',
	'Presswarden\\Connector\\Watch\\Evidence'       => '/Evidence.php',
	'Presswarden\\Connector\\Watch\\FileList'       => '/FileList.php',
	'Presswarden\\Connector\\Watch\\Flight'         => '/Flight.php',
	'Presswarden\\Connector\\Watch\\Guard'          => '/Guard.php',
	'Presswarden\\Connector\\Watch\\Lock'           => '/Lock.php',
	'Presswarden\\Connector\\Watch\\Marker'         => '/Marker.php',
	'Presswarden\\Connector\\Watch\\PackBroken'     => '/PackBroken.php',
	'Presswarden\\Connector\\Watch\\PartReader'     => '/PartReader.php',
	'Presswarden\\Connector\\Watch\\PartWriter'     => '/PartWriter.php',
	'Presswarden\\Connector\\Watch\\Rescue'         => '/Rescue.php',
	'Presswarden\\Connector\\Watch\\Room'           => '/Room.php',
	'Presswarden\\Connector\\Watch\\Swap'           => '/Swap.php',
	'Presswarden\\Connector\\Watch\\TakeBack'       => '/TakeBack.php',
	'Presswarden\\Connector\\Watch\\TakeBackFailed' => '/TakeBackFailed.php',
	'Presswarden\\Connector\\Watch\\Tree'           => '/Tree.php',
	'Presswarden\\Connector\\Watch\\Unpacker'       => '/Unpacker.php',
	'Presswarden\\Connector\\Watch\\Watch'          => '/Watch.php',
);

spl_autoload_register(
	static function ( string $name ): void {
		// Uninstalling takes the files away while this still runs, and loads them before.
		if ( isset( WATCH_FILES[ $name ] ) && is_file( __DIR__ . WATCH_FILES[ $name ] ) ) {
			require_once __DIR__ . WATCH_FILES[ $name ];
		}
	}
);
