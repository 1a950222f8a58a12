<?php
/**
 * Writes connector/autoload.php: a constant class map of every class file below connector/src.
 *
 * Usage: php tools/php/classmap.php [--check]. With --check nothing is written and a stale map exits 1.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

$connector = dirname( __DIR__, 2 ) . '/connector';
$files     = array();
$walk      = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $connector . '/src', FilesystemIterator::SKIP_DOTS ) );
foreach ( $walk as $file ) {
	if ( 'php' === $file->getExtension() ) {
		$files[] = substr( $file->getPathname(), strlen( $connector . '/src/' ), -4 );
	}
}
sort( $files, SORT_STRING );

$lines = array();
foreach ( $files as $file ) {
	$lines[] = sprintf( "\t'Presswarden\\\\Connector\\\\%s' => '/src/%s.php',", str_replace( '/', '\\\\', $file ), $file );
}
$map = implode( "\n", $lines );

$text = <<<TEXT
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
$map
);

spl_autoload_register(
	static function ( string \$name ): void {
		if ( isset( CLASS_FILES[ \$name ] ) ) {
			require __DIR__ . CLASS_FILES[ \$name ]; // constant map: the path is one of the literals above.
		}
	}
);

TEXT;

$target = $connector . '/autoload.php';
if ( in_array( '--check', $argv, true ) ) {
	if ( ! is_file( $target ) || file_get_contents( $target ) !== $text ) {
		fwrite( STDERR, "connector/autoload.php is stale: run php tools/php/classmap.php\n" );
		exit( 1 );
	}
	exit( 0 );
}
file_put_contents( $target, $text );
