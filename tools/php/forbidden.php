<?php
/**
 * Looks for calls that the connector must not be able to make: code from text, a shell, objects from text, files named at
 * run time, SQL that is not written out, file writes outside a few classes, functions named by a variable.
 *
 * Reads tokens, so comments and strings are not mistaken for code. It can't follow a value through the program: what it can't
 * prove harmless it reports, and ALLOWED lists the few places that a person looked at, each with the reason.
 *
 * Usage: php tools/php/forbidden.php DIR. Prints `file:line: rule: code`; exits 1 when there is one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

require __DIR__ . '/allowed.php';

const NEVER = array(
	'code from text'     => array(
		'assert', 'create_function', 'call_user_func', 'call_user_func_array', 'forward_static_call', 'forward_static_call_array',
		'extract', 'parse_str', 'mb_parse_str', 'mb_ereg_replace', 'dl',
	),
	'shell'              => array( 'exec', 'shell_exec', 'system', 'passthru', 'popen', 'proc_open', 'pcntl_exec', 'pcntl_fork', 'putenv' ),
	'objects from text'  => array( 'unserialize', 'maybe_unserialize', 'igbinary_unserialize', 'msgpack_unpack', 'yaml_parse' ),
	'files from outside' => array( 'download_url', 'unzip_file', 'move_uploaded_file', 'media_handle_upload', 'wp_handle_upload' ),
);
const WRITES   = array(
	'file_put_contents', 'fwrite', 'fputs', 'fputcsv', 'ftruncate', 'rename', 'unlink', 'rmdir', 'mkdir', 'wp_mkdir_p', 'copy', 'copy_dir',
	'chmod', 'chown', 'touch', 'symlink', 'link', 'tempnam', 'wp_tempnam', 'tmpfile', 'wp_delete_file', 'wp_filesystem',
);
const SQL      = array( 'query', 'get_var', 'get_row', 'get_col', 'get_results', 'prepare' );
const INCLUDES = array( T_INCLUDE, T_INCLUDE_ONCE, T_REQUIRE, T_REQUIRE_ONCE );

/** One file's findings as `rule: code` by line. */
final class Scan {

	/** @var array<int,array{0:int|string,1:string,2:int}> Tokens without white space and comments. */
	private array $tokens = array();
	/** @var array<int,array{0:int,1:string}> Line and "rule: code". */
	private array $found = array();
	/** @var array<string,bool> Variables that only ever hold a table name or a fixed clause. */
	private array $tables = array();

