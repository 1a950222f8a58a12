<?php
/**
 * Runs one SQL statement from stdin on MariaDB, past WordPress, and prints its rows as JSON.
 *
 * php query.php localhost:/path/to/socket USER DATABASE
 */

declare( strict_types=1 );

mysqli_report( MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT );
[ , $host, $user, $database ] = $argv;
$link = mysqli_init();
$link->options( MYSQLI_OPT_INT_AND_FLOAT_NATIVE, 1 );
$link->real_connect( 'localhost', $user, '', '' === $database ? null : $database, 0, explode( ':', $host, 2 )[1] );
$link->set_charset( 'utf8mb4' );
try {
	$answer = $link->query( (string) stream_get_contents( STDIN ) );
} catch ( mysqli_sql_exception $fault ) {
	fwrite( STDERR, $fault->getMessage() );
	exit( 1 );
}
echo json_encode(
	$answer instanceof mysqli_result ? $answer->fetch_all( MYSQLI_ASSOC ) : array(),
	JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE
);
