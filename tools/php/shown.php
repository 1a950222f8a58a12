<?php
/**
 * Looks at what the connector shows, takes from forms, and answers when one of its files is asked for directly.
 *
 * Rules: what is printed is a literal, escaped, or a number; words between tags are translated, under our text domain and as literals
 * that a translator can find; a form carries a nonce; what was sent is unslashed and sanitised where it is read; a file that needs
 * WordPress ends before its first line of code where WordPress is not there. Reads tokens. Limits: it does not follow a value through
 * the program; what WP-CLI prints is English, as WP-CLI is.
 *
 * Usage: php tools/php/shown.php DIR. Prints `file:line: rule: code`; exits 1 when there is one.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

const DOMAIN     = 'presswarden-connector';
const TRANSLATES = array( '__' => 1, '_e' => 1, 'esc_html__' => 1, 'esc_attr__' => 1, 'esc_html_e' => 1, 'esc_attr_e' => 1, '_x' => 1, 'esc_html_x' => 1, 'esc_attr_x' => 1, '_n' => 2, '_nx' => 2 );
const ESCAPES    = array( 'esc_html', 'esc_attr', 'esc_url', 'esc_textarea', 'esc_html__', 'esc_attr__', 'esc_html_x', 'esc_attr_x', 'wp_kses_post', 'number_format_i18n', 'absint' );
const SENT       = array( '$_POST', '$_GET', '$_REQUEST', '$_COOKIE', '$_FILES' );
/** Names of ours that no language changes. */
const NAMES = array( 'Presswarden' );
/** Of PHP itself: there without WordPress. */
const PARENTS = array( '\RuntimeException' );
/** "File below DIR: what it is" => the reason a person gave. */
const LOOKED_AT = array(
	'src/Admin/JournalView.php: printed unescaped: $box.'    => 'one of two literals of the line above',
	'src/Rest/Printer.php: printed unescaped: $reply->body'  => 'signed JSON under its own content type; escaping would break the signature',
	'src/Watch/Watch.php: printed unescaped: json_encode('   => 'JSON under its own content type, before WordPress',
	'src/Watch/Watch.php: not translated: One moment:'       => 'plain text, before WordPress knows any language',
	'autoload.php: asked directly: spl_autoload_register'    => 'names classes and does nothing else; the tests of the core load it without WordPress',
	'doors/load.php: asked directly: spl_autoload_register'  => 'the same for the watchdog, which works before WordPress',
	'doors/prepend.php: asked directly: if'                  => 'runs before every page by its nature; it does the same when it is asked for itself',
	'doors/rescue.php: asked directly: const'                => 'stands in the web root to be asked for; answers nobody without a signature',
	'doors/rescue.php: asked directly: if'                   => 'as above',
	'doors/rescue.php: asked directly: http_response_code'   => 'as above',
);

final class Shown {

	/** @var array<int,array{0:int|string,1:string,2:int}> Tokens without white space and comments. */
	private array $tokens = array();
	/** @var array<int,array{0:int,1:string}> Line and "rule: code". */
	private array $found = array();

	public function __construct( string $source ) {
		$line = 1;
		foreach ( token_get_all( $source ) as $token ) {
			$token = is_array( $token ) ? $token : array( $token, $token, $line );
			$line  = $token[2] + substr_count( $token[1], "\n" );
			if ( ! in_array( $token[0], array( T_WHITESPACE, T_COMMENT, T_DOC_COMMENT, T_OPEN_TAG ), true ) ) {
				$this->tokens[] = $token;
			}
		}
	}

	/** @return array<int,array{0:int,1:string}> */
	public function findings(): array {
		$this->asked_directly();
		foreach ( array_keys( $this->tokens ) as $at ) {
			$this->printed( $at );
			$this->translated( $at );
			$this->sent( $at );
		}
		return $this->found;
	}

	private function printed( int $at ): void {
		$name = strtolower( $this->text( $at ) );
		if ( T_INLINE_HTML === $this->tokens[ $at ][0] ) {
			'' === trim( $this->text( $at ) ) || $this->report( $at, 'outside of PHP: ' . substr( trim( $this->text( $at ) ), 0, 40 ) );
		} elseif ( in_array( $this->tokens[ $at ][0], array( T_ECHO, T_PRINT, T_OPEN_TAG_WITH_ECHO ), true ) ) {
			$this->each_escaped( $at + 1, $this->end( $at + 1, array( ';' ) ) );
		} elseif ( T_STRING === $this->tokens[ $at ][0] && in_array( $name, array( 'printf', 'vprintf', 'wp_die' ), true ) && '(' === $this->text( $at + 1 ) ) {
			$to = $this->end( $at + 2, array( ')' ) );
			$this->each_escaped( $at + 2, 'wp_die' === $name ? $this->end( $at + 2, array( ',', ')' ) ) : $to );
			if ( false !== strpos( $this->code( $at, $to ), '<form' ) && ! $this->carries_a_nonce( $at ) ) {
				$this->report( $at, 'a form without a nonce: ' . $name );
			}
		}
	}