	public function __construct( string $source ) {
		$line = 1;
		foreach ( token_get_all( $source ) as $token ) {
			$token = is_array( $token ) ? $token : array( $token, $token, $line );
			$line  = $token[2] + substr_count( $token[1], "\n" );
			if ( ! in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT, T_INLINE_HTML, T_OPEN_TAG ), true ) ) {
				$this->tokens[] = $token;
			}
		}
		$this->find_tables();
	}

	/** @return array<int,array{0:int,1:string}> */
	public function findings(): array {
		foreach ( $this->tokens as $at => $token ) {
			$this->language( $at );
			$this->named_call( $at );
			$this->variable_call( $at );
			$this->sql( $at );
		}
		return $this->found;
	}

	private function language( int $at ): void {
		$kind = $this->tokens[ $at ][0];
		if ( T_EVAL === $kind ) {
			$this->report( $at, 'code from text: eval' );
		} elseif ( '`' === $kind ) {
			$this->report( $at, 'shell: backtick' );
		} elseif ( '$' === $kind ) {
			$this->report( $at, 'variable variable: $' . $this->text( $at + 1 ) );
		} elseif ( in_array( $kind, INCLUDES, true ) ) {
			$path = $this->code( $this->until_semicolon( $at + 1 ) );
			if ( 1 !== preg_match( '/\A\(?(?:__DIR__|ABSPATH|WPINC)(?:\.(?:WPINC|\'[^\']*\'))+\)?\z/', $path ) ) {
				$this->report( $at, 'variable include: ' . $path );
			}
		} elseif ( T_CONSTANT_ENCAPSED_STRING === $kind && isset( $this->never()[ strtolower( trim( $this->text( $at ), '\'"\\' ) ) ] ) ) {
			// A forbidden function passed by its name is called as well.
			$this->report( $at, $this->never()[ strtolower( trim( $this->text( $at ), '\'"\\' ) ) ] . ' by name: ' . $this->text( $at ) );
		}
	}

	private function named_call( int $at ): void {
		$name = strtolower( ltrim( $this->text( $at ), '\\' ) );
		if ( ! $this->is_name( $at ) || '(' !== $this->text( $at + 1 ) || $this->is_member_or_definition( $at ) ) {
			return;
		}
		if ( isset( $this->never()[ $name ] ) ) {
			$this->report( $at, $this->never()[ $name ] . ': ' . $name );
		}
		if ( in_array( $name, WRITES, true ) || ( 'fopen' === $name && ! $this->reads_only( $at ) ) ) {
			$this->report( $at, 'file write: ' . $name );
		}
		if ( 0 === strncmp( $name, 'preg_', 5 ) && 1 === preg_match( '/\A[\'"](.).*\1[a-z]*e[a-z]*[\'"]\z/is', $this->text( $at + 2 ) ) ) {
			$this->report( $at, 'code from text: ' . $name . ' with the modifier e' );
		}
	}

	/** `$f(`, `$x->$f(`, `X::$f(`, `new $c`, `$a['f'](`, `$x->{$f}(`, `f()(`. */
	private function variable_call( int $at ): void {
		$previous = $at > 0 ? $this->tokens[ $at - 1 ][0] : '';
		if ( T_VARIABLE === $this->tokens[ $at ][0] && T_NEW === $previous ) {
			$this->report( $at, 'variable call: new ' . $this->text( $at ) );
		} elseif ( T_VARIABLE === $this->tokens[ $at ][0] && '(' === $this->text( $at + 1 ) && T_FUNCTION !== $previous ) {
			$member = in_array( $previous, array( T_OBJECT_OPERATOR, T_DOUBLE_COLON ), true ) ? $this->text( $at - 1 ) : '';
			if ( '' !== $member || ! $this->is_closure_parameter( $at ) ) {
				$this->report( $at, 'variable call: ' . $member . $this->text( $at ) . '(' );
			}
		} elseif ( '(' === $this->text( $at + 1 ) && $this->ends_an_expression( $at ) ) {
			$this->report( $at, 'variable call: ' . $this->text( $at - 1 ) . $this->text( $at ) . '(' );
		}
	}

	/** True for a bracket whose content is a value: `]`, `)`, and the `}` of `->{...}`. */
	private function ends_an_expression( int $at ): bool {
		if ( '}' !== $this->text( $at ) ) {
			return in_array( $this->text( $at ), array( ']', ')' ), true );
		}
		$level = 0;
		for ( $i = $at; $i > 0; $i-- ) {
			$level += '}' === $this->text( $i ) ? 1 : ( in_array( $this->text( $i ), array( '{', '${' ), true ) ? -1 : 0 );
			if ( 0 === $level ) {
				return in_array( $this->tokens[ $i - 1 ][0], array( T_OBJECT_OPERATOR, T_DOUBLE_COLON ), true );
			}
		}
		return false;
	}

	/** SQL is a literal, a literal with table names in it, or what `prepare` made of one. */
	private function sql( int $at ): void {
		if ( ! in_array( strtolower( $this->text( $at ) ), SQL, true ) || T_OBJECT_OPERATOR !== ( $this->tokens[ $at - 1 ][0] ?? '' ) || '(' !== $this->text( $at + 1 ) ) {
			return;
		}
		if ( '$wpdb' !== $this->text( $at - 2 ) ) {
			$this->report( $at, 'raw SQL: another name for the database: ' . $this->text( $at - 2 ) );
			return;
		}
		if ( array( '$wpdb', '->', 'prepare' ) === array( $this->text( $at + 2 ), $this->text( $at + 3 ), $this->text( $at + 4 ) ) ) {
			return;
		}
		$i = $at + 2;
		while ( isset( $this->tokens[ $i ] ) && ! in_array( $this->text( $i ), array( ',', ')' ), true ) ) {
			if ( ! $this->is_fixed_sql( $i ) ) {
				$this->report( $at, 'raw SQL: ' . $this->text( $i ) );
				return;
			}
			++$i;
		}
	}

	private function is_fixed_sql( int $at ): bool {
		$text = $this->text( $at );
		if ( T_VARIABLE === $this->tokens[ $at ][0] ) {
			return isset( $this->tables[ $text ] ) || ( '$wpdb' === $text && '->' === $this->text( $at + 1 ) );
		}
		if ( T_STRING === $this->tokens[ $at ][0] ) {
			// A property of $wpdb (a table name) or a constant of a class; never a call.
			return '(' !== $this->text( $at + 1 ) && in_array( $this->text( $at - 1 ), array( '->', '::', '.', '(' ), true ) || '::' === $this->text( $at + 1 );
		}
		return in_array( $this->tokens[ $at ][0], array( T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE, T_CURLY_OPEN, T_OBJECT_OPERATOR, T_DOUBLE_COLON, '"', '.', '}' ), true );
	}

	/** A variable counts as a table name when every assignment to it in the file is a table name or the fixed charset clause. */
	private function find_tables(): void {
		$other = array();
		foreach ( $this->tokens as $at => $token ) {
			if ( T_VARIABLE !== $token[0] ) {
				continue;
			}
			if ( '=' === $this->text( $at + 1 ) && 1 === preg_match( '/\A\$wpdb->(?:prefix\.(?:[A-Za-z]+::[A-Z_]+|\'[a-z_]+\')|get_charset_collate\(\)|[a-z]+)\z/', $this->code( $this->until_semicolon( $at + 2 ) ) ) ) {
				$this->tables[ $token[1] ] = true;
			} elseif ( in_array( $this->text( $at + 1 ), array( '=', '.=', '??=' ), true ) || in_array( $this->text( $at + 1 ), array( 'as', '=>' ), true ) || $this->is_untied( $at ) ) {
				$other[ $token[1] ] = true;
			}
		}
		$this->tables = array_diff_key( $this->tables, $other );
	}

	/** A parameter or loop variable: its value comes from elsewhere. A closure's `use` hands on what is judged here. */
	private function is_untied( int $at ): bool {
		$before = $this->tokens[ $at - 1 ] ?? array( '', '' );
		return in_array( $before[0], array( T_STRING, T_ARRAY, T_AS, T_DOUBLE_ARROW, T_ELLIPSIS ), true ) && '->' !== $before[1];
	}

	/** True for the call of a parameter that its own function declares as a Closure: such a value is never a text. */
	private function is_closure_parameter( int $at ): bool {
		for ( $i = $at - 1; $i > 1; $i-- ) {
			if ( $this->text( $i ) === $this->text( $at ) && 'closure' === strtolower( ltrim( $this->text( $i - 1 ), '\\' ) ) ) {
				return true;
			}
			if ( T_FUNCTION === $this->tokens[ $i ][0] && T_STRING === $this->tokens[ $i + 1 ][0] ) {
				return false;
			}
		}
		return false;
	}

	/** True for a literal read mode. */
	private function reads_only( int $at ): bool {
		$level = 0;
		$modes = array();
		for ( $i = $at + 1; isset( $this->tokens[ $i ] ); $i++ ) {
			$level += '(' === $this->text( $i ) ? 1 : ( ')' === $this->text( $i ) ? -1 : 0 );
			if ( 0 === $level ) {
				break;
			}
			if ( 1 === $level && ',' === $this->text( $i ) ) {
				$modes[] = $this->text( $i + 1 );
			}
		}
		return array() !== $modes && in_array( $modes[0], array( "'r'", "'rb'" ), true );
	}

	/** @return array<string,string> Function => rule. */
	private function never(): array {
		static $names = array();
		foreach ( array() === $names ? NEVER : array() as $rule => $functions ) {
			$names += array_fill_keys( $functions, $rule );
		}
		return $names;
	}

	private function is_name( int $at ): bool {
		return T_STRING === $this->tokens[ $at ][0] || ( defined( 'T_NAME_FULLY_QUALIFIED' ) && T_NAME_FULLY_QUALIFIED === $this->tokens[ $at ][0] );
	}

	private function is_member_or_definition( int $at ): bool {
		return in_array( $this->tokens[ $at - 1 ][0] ?? '', array( T_OBJECT_OPERATOR, T_DOUBLE_COLON, T_FUNCTION, T_NEW ), true );
	}

	/** @return array<int,int> Positions up to the end of the statement. */
	private function until_semicolon( int $at ): array {
		$end = $at;
		while ( isset( $this->tokens[ $end ] ) && ';' !== $this->text( $end ) ) {
			++$end;
		}
		return $end > $at ? range( $at, $end - 1 ) : array();
	}

	/** @param array<int,int> $positions Of tokens. */
	private function code( array $positions ): string {
		return implode( '', array_map( array( $this, 'text' ), $positions ) );
	}

	private function text( int $at ): string {
		return $this->tokens[ $at ][1] ?? '';
	}

	private function report( int $at, string $what ): void {
		$this->found[] = array( $this->tokens[ $at ][2], $what );
	}
}

