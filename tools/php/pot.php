<?php
/**
 * Writes connector/languages/presswarden-connector.pot: every text of the sources that a translator can find.
 *
 * Usage: php tools/php/pot.php [--check]. Reads tokens, and what tools/php/shown.php accepts: literals under our text domain. References
 * name the file without a line, so that moving code changes nothing here.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

/** Function => places of singular, plural and context. */
const TEXTS = array(
	'__'          => array( 0 ),
	'_e'          => array( 0 ),
	'esc_html__'  => array( 0 ),
	'esc_attr__'  => array( 0 ),
	'esc_html_e'  => array( 0 ),
	'esc_attr_e'  => array( 0 ),
	'_x'          => array( 0, null, 1 ),
	'esc_html_x'  => array( 0, null, 1 ),
	'esc_attr_x'  => array( 0, null, 1 ),
	'_n'          => array( 0, 1 ),
	'_nx'         => array( 0, 1, 3 ),
);

/**
 * @param array<string,array<string,mixed>> $found Grows.
 */
function read_texts( string $source, string $name, array &$found ): void {
	$note   = '';
	$tokens = array();
	foreach ( token_get_all( $source ) as $token ) {
		$token = is_array( $token ) ? $token : array( $token, $token, 0 );
		if ( T_COMMENT === $token[0] && 1 === preg_match( '/translators:.*?(?=\s*(?:\*\/)?\s*\z)/s', $token[1], $match ) ) {
			$note = $match[0];
		}
		if ( ! in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT ), true ) ) {
			$tokens[] = array( $token[0], $token[1], $note );
			$note     = ';' === $token[1] ? '' : $note;
		}
	}
	foreach ( $tokens as $at => $token ) {
		if ( T_STRING !== $token[0] || ! isset( TEXTS[ $token[1] ] ) || '(' !== ( $tokens[ $at + 1 ][1] ?? '' ) ) {
			continue;
		}
		$given = array();
		for ( $i = $at + 2; T_CONSTANT_ENCAPSED_STRING === ( $tokens[ $i ][0] ?? 0 ) && in_array( $tokens[ $i + 1 ][1] ?? '', array( ',', ')' ), true ); $i += 2 ) {
			$given[] = stripslashes( substr( $tokens[ $i ][1], 1, -1 ) );
		}
		if ( 'presswarden-connector' !== end( $given ) ) {
			continue;
		}
		list( $one, $many, $context ) = TEXTS[ $token[1] ] + array( 0, null, null );
		$key                          = ( null === $context ? '' : $given[ $context ] . "\x04" ) . $given[ $one ];
		$found[ $key ]['texts']       = array( $given[ $one ], null === $many ? null : $given[ $many ], null === $context ? null : $given[ $context ] );
		$found[ $key ]['files'][ $name ] = true;
		if ( '' !== $token[2] ) {
			$found[ $key ]['notes'][ $token[2] ] = true;
		}
	}
}

function quoted( string $text ): string {
	return '"' . addcslashes( $text, "\"\\\n\t" ) . '"';
}

$connector = dirname( __DIR__, 2 ) . '/connector';
$names     = array( 'presswarden-connector.php' );
foreach ( new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $connector . '/src', FilesystemIterator::SKIP_DOTS ) ) as $file ) {
	if ( 'php' === $file->getExtension() ) {
		$names[] = substr( $file->getPathname(), strlen( $connector ) + 1 );
	}
}
sort( $names, SORT_STRING );
$found = array();
foreach ( $names as $name ) {
	read_texts( (string) file_get_contents( $connector . '/' . $name ), $name, $found );
}
// What WordPress shows of the plugin in its lists stands in the header.
$header = (string) file_get_contents( $connector . '/presswarden-connector.php', false, null, 0, 8192 );
foreach ( array( 'Plugin Name', 'Description', 'Author' ) as $field ) {
	if ( 1 === preg_match( '/^ \* ' . $field . ':\s*(.+)$/m', $header, $match ) && ! isset( $found[ $match[1] ] ) ) {
		$found[ $match[1] ] = array(
			'texts' => array( $match[1], null, null ),
			'files' => array( 'presswarden-connector.php' => true ),
			'notes' => array( "{$field} of the plugin" => true ),
		);
	}
}
$version = 1 === preg_match( '/^ \* Version:\s*(\S+)$/m', $header, $match ) ? $match[1] : '';
$pot     = "# Texts of the Presswarden Connector, under the licence of the plugin (GPL-2.0-or-later). Built by tools/php/pot.php, never edited.\nmsgid \"\"\nmsgstr \"\"\n";
foreach ( array( "Project-Id-Version: Presswarden Connector {$version}", 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=UTF-8', 'Content-Transfer-Encoding: 8bit', 'X-Domain: presswarden-connector' ) as $line ) {
	$pot .= quoted( $line . "\n" ) . "\n";
}
foreach ( $found as $entry ) {
	list( $one, $many, $context ) = $entry['texts'];
	$pot .= "\n";
	foreach ( array_keys( $entry['notes'] ?? array() ) as $note ) {
		$pot .= "#. {$note}\n";
	}
	$pot .= '#: ' . implode( ' ', array_keys( $entry['files'] ) ) . "\n";
	$pot .= false !== strpos( $one, '%' ) ? "#, php-format\n" : '';
	$pot .= null === $context ? '' : 'msgctxt ' . quoted( $context ) . "\n";
	$pot .= 'msgid ' . quoted( $one ) . "\n" . ( null === $many ? "msgstr \"\"\n" : 'msgid_plural ' . quoted( $many ) . "\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n" );
}
$target = $connector . '/languages/presswarden-connector.pot';
if ( in_array( '--check', $argv, true ) ) {
	if ( ! is_file( $target ) || file_get_contents( $target ) !== $pot ) {
		fwrite( STDERR, "connector/languages/presswarden-connector.pot is stale: run php tools/php/pot.php\n" );
		exit( 1 );
	}
	exit( 0 );
}
file_put_contents( $target, $pot );
echo count( $found ) . " texts\n";