	/** Every part of an expression or of a list of arguments: a literal, an escaped value, a number. */
	private function each_escaped( int $from, int $to ): void {
		for ( $i = $from; $i < $to; $i++ ) {
			$kind = $this->tokens[ $i ][0];
			$text = $this->text( $i );
			if ( T_CONSTANT_ENCAPSED_STRING === $kind ) {
				$this->words( $i, substr( $text, 1, -1 ) );
			} elseif ( T_STRING === $kind && '(' === $this->text( $i + 1 ) && in_array( strtolower( $text ), ESCAPES, true ) ) {
				$i = $this->end( $i + 2, array( ')' ) );
			} elseif ( T_INT_CAST === $kind ) {
				$i = $this->end( $i + 1, array( '.', ',', ';', ')', ':' ) ) - 1;
			} elseif ( '?' === $this->condition_end( $i, $to ) ) {
				$i = $this->end( $i, array( '?' ) );
			} elseif ( ! in_array( $kind, array( '.', ',', '(', ')', ':', T_LNUMBER ), true ) ) {
				$this->report( $i, 'printed unescaped: ' . $text . $this->text( $i + 1 ) . ( T_OBJECT_OPERATOR === ( $this->tokens[ $i + 1 ][0] ?? 0 ) ? $this->text( $i + 2 ) : '' ) );
				return;
			}
		}
	}

	/** '?' when what begins here is the condition of a choice, whose value is not printed. */
	private function condition_end( int $from, int $to ): string {
		$end = $this->end( $from, array( '?', '.', ',', ';' ) );
		return $end < $to ? $this->text( $end ) : '';
	}

	private function words( int $at, string $text ): void {
		$plain = trim( (string) preg_replace( array( '/<[^>]*>?/', '/%(?:\d+\$)?[sdF]/', '/\\\\n/' ), ' ', $text ) );
		if ( 1 === preg_match( '/[A-Za-z]{2,}/', $plain ) && ! in_array( $plain, NAMES, true ) && false === strpos( $text, '">' ) ) {
			$this->report( $at, 'not translated: ' . implode( ' ', array_slice( explode( ' ', $plain ), 0, 2 ) ) );
		}
	}

	private function translated( int $at ): void {
		$texts = TRANSLATES[ $this->text( $at ) ] ?? 0;
		if ( 0 === $texts || T_STRING !== $this->tokens[ $at ][0] || '(' !== $this->text( $at + 1 ) || T_FUNCTION === ( $this->tokens[ $at - 1 ][0] ?? 0 ) ) {
			return;
		}
		$end = $this->end( $at + 2, array( ')' ) );
		for ( $i = 0; $i < $texts; $i++ ) {
			if ( T_CONSTANT_ENCAPSED_STRING !== ( $this->tokens[ $at + 2 + 2 * $i ][0] ?? 0 ) || ! in_array( $this->text( $at + 3 + 2 * $i ), array( ',', ')' ), true ) ) {
				$this->report( $at, 'no literal to translate: ' . $this->code( $at, $end + 1 ) );
			}
		}
		// WordPress's own sentence, under its own domain.
		if ( "'" . DOMAIN . "'" !== $this->text( $end - 1 ) && "__('Invalid user ID.')" !== $this->code( $at, $end + 1 ) ) {
			$this->report( $at, 'another text domain: ' . $this->code( $at, $end + 1 ) );
		}
	}

	private function sent( int $at ): void {
		if ( T_VARIABLE !== $this->tokens[ $at ][0] || ! in_array( $this->text( $at ), SENT, true ) || 'isset' === $this->text( $at - 2 ) || 'is_string' === $this->text( $at - 2 ) ) {
			return;
		}
		$read = $this->text( $at - 4 ) . $this->text( $at - 3 ) . $this->text( $at - 2 ) . $this->text( $at - 1 );
		if ( 1 !== preg_match( '/\Asanitize_[a-z_]+\(wp_unslash\(\z/', $read ) ) {
			$this->report( $at, 'taken as it was sent: ' . $this->text( $at ) );
		}
	}