function allowed( string $file, string $what ): bool {
	$any = preg_replace( '/\A([a-z ]+): .*\z/s', '$1: *', $what );
	return isset( ALLOWED[ $file . ': ' . $what ] ) || isset( ALLOWED[ $file . ': ' . $any ] );
}

$root = isset( $argv[1] ) ? rtrim( $argv[1], '/' ) : '';
if ( ! is_dir( $root ) ) {
	fwrite( STDERR, "usage: php tools/php/forbidden.php DIR\n" );
	exit( 2 );
}
$files = 0;
$bad   = 0;
foreach ( new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $root, FilesystemIterator::SKIP_DOTS ) ) as $file ) {
	$name = substr( $file->getPathname(), strlen( $root ) + 1 );
	if ( 'php' !== $file->getExtension() || 0 === strncmp( $name, 'tests/', 6 ) ) {
		continue;
	}
	++$files;
	foreach ( ( new Scan( (string) file_get_contents( $file->getPathname() ) ) )->findings() as list( $line, $what ) ) {
		if ( ! allowed( $name, $what ) ) {
			++$bad;
			echo "{$name}:{$line}: {$what}\n";
		}
	}
}
echo "{$files} files, {$bad} dangerous calls\n";
exit( 0 === $bad && $files > 0 ? 0 : 1 );
