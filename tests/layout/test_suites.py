"""Every suite has its place, and what can't run twice at once stays in one worker."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layout.tree import REPOSITORY
from tools import suites

NO_SUITES = {"fakes", "support", "__pycache__"}


def test_every_folder_of_tests_is_a_known_suite() -> None:
    folders = {path.name for path in (REPOSITORY / "tests").iterdir() if path.is_dir()} - NO_SUITES
    assert folders <= set(suites.SUITES)


@pytest.mark.parametrize(
    ("nodeid", "suite"),
    [
        ("tests/stages/audit/test_add.py::test_a", "stages"),
        ("tests/claims/test_a.py::test_b[x/y]", "claims"),
        ("bench/test_a.py::test_b", "bench"),
    ],
)
def test_a_test_belongs_to_the_suite_of_its_folder(nodeid: str, suite: str) -> None:
    assert suites.suite_of(nodeid) == suite


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/claims/test_a.py::test_b[x]", "attacks"),
        ("tests/stories/test_a.py::test_b", "sites"),
        ("tests/recovery/test_a.py::test_b[postgres]", "recovery"),
        ("tests/contract/test_php_versions.py::test_b[7.4]", "wasm"),
        ("tests/stages/audit/test_a.py::test_b[postgres-1]", "postgres"),
        ("tests/stages/audit/test_a.py::test_b[sqlite-1]", "tests/stages/audit/test_a.py"),
    ],
)
def test_what_can_not_run_twice_at_once_shares_a_worker_and_files_stay_whole(nodeid: str, group: str) -> None:
    assert suites.group_of(nodeid) == group


def test_make_alone_lists_every_target_that_people_call() -> None:
    said = subprocess.run(["make", "-C", str(REPOSITORY)], capture_output=True, text=True, check=True, env=_clean()).stdout
    listed = {line.split()[1] for line in said.splitlines() if line.startswith("  make ")}
    assert {"setup", "demo", "test", "check", "bench", "dev", "help", "fix", "layers", "requirements", "connector", "docs"} <= listed


def test_a_machine_without_the_php_tools_is_told_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "-C", str(REPOSITORY), "php-tools", f"PHP={tmp_path}/php"], capture_output=True, text=True, check=False, env=_clean()
    )
    assert done.returncode != 0
    assert "is not installed. On Debian, as root: apt-get install" in done.stderr


def test_the_fresh_machine_script_is_sound_and_ends_in_make() -> None:
    script = REPOSITORY / ".ci/run"
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("\nmake check test")


def _clean() -> dict[str, str]:
    """Without what an outer make hands to an inner one."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}


def test_a_group_really_stays_in_one_worker(tmp_path: Path) -> None:
    for suite in ("stories", "claims"):
        folder = tmp_path / "tests" / suite
        folder.mkdir(parents=True)
        for name in ("one", "two"):
            (folder / f"test_{suite}_{name}.py").write_text(
                "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_a(n):\n    pass\n"
            )
    environment = {**_clean(), "PYTHONPATH": str(REPOSITORY)}
    words = [
        "-m",
        "pytest",
        "-p",
        "tools.suites",
        "-n",
        "2",
        "--dist",
        "loadscope",
        "--no-loadscope-reorder",
        "-v",
        "-p",
        "no:cacheprovider",
        "tests",
    ]
    told = subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    workers: dict[str, set[str]] = {"stories": set(), "claims": set()}
    for worker, suite in re.findall(r"^\[(gw\d)\].* tests/(\w+)/test_\w+\.py", told, re.M):
        workers[suite].add(worker)
    assert {suite: len(found) for suite, found in workers.items()} == {"stories": 1, "claims": 1}