	/** Nothing runs, and nothing that needs WordPress is named, before the line that ends without it. */
	private function asked_directly(): void {
		for ( $i = 0; isset( $this->tokens[ $i ] ); $i++ ) {
			switch ( $this->tokens[ $i ][0] ) {
				case T_DECLARE:
				case T_NAMESPACE:
				case T_USE:
					$i = $this->end( $i, array( ';' ) );
					break;
				case T_IF:
					$block = $this->code( $i, $this->end( $this->end( $i, array( '{' ) ) + 1, array( '}' ) ) );
					if ( 1 === preg_match( '/\Aif\(!defined\(\'(?:ABSPATH|WP_UNINSTALL_PLUGIN)\'\)(?:\|\|[^{]*)?\)\{(?:exit|return);\z/', $block ) ) {
						return;
					}
					$this->report( $i, 'asked directly: if' );
					return;
				case T_FINAL:
				case T_ABSTRACT:
				case T_CLASS:
				case T_INTERFACE:
				case T_TRAIT:
					$open = $this->end( $i, array( '{' ) );
					$head = $this->code( $i, $open );
					foreach ( array( 'extends', 'implements' ) as $word ) {
						if ( false !== strpos( $head, $word ) && 1 !== preg_match( '/extends(?:' . implode( '|', array_map( 'preg_quote', PARENTS ) ) . ')\z/', $head ) ) {
							$this->report( $i, "asked directly: {$head}" );
						}
					}
					$i = $this->end( $open + 1, array( '}' ) );
					break;
				case T_CONST:
					$i = $this->end( $i, array( ';' ) );
					break;
				default:
					$this->report( $i, 'asked directly: ' . $this->text( $i ) );
					return;
			}
		}
	}

	/** In the method around it. */
	private function carries_a_nonce( int $at ): bool {
		for ( $i = $at; $i > 0 && T_FUNCTION !== $this->tokens[ $i ][0]; $i-- ) {
			continue;
		}
		$open = $this->end( $i, array( '{' ) );
		return false !== strpos( $this->code( $open, $this->end( $open + 1, array( '}' ) ) ), 'wp_nonce_field(' );
	}

	/** Index of the first of these that stands at the same depth. */
	private function end( int $at, array $marks ): int {
		$depth = 0;
		for ( $i = $at; isset( $this->tokens[ $i ] ); $i++ ) {
			$text = $this->text( $i );
			$kind = $this->tokens[ $i ][0];
			if ( is_int( $kind ) && ! in_array( $kind, array( T_CURLY_OPEN, T_DOLLAR_OPEN_CURLY_BRACES ), true ) ) {
				continue;
			}
			if ( 0 === $depth && in_array( $text, $marks, true ) ) {
				return $i;
			}
			$depth += in_array( $text, array( '(', '[', '{', '${' ), true ) ? 1 : ( in_array( $text, array( ')', ']', '}' ), true ) ? -1 : 0 );
		}
		return count( $this->tokens ) - 1;
	}

	private function code( int $from, int $to ): string {
		return implode( '', array_column( array_slice( $this->tokens, $from, max( 0, $to - $from ) ), 1 ) );
	}

	private function text( int $at ): string {
		return $this->tokens[ $at ][1] ?? '';
	}

	private function report( int $at, string $what ): void {
		$this->found[] = array( $this->tokens[ $at ][2], $what );
	}
}

$root  = isset( $argv[1] ) ? rtrim( $argv[1], '/' ) : '';
$files = 0;
$bad   = 0;
foreach ( is_dir( $root ) ? new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $root, FilesystemIterator::SKIP_DOTS ) ) : array() as $file ) {
	$below = substr( $file->getPathname(), strlen( $root ) + 1 );
	if ( 'php' !== $file->getExtension() || 0 === strpos( $below, 'tests/' ) ) {
		continue;
	}
	++$files;
	foreach ( ( new Shown( (string) file_get_contents( $file->getPathname() ) ) )->findings() as list( $line, $what ) ) {
		if ( ! isset( LOOKED_AT[ $below . ': ' . $what ] ) ) {
			++$bad;
			echo "{$below}:{$line}: {$what}\n";
		}
	}
}
echo "{$files} files, {$bad} findings\n";
exit( 0 === $bad && $files > 0 ? 0 : 1 );
