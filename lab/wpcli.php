<?php
/**
 * A stand-in for WP-CLI's interface: php wpcli.php ROOT URL COMMAND [ARGUMENT...] [--option=value]
 *
 * WP-CLI itself can't be installed from the packages the lab uses. This runs commands that a plugin
 * registered with WP_CLI::add_command(), with WP-CLI's rules for arguments, output and exit codes as
 * far as a plugin's own commands need them. It has none of WP-CLI's own commands.
 */

namespace {

	require __DIR__ . '/php/environment.php';

	/** Ends the run; thrown so that `finally` blocks of a command still run. */
	final class WP_CLI_Lab_Exit extends Exception {
	}

	/** Base class that commands may extend. */
	abstract class WP_CLI_Command {
	}

	/** The part of WP_CLI that a plugin's commands call. */
	final class WP_CLI {
		/** @var array<string,array{callable:mixed,about:array<string,mixed>}> */
		private static $commands = array();

		/** @var array<string,mixed> */
		public static $options = array();

		public static function add_command( string $name, $callable, array $about = array() ): bool {
			self::$commands[ trim( $name ) ] = array(
				'callable' => $callable,
				'about'    => $about,
			);
			return true;
		}

		public static function line( $message = '' ): void {
			fwrite( STDOUT, $message . "\n" );
		}

		public static function log( $message ): void {
			if ( empty( self::$options['quiet'] ) ) {
				self::line( $message );
			}
		}

		public static function success( $message ): void {
			self::log( 'Success: ' . $message );
		}

		public static function warning( $message ): void {
			fwrite( STDERR, 'Warning: ' . self::text( $message ) . "\n" );
		}

		public static function debug( $message, $group = false ): void {
			if ( ! empty( self::$options['debug'] ) ) {
				fwrite( STDERR, 'Debug: ' . self::text( $message ) . "\n" );
			}
		}

		public static function error( $message, $exit = true ): void {
			fwrite( STDERR, 'Error: ' . self::text( $message ) . "\n" );
			if ( false !== $exit ) {
				self::halt( is_int( $exit ) ? $exit : 1 );
			}
		}

		public static function halt( int $code ): void {
			throw new WP_CLI_Lab_Exit( '', $code );
		}

		public static function confirm( string $question, array $options = array() ): void {
			if ( ! empty( $options['yes'] ) ) {
				return;
			}
			fwrite( STDOUT, $question . ' [y/n] ' );
			if ( 'y' !== strtolower( trim( (string) fgets( STDIN ) ) ) ) {
				self::halt( 0 );
			}
		}

		public static function colorize( string $text ): string {
			return (string) preg_replace( '/%[a-zA-Z0-9]/', '', str_replace( '%%', '%', $text ) );
		}

		public static function print_value( $value, array $options = array() ): void {
			self::line( 'json' === ( $options['format'] ?? '' ) ? wp_json_encode( $value ) : ( is_scalar( $value ) ? (string) $value : var_export( $value, true ) ) );
		}

		private static function text( $message ): string {
			return is_wp_error( $message ) ? $message->get_error_message() : (string) $message;
		}

		/**
		 * Finds the command with the longest name and runs it.
		 *
		 * @param string[] $words Words and options as typed.
		 */
		public static function run( array $words ): void {
			list( $arguments, $options ) = self::split( $words );
			foreach ( array( 'quiet', 'debug' ) as $global ) {
				self::$options[ $global ] = ! empty( $options[ $global ] );
				unset( $options[ $global ] );
			}
			if ( isset( $options['user'] ) ) {
				$user = is_numeric( $options['user'] ) ? get_user_by( 'id', (int) $options['user'] ) : get_user_by( 'login', $options['user'] );
				if ( ! $user ) {
					self::error( 'Invalid user ID, email or login: ' . $options['user'] );
				}
				wp_set_current_user( $user->ID );
				unset( $options['user'] );
			}
			for ( $length = count( $arguments ); $length > 0; $length-- ) {
				$name = implode( ' ', array_slice( $arguments, 0, $length ) );
				if ( isset( self::$commands[ $name ] ) ) {
					self::call( $name, array_slice( $arguments, $length ), $options );
					return;
				}
			}
			self::error( "'" . implode( ' ', $arguments ) . "' is not a registered wp command." );
		}

