"""What the connector shows is escaped and translatable, forms carry nonces, no file acts when asked directly; and the check that says so sees each."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.reading import ROOT

GUARD = "if ( ! defined( 'ABSPATH' ) ) {\n\texit;\n}\n"
SEEDS = {
    "a value as it is": ("echo $x;", "printed unescaped: $x"),
    "a value between literals": ("echo '<p>' . $x . '</p>';", "printed unescaped: $x"),
    "a value in printf": ("printf( '<p>%s</p>', $x );", "printed unescaped: $x"),
    "one of two values": ("printf( '<p>%s %s</p>', esc_html( $x ), $y );", "printed unescaped: $y"),
    "a value chosen": ("echo $x ? $y : '';", "printed unescaped: $y"),
    "a translation that is not escaped": ("echo __( 'Words', 'presswarden-connector' );", "printed unescaped: __("),
    "a format from outside": ("printf( $x, 1 );", "printed unescaped: $x"),
    "what ends the page": ("wp_die( $x );", "printed unescaped: $x"),
    "words without a translation": ("echo '<p>Some words</p>';", "not translated: Some words"),
    "words in a format": ("printf( '<p>Some words %s</p>', esc_html( $x ) );", "not translated: Some words"),
    "outside of PHP": ("?><p>Some</p><?php", "outside of PHP: <p>Some</p>"),
    "a text that no translator finds": ("echo esc_html__( $x, 'presswarden-connector' );", "no literal to translate"),
    "a text made of two": ("echo esc_html__( 'a' . $x, 'presswarden-connector' );", "no literal to translate"),
    "another text domain": ("echo esc_html__( 'Words', 'default' );", "another text domain"),
    "no text domain": ("echo esc_html__( 'Words' );", "another text domain"),
    "a form without a nonce": ("echo 1; printf( '<form method=\"post\">%s', esc_html( $x ) );", "a form without a nonce"),
    "what was sent": ("$y = $_POST['a'];", "taken as it was sent: $_POST"),
    "what was sent, with its slashes": ("$y = sanitize_text_field( $_GET['a'] );", "taken as it was sent: $_GET"),
    "what was sent, not sanitised": ("$y = wp_unslash( $_REQUEST['a'] );", "taken as it was sent: $_REQUEST"),
}
HARMLESS = {
    "escaped": "echo '<p>' . esc_html( $x ) . '</p>'; printf( '<a href=\"%s\">%d</a>', esc_url( $x ), (int) $y );",
    "translated": "printf( '<h2>%s</h2>', esc_html__( 'Words', 'presswarden-connector' ) );",
    "a choice of literals": "echo $x ? '</details>' : '';",
    "a form with a nonce": "printf( '<form action=\"%s\">', esc_url( $x ) ); wp_nonce_field( 'a', 'b' );",
    "what was sent, taken with care": "$y = isset( $_POST['a'] ) ? sanitize_text_field( wp_unslash( $_POST['a'] ) ) : '';",
    "text that is not printed": "$y = sprintf( 'Some words %s', $x );",
}
DIRECT = {
    "a file that runs": "<?php\nadd_action( 'init', 'x' );\n",
    "a class of WordPress's": "<?php\nnamespace A;\nfinal class B extends \\WP_Upgrader {}\n",
    "a class of ours": "<?php\nnamespace A;\nuse A\\C;\nfinal class B implements C {}\n",
    "a guard that comes late": "<?php\n$x = 1;\n" + GUARD,
    "a guard that does not end": "<?php\nif ( ! defined( 'ABSPATH' ) ) {\n\t$x = 1;\n}\n",
    "a guard of another name": "<?php\nif ( ! defined( 'WP_DEBUG' ) ) {\n\texit;\n}\n",
    "a page": "<?php\n?>\n<p>x</p>\n",
}


def look(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["php", "tools/php/shown.php", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False)


def seeded(tmp_path: Path, code: str) -> Path:
    text = f"<?php\nnamespace Presswarden\\Connector\\Admin;\n{GUARD}final class Seeded {{\n\tpublic function seeded( $x, $y ) {{\n\t\t{code}\n\t}}\n}}\n"
    (tmp_path / "Seeded.php").write_text(text)
    return tmp_path


@pytest.fixture(autouse=True)
def _php() -> None:
    if shutil.which("php") is None:
        pytest.skip("PHP is not on this machine")


def test_the_connector_shows_nothing_raw() -> None:
    told = look(ROOT / "connector")
    assert told.returncode == 0, told.stdout
    assert int(told.stdout.split()[0]) > 100


@pytest.mark.parametrize("name", SEEDS)
def test_what_is_shown_or_taken_raw_is_found(name: str, tmp_path: Path) -> None:
    code, finding = SEEDS[name]
    told = look(seeded(tmp_path, code))
    assert told.returncode == 1
    assert f"Seeded.php:8: {finding}" in told.stdout, told.stdout


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_escaped_and_translated_passes(name: str, tmp_path: Path) -> None:
    told = look(seeded(tmp_path, HARMLESS[name]))
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("name", DIRECT)
def test_a_file_that_does_something_when_it_is_asked_for_is_found(name: str, tmp_path: Path) -> None:
    (tmp_path / "Seeded.php").write_text(DIRECT[name])
    told = look(tmp_path)
    assert told.returncode == 1
    assert "asked directly" in told.stdout


def test_an_empty_folder_is_not_called_clean(tmp_path: Path) -> None:
    assert look(tmp_path).returncode == 1


def test_the_texts_for_translators_are_those_of_the_sources(tmp_path: Path) -> None:
    assert subprocess.run(["php", "tools/php/pot.php", "--check"], cwd=ROOT, check=False).returncode == 0
    copy = tmp_path / "repository"
    for part in ("connector", "tools/php/pot.php"):
        (copy / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, copy / part)
    page = copy / "connector/src/Admin/Page.php"
    page.write_text(page.read_text().replace("'Presswarden needs your decision.'", "'Presswarden waits for you.'"))
    told = subprocess.run(["php", "tools/php/pot.php", "--check"], cwd=copy, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "stale" in told.stderr
    assert subprocess.run(["php", "tools/php/pot.php"], cwd=copy, check=True, capture_output=True).returncode == 0
    assert 'msgid "Presswarden waits for you."' in (copy / "connector/languages/presswarden-connector.pot").read_text()
