"""Violations of the rules for single files and for the connector; see `seeds.py`."""

from tests.layout.seeds import SRC, one

CORE = "connector/src/Core/Seeded.php"
PHP = "<?php\ndeclare( strict_types=1 );\n\nnamespace Presswarden\\Connector\\Core;\n\n"

FILES = [
    one("Every folder of the product is a package", "src/presswarden/sites/deep/seeded.py", "", "src/presswarden/sites/deep"),
    one("A package holds one docstring and nothing else", SRC + "kernel/__init__.py", "from presswarden.kernel import ids"),
    one("A module opens with a docstring", "tools/seeded.py", "SEEDED = 1"),
    one("A file has at most 300 lines", "lab/seeded.py", "\n".join(f"S{n} = {n}" for n in range(301))),
    one("Nothing is left unfinished", "tools/seeded.py", "# TO" + "DO later"),
    one("No empty words", "tests/stages/utils.py", ""),
    one("No empty words", SRC + "sites/seeded.py", "class ActionManager: ..."),
    one("No empty words", SRC + "sites/seeded.py", "def process(action: object) -> None: ..."),
    one("An exception to a check names its code and its reason", SRC + "sites/seeded.py", "x: int = ''  # type: " + "ignore"),
    one("An exception to a check names its code and its reason", SRC + "sites/seeded.py", "x: int = ''  # type: " + "ignore[assignment]"),
    one("An exception to a check names its code and its reason", "connector/src/Seeded.php", "<?php // phpcs:" + "ignore Squiz.PHP.Eval"),
    one("No trace of one machine", "docs/seeded.md", "See /wo" + "rk/main."),
    one("No file names a package host", "tools/seeded.py", "URL = 'https://py" + "pi.org/simple'"),
    one("A test name is a sentence", "tests/stages/test_seeded.py", "def test_replay(): ..."),
    one("Tests do not patch our own code", "tests/stages/test_seeded.py", "from unittest import mock"),
    one("Tests do not patch our own code", "tests/stages/test_seeded.py", "def test_a(monkeypatch):\n    monkeypatch.setattr('presswarden.kernel.clock', 1)"),
    one("Decisions have four parts, a number and a line in the index", "docs/decisions/9999-seeded.md", "# 9999 Seeded", "9999-seeded.md"),
]  # fmt: skip

CONNECTOR = [
    one("PHP files declare strict types and the namespace of their folder", CORE, "<?php\nnamespace Presswarden\\Connector\\Core;\n\nfinal class Seeded {}"),
    one("PHP files declare strict types and the namespace of their folder", CORE, PHP.replace("\\Core;", ";") + "final class Seeded {}"),
    one("A PHP file holds one final class", CORE, PHP + "class Seeded {}"),
    one("A PHP file holds one final class", CORE, PHP + "final class Seeded {}\nfinal class Other {}"),
    one("A PHP file holds one final class", CORE, PHP + "trait Seeded {}"),
    one("Only Plugin.php hooks into WordPress", "connector/src/Site/Seeded.php", "<?php\n\\add_action( 'init', 'seeded' );"),
    one("The connector's core calls nothing of WordPress", CORE, PHP + "function a() {\n\treturn get_option( 'a' );\n}"),
    one("No route is open to everyone", "connector/src/Rest/Seeded.php", "<?php\n$route = array( 'permission_callback' => '__return_true' );"),
]  # fmt: skip
