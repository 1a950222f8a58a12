"""The connector's files and unit tests on the oldest and the newest PHP, in WebAssembly.

These builds have no sodium extension, so signatures run through WordPress's own sodium_compat: the slow path of a host without sodium is what is
tried here. Only the oldest and newest run the whole suite; the versions between them parse every file and run what needs no signature.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab import core
from lab.errors import LabError
from tests.contract.reading import ROOT, VECTORS

TOOLS = ROOT / "tools" / "php"
pytestmark = [pytest.mark.wasm, pytest.mark.req("P1", "P2")]


@pytest.fixture(scope="module", autouse=True)
def _packages() -> None:
    for program in ("node", "npm", "phpunit"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    if not (TOOLS / "node_modules" / "@php-wasm" / "node").is_dir():
        told = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=TOOLS, capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stderr[-2000:]


@pytest.fixture(scope="module")
def compat() -> Path:
    try:
        found = core.tree("7.1").path / "wp-includes" / "sodium_compat" / "autoload.php"
    except LabError as fault:
        pytest.skip(f"no WordPress tree for sodium_compat: {fault}")
    assert found.is_file()
    return found


def matrix(versions: str, *words: str) -> subprocess.CompletedProcess[str]:
    seen = {name: value for name, value in os.environ.items() if name != "TMPDIR"}  # it has a /tmp of its own, and a /dev
    return subprocess.run(
        ["node", str(TOOLS / "matrix.mjs"), versions, *words], cwd=ROOT, env=seen, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("version", ["7.4", "8.5"])
def test_every_unit_test_passes_on_this_php_without_the_sodium_extension(version: str, compat: Path) -> None:
    told = matrix(version, "--env", f"PRESSWARDEN_SODIUM_COMPAT={compat}")
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]
    # Without the published vectors some tests are skipped; with them, none may be.
    ended = r"^OK \((\d+) tests" if VECTORS.is_dir() else r"^(?:OK \(|Tests: )(\d+)"
    count = re.search(ended, told.stdout, re.MULTILINE)
    assert count is not None, told.stdout[-2000:]
    assert int(count[1]) > 500


def test_the_versions_between_run_all_that_needs_no_signature() -> None:
    told = matrix("8.0,8.1,8.2,8.3,8.4")
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]
    done = [(int(a), int(b)) for a, b in re.findall(r"^Tests: (\d+), .*Skipped: (\d+)\.", told.stdout, re.MULTILINE)]
    assert len(done) == 5
    assert all(tests - skipped > 300 for tests, skipped in done)


def test_every_file_parses_on_every_version() -> None:
    told = matrix("7.4,8.0,8.1,8.2,8.3,8.4,8.5", str(TOOLS / "parse.php"), str(ROOT / "connector"))
    assert told.returncode == 0, told.stdout[-4000:]
    assert len(re.findall(r"files, 0 faults$", told.stdout, re.MULTILINE)) == 7


def test_a_file_of_a_newer_php_is_found_on_the_older_one(on_disk: Path) -> None:
    (on_disk / "new.php").write_text("<?php\nfinal class A {\n\tpublic function __construct( private int $x ) {}\n}\n")
    told = matrix("7.4,8.5", str(TOOLS / "parse.php"), str(on_disk))
    assert told.returncode == 1
    assert "new.php:3:" in told.stdout
    assert re.search(r"^8\.5\.\d+: 1 files, 0 faults$", told.stdout, re.MULTILINE)


def test_a_version_that_is_not_known_is_refused() -> None:
    told = matrix("5.6")
    assert told.returncode == 2
    assert "unknown: 5.6" in told.stderr
