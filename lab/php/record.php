<?php
/**
 * The oracle's pen: appends one JSON line to a file outside the web root, whole or not at all.
 *
 * Used by the router and by the must-use plugin. It never reads what it wrote.
 */

declare( strict_types=1 );

/**
 * Writes one event.
 *
 * @param string              $state Folder of the site's state.
 * @param string              $event Name of what happened.
 * @param array<string,mixed> $facts What is known about it.
 */
function presswarden_lab_record( string $state, string $event, array $facts ): void {
	static $request = null;
	if ( null === $request ) {
		$request = bin2hex( random_bytes( 6 ) );
	}
	$line = json_encode(
		array( 'event' => $event, 'at' => microtime( true ), 'pid' => function_exists( 'getmypid' ) ? getmypid() : 0, 'request' => $request ) + $facts,
		JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR
	);
	file_put_contents( $state . '/events.jsonl', $line . "\n", FILE_APPEND | LOCK_EX );
}

/**
 * Writes the request down when it ends, also when it ends in a fatal error.
 *
 * The first shutdown function runs before WordPress's own, which may exit; after a fatal error it
 * is the only one sure to run. Otherwise the last one writes, when all queries were made.
 *
 * @param string $state Folder of the site's state.
 */
function presswarden_lab_watch_request( string $state ): void {
	$began = microtime( true );
	$write = static function ( int $status, ?string $fatal ) use ( $state, $began ): void {
		$database = $GLOBALS['wpdb'] ?? null;
		presswarden_lab_record(
			$state,
			'request',
			array(
				'method'  => $_SERVER['REQUEST_METHOD'],
				'path'    => $_SERVER['REQUEST_URI'],
				'status'  => $status,
				'queries' => is_object( $database ) ? $database->num_queries : 0,
				'seconds' => round( microtime( true ) - $began, 4 ),
				'fatal'   => $fatal,
			)
		);
	};
	register_shutdown_function(
		static function () use ( $write ): void {
			$last = error_get_last();
			if ( null !== $last && 0 !== ( $last['type'] & ( E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR ) ) ) {
				$write( 500, substr( $last['message'], 0, 300 ) );
				return;
			}
			register_shutdown_function(
				static function () use ( $write ): void {
					$status = http_response_code();
					$write( is_int( $status ) ? $status : 200, null );
				}
			);
		}
	);
}
