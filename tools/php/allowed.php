<?php
/**
 * The dangerous calls of the connector that a person looked at, each with the reason. forbidden.php reports every other one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

/** "File below DIR: what it is" => the reason a person gave. The code is written without white space. */
const ALLOWED = array(
	'autoload.php: variable include: __DIR__.CLASS_FILES[$name]' => 'CLASS_FILES is a constant map of literals; a name that is not in it includes nothing',
	'src/Core/Verifier.php: variable call: ->$check('             => 'the names are the constant ORDER',
	'src/Cli/Command.php: variable call: $change('                => 'a closure written in the same file',
	'src/Site/HighWater.php: variable call: $change('             => 'private method, closures written in the same file',
	'src/Site/Quietly.php: variable call: $query('                => 'closures around one database call each',
	'src/Site/RecordStore.php: variable call: $change('           => 'closures of this plugin that change a Record',
	'src/Site/StateFolder.php: variable call: $change('           => 'closures written in HighWater',
	'src/Site/StateChange.php: variable call: $change('           => 'closures of this plugin that change a Record',
	'src/Site/Tally.php: variable call: $use('                    => 'private method, closures written in the same file',
	'src/Site/HighWater.php: file write: fopen'                   => 'the lock beside the high-water file, below our own folder',
	'src/Site/StateFolder.php: file write: *'                     => 'the one class that writes below wp-content/presswarden-state',
	'src/Site/Storage.php: file write: *'                         => 'deletes our own folders at uninstall, and copies of the database that bear our name',
	'doors/load.php: variable include: __DIR__.WATCH_FILES[$name]' => 'WATCH_FILES is a constant map of literals, as in autoload.php',
	'doors/rescue.php: variable include: PRESSWARDEN_CONTENT.\'/mu-plugins/presswarden-watchdog/load.php\'' => 'the content folder, written into the file when it is made',
	'src/Watch/Rescue.php: variable include: $library'            => 'WordPress\'s own sodium_compat below the root that the change was opened on',
	'src/Watch/Evidence.php: file write: *'                       => 'lines and ring in files of fixed names below wp-content/presswarden-snapshots',
	'src/Watch/Flight.php: file write: *'                         => 'files of random names below wp-content/presswarden-snapshots/flight',
	'src/Watch/Lock.php: file write: *'                           => 'lock files of fixed or random names below wp-content/presswarden-snapshots',
	'src/Watch/Marker.php: file write: *'                         => 'open.php and last.php of our own folder; takes the rescue file away that it names',
	'src/Watch/Swap.php: file write: *'                           => 'the one class that moves a component; paths come from our own marker and pass place()',
	'src/Watch/TakeBack.php: file write: *'                       => 'the stage in our own folder, .maintenance, and what a half done swap moved',
	'src/Watch/Tree.php: file write: *'                           => 'removes folders of ours; links are not followed',
	'src/Site/Watchdog.php: file write: *'                        => 'puts our own doors in place and takes them away; a file that is not ours is left',
	'src/Site/Updates/Package.php: file write: unlink'            => 'the zip that WordPress downloaded for us',
	'src/Site/Updates/Turn.php: file write: unlink'               => 'WordPress\'s own .maintenance, after the update that made it',
	'src/Site/Database/Mysql.php: raw SQL: another name for the database: $link' => 'our own connection for dump and restore; every statement comes from Site/Database, with names and values quoted there',
	'src/Site/Database/Mysql.php: raw SQL: another name for the database: link' => 'our own connection for dump and restore; every statement comes from Site/Database, with names and values quoted there',
	'src/Site/Database/MysqlDump.php: file write: unlink'         => 'parts of a dump that was given up, below wp-content/presswarden-snapshots',
	'src/Site/Database/Sqlite.php: raw SQL: another name for the database: link' => 'our own connection for dump and restore; every statement comes from Site/Database, with names and values quoted there',
	'src/Site/Database/SqliteDump.php: file write: *'             => 'copies of the database under a name of our own, beside it',
	'src/Site/SnapshotFolder.php: file write: *'                  => 'makes and removes folders below wp-content/presswarden-snapshots',
	'src/Site/Snapshots.php: file write: unlink'                  => 'the list of files of a snapshot that is done',
	'src/Site/Tally.php: file write: *'                           => 'counters in one file below our own folder',
	'src/Watch/FileList.php: file write: *'                       => 'the list of a snapshot, below wp-content/presswarden-snapshots',
	'src/Watch/Guard.php: file write: *'                          => 'small files behind the guard, below wp-content/presswarden-snapshots',
	'src/Watch/PartWriter.php: file write: *'                     => 'parts of snapshots, below wp-content/presswarden-snapshots',
	'src/Watch/Room.php: file write: *'                           => 'one file in presswarden-snapshots that holds room for the way back of the open change',
	'src/Watch/Unpacker.php: file write: *'                       => 'only below the folder it is given, of a pack whose every byte was proved; paths that lead out are refused',
);
