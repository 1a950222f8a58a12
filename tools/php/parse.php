<?php
/**
 * Parses every PHP file below a folder with the PHP that runs this, without executing any of it.
 *
 * Usage: php tools/php/parse.php DIR. Prints `file:line: fault`; exits 1 when there is one. Needs no process, so it runs in WebAssembly.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

$root  = isset( $argv[1] ) ? rtrim( $argv[1], '/' ) : '';
$count = 0;
$bad   = 0;
foreach ( is_dir( $root ) ? new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $root, FilesystemIterator::SKIP_DOTS ) ) : array() as $file ) {
	if ( 'php' !== $file->getExtension() ) {
		continue;
	}
	++$count;
	try {
		token_get_all( (string) file_get_contents( $file->getPathname() ), TOKEN_PARSE );
	} catch ( ParseError $fault ) {
		++$bad;
		echo substr( $file->getPathname(), strlen( $root ) + 1 ) . ':' . $fault->getLine() . ': ' . $fault->getMessage() . "\n";
	}
}
echo PHP_VERSION . ": {$count} files, {$bad} faults\n";
exit( 0 === $bad && $count > 0 ? 0 : 1 );