		private static function call( string $name, array $arguments, array $options ): void {
			$target = self::$commands[ $name ]['callable'];
			if ( is_string( $target ) && class_exists( $target ) ) {
				$target = new $target();
			}
			if ( is_object( $target ) && ! $target instanceof Closure && ! is_callable( $target ) ) {
				$wanted = (string) array_shift( $arguments );
				$method = self::subcommands( $target )[ $wanted ] ?? null;
				if ( null === $method ) {
					self::error( "'" . trim( $wanted ) . "' is not a registered subcommand of '" . $name . "'." );
				}
				$target = array( $target, $method );
			}
			$target( $arguments, $options );
		}

		/** @return array<string,string> Method by subcommand: its name, or what @subcommand says. */
		private static function subcommands( $object ): array {
			$found = array();
			foreach ( ( new ReflectionClass( $object ) )->getMethods( ReflectionMethod::IS_PUBLIC ) as $method ) {
				if ( 0 === strpos( $method->getName(), '__' ) || $method->isStatic() ) {
					continue;
				}
				$name = rtrim( $method->getName(), '_' );
				if ( preg_match( '/@subcommand\s+([a-z_-]+)/', (string) $method->getDocComment(), $named ) ) {
					$name = $named[1];
				}
				$found[ $name ] = $method->getName();
			}
			return $found;
		}

		/** @return array{0:string[],1:array<string,mixed>} */
		private static function split( array $words ): array {
			$arguments = array();
			$options   = array();
			foreach ( $words as $word ) {
				if ( preg_match( '/^--no-([^=]+)$/D', $word, $found ) ) {
					$options[ $found[1] ] = false;
				} elseif ( preg_match( '/^--([^=]+)=(.*)$/Ds', $word, $found ) ) {
					$options[ $found[1] ] = $found[2];
				} elseif ( preg_match( '/^--([^=]+)$/D', $word, $found ) ) {
					$options[ $found[1] ] = true;
				} else {
					$arguments[] = $word;
				}
			}
			return array( $arguments, $options );
		}
	}
}

namespace WP_CLI\Utils {

	function get_flag_value( array $options, string $flag, $default = null ) {
		return $options[ $flag ] ?? $default;
	}

	/** Prints rows as table, json, csv, yaml, count or ids, as WP-CLI would. */
	function format_items( string $format, iterable $items, $fields ): void {
		$fields = is_array( $fields ) ? $fields : explode( ',', $fields );
		$rows   = array();
		foreach ( $items as $item ) {
			$item   = (array) $item;
			$rows[] = array_combine(
				$fields,
				array_map(
					static function ( $field ) use ( $item ) {
						return $item[ $field ] ?? null;
					},
					$fields
				)
			);
		}
		switch ( $format ) {
			case 'json':
				\WP_CLI::line( json_encode( $rows, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) );
				return;
			case 'count':
				\WP_CLI::line( (string) count( $rows ) );
				return;
			case 'ids':
				\WP_CLI::line( implode( ' ', array_column( $rows, $fields[0] ) ) );
				return;
			case 'csv':
				fputcsv( STDOUT, $fields, ',', '"', '\\' );
				foreach ( $rows as $row ) {
					fputcsv( STDOUT, $row, ',', '"', '\\' );
				}
				return;
			case 'yaml':
				\WP_CLI::line( '---' );
				foreach ( $rows as $row ) {
					foreach ( $fields as $place => $field ) {
						\WP_CLI::line( ( 0 === $place ? '- ' : '  ' ) . $field . ': ' . json_encode( $row[ $field ] ) );
					}
				}
				return;
			case 'table':
				\WP_CLI::line( implode( "\t", $fields ) );
				foreach ( $rows as $row ) {
					\WP_CLI::line( implode( "\t", array_map( 'strval', array_map( __NAMESPACE__ . '\scalar', $row ) ) ) );
				}
				return;
		}
		\WP_CLI::error( 'Invalid format: ' . $format );
	}

	function scalar( $value ) {
		return is_scalar( $value ) || null === $value ? $value : json_encode( $value );
	}
}

namespace {

	define( 'WP_CLI', true );
	define( 'WP_CLI_VERSION', '2.12.0' );
	presswarden_lab_environment( $argv[2] );
	require $argv[1] . '/wp-load.php';
	while ( ob_get_level() > 0 ) {
		ob_end_flush();
	}
	try {
		WP_CLI::run( array_slice( $argv, 3 ) );
	} catch ( WP_CLI_Lab_Exit $end ) {
		exit( $end->getCode() );
	}
}
