"""The connector makes no dangerous call, and the check that says so notices each kind of them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.reading import ROOT

SEEDS = {
    "eval": ("eval( $x );", "code from text: eval"),
    "assert": ("assert( $x );", "code from text: assert"),
    "create_function": ("create_function( '', $x );", "code from text: create_function"),
    "call_user_func": ("call_user_func( $x );", "code from text: call_user_func"),
    "extract": ("extract( $x );", "code from text: extract"),
    "the modifier e": ("preg_replace( '/a/e', 'b', $x );", "preg_replace with the modifier e"),
    "exec": ("exec( $x );", "shell: exec"),
    "a qualified exec": ("\\exec( $x );", "shell: exec"),
    "exec in capitals": ("EXEC( $x );", "shell: exec"),
    "exec with white space and a comment": ("exec /* x */ ( $x );", "shell: exec"),
    "exec by its name": ("array_map( 'exec', array( $x ) );", "shell by name: 'exec'"),
    "shell_exec": ("shell_exec( $x );", "shell: shell_exec"),
    "system": ("system( $x );", "shell: system"),
    "passthru": ("passthru( $x );", "shell: passthru"),
    "proc_open": ("proc_open( $x, array(), $y );", "shell: proc_open"),
    "popen": ("popen( $x, 'r' );", "shell: popen"),
    "pcntl_exec": ("pcntl_exec( $x );", "shell: pcntl_exec"),
    "backticks": ("$y = `ls`;", "shell: backtick"),
    "unserialize": ("unserialize( $x );", "objects from text: unserialize"),
    "maybe_unserialize": ("maybe_unserialize( $x );", "objects from text: maybe_unserialize"),
    "an include from a variable": ("include $x;", "variable include: $x"),
    "a require below a variable": ("require_once ABSPATH . $x;", "variable include: ABSPATH.$x"),
    "a require from a call": ("require( dirname( __DIR__ ) . '/a.php' );", "variable include"),
    "a download": ("download_url( $x );", "files from outside: download_url"),
    "a variable function": ("$x( 1 );", "variable call: $x("),
    "a variable method": ("$this->$x( 1 );", "variable call: ->$x("),
    "a method from an expression": ("$this->{$x}( 1 );", "variable call"),
    "a variable static method": ("self::$x( 1 );", "variable call: ::$x("),
    "a variable class": ("new $x();", "variable call: new $x"),
    "a function from an array": ("$x['a']( 1 );", "variable call"),
    "a function from a call": ("get_option( 'x' )( 1 );", "variable call"),
    "a variable variable": ("$$x = 1;", "variable variable: $$x"),
    "SQL from a variable": ("$wpdb->query( $x );", "raw SQL: $x"),
    "SQL with a value in it": ('$wpdb->get_var( "SELECT {$x}" );', "raw SQL: $x"),
    "SQL with a value beside it": ("$wpdb->get_results( 'SELECT ' . $x );", "raw SQL: $x"),
    "SQL with a simple variable in it": ('$wpdb->get_row( "SELECT $x" );', "raw SQL: $x"),
    "prepared SQL from a variable": ("$wpdb->query( $wpdb->prepare( $x, 1 ) );", "raw SQL: $x"),
    "SQL from a call": ("$wpdb->query( sprintf( 'SELECT %s', $x ) );", "raw SQL: sprintf"),
    "a table name that is also set from outside": (
        "$t = $wpdb->prefix . 'a'; $t = $x; $wpdb->query( \"SELECT * FROM {$t}\" );",
        "raw SQL: $t",
    ),
    "the database under another name": ("$db = $wpdb; $db->query( 'SELECT 1' );", "raw SQL: another name for the database: $db"),
    "a file written": ("file_put_contents( $x, $y );", "file write: file_put_contents"),
    "a file opened for writing": ("fopen( $x, 'w' );", "file write: fopen"),
    "a file opened in a mode from outside": ("fopen( $x, $y );", "file write: fopen"),
    "a file deleted": ("unlink( $x );", "file write: unlink"),
    "a file moved": ("rename( $x, $y );", "file write: rename"),
}
HARMLESS = {
    "words in comments and strings": "// eval( $x ); exec( 1 );\n$y = 'exec( $x ); include $y';",
    "methods of that name": "$z->exec( $x ); self::system( $x );",
    "SQL that is written out": "$wpdb->query( 'SELECT 1' ); $wpdb->get_var( $wpdb->prepare( \"SELECT a FROM {$wpdb->options} WHERE b = %s\", $x ) );",
    "a table of our own": "$t = $wpdb->prefix . 'presswarden_calls'; $wpdb->get_row( \"SELECT * FROM {$t} LIMIT 1\" );",
    "a file read": "fopen( $x, 'rb' ); file_get_contents( $x );",
    "a constant path": "require_once ABSPATH . 'wp-admin/includes/file.php'; require __DIR__ . '/a.php';",
    "a closure's parameter": "$g = static function ( \\Closure $f ) { return $f( 1 ); };",
    "a property named at run time": "$z->$x = 1;",
}


def scan(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["php", "tools/php/forbidden.php", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)


def seeded(tmp_path: Path, code: str) -> Path:
    """A copy of one clean file of the connector, and one more with the code in a method."""
    (tmp_path / "src").mkdir()
    shutil.copy(ROOT / "connector" / "src" / "Core" / "Jcs.php", tmp_path / "src" / "Jcs.php")
    method = f"\tpublic function seeded( $x, $y, $z ) {{\n\t\tglobal $wpdb;\n\t\t{code}\n\t}}\n"
    text = f"<?php\nnamespace Presswarden\\Connector\\Site;\nfinal class Seeded {{\n{method}}}\n"
    (tmp_path / "src" / "Seeded.php").write_text(text)
    return tmp_path


@pytest.fixture(autouse=True)
def _php() -> None:
    if shutil.which("php") is None:
        pytest.skip("PHP is not on this machine")


@pytest.mark.req("W10")
def test_the_connector_makes_no_dangerous_call() -> None:
    told = scan(ROOT / "connector")
    assert told.returncode == 0, told.stdout
    assert int(told.stdout.split()[0]) > 20


@pytest.mark.parametrize("name", SEEDS)
def test_a_seeded_call_is_found(name: str, tmp_path: Path) -> None:
    code, finding = SEEDS[name]
    told = scan(seeded(tmp_path, code))
    assert told.returncode == 1
    assert "src/Seeded.php:6" in told.stdout
    assert finding in told.stdout


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_dangerous_passes(name: str, tmp_path: Path) -> None:
    told = scan(seeded(tmp_path, HARMLESS[name]))
    assert told.returncode == 0, told.stdout


def test_what_is_allowed_in_one_class_is_found_in_another(tmp_path: Path) -> None:
    (tmp_path / "src" / "Site").mkdir(parents=True)
    text = "<?php\nfunction f( $x ) {\n\tunlink( $x );\n}\n"
    (tmp_path / "src" / "Site" / "Storage.php").write_text(text)
    (tmp_path / "src" / "Site" / "Facts.php").write_text(text)
    assert scan(tmp_path).stdout.splitlines()[0] == "src/Site/Facts.php:3: file write: unlink"


def test_an_empty_folder_is_not_called_clean(tmp_path: Path) -> None:
    assert scan(tmp_path).returncode == 1
    assert scan(tmp_path / "absent").returncode == 2
