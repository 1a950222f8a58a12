"""`python -m lab`: sites that stay, and errors with what, why and do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.guard import group_lives
from tests.lab.web import get

_HERE = Path(__file__).parents[2]


def _lab(home: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "lab", *words],
        cwd=_HERE,
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "HOME": str(Path.home()), "PRESSWARDEN_LAB_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.site
def test_a_site_outlives_the_command_and_is_listed_stopped_started_and_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, said, _ = _lab(home, "up", "shop")
    try:
        assert code == 0
        url = said.split()[1]
        assert get(url + "/wp-json/").status == 200
        assert _lab(home, "list")[1].split()[-1] == "up"
        assert _lab(home, "up", "shop")[1] == said
        assert _lab(home, "stop", "shop")[0] == 0
        with pytest.raises(OSError, match="refused"):
            get(url)
        assert _lab(home, "list")[1].split()[-1] == "down"
        assert _lab(home, "up", "shop")[1] == said
        assert get(url + "/wp-json/").status == 200
    finally:
        assert _lab(home, "rm", "shop")[0] == 0
    assert _lab(home, "list") == (0, "", "")
    assert list((home / "sites").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("up", "UPPER"), "only a-z, 0-9 and -"),
        (("up", "x", "--version", "5.0"), "there is no WordPress 5.0"),
        (("stop", "nobody"), "there is no site nobody"),
        (("rm", "../home"), "there is no site ../home"),
        (("core", "1.0"), "there is no WordPress 1.0"),
    ],
)
def test_a_step_that_fails_says_what_why_and_what_to_do(tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    code, said, fault = _lab(tmp_path / "home", *words)
    assert (code, said) == (1, "")
    assert why in fault
    assert "\n  why: " in fault
    assert "\n  do:  " in fault


@pytest.mark.parametrize("words", [(), ("fly",), ("up",), ("up", "a", "--port", "x"), ("up", "a", "--database", "mariadb")])
def test_wrong_usage_has_an_exit_code_of_its_own(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert _lab(tmp_path, *words)[0] == 2


def test_versions_and_their_sources_are_shown(tmp_path: Path) -> None:
    code, said, _ = _lab(tmp_path, "versions")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()] == ["7.1", "6.8", "6.5", "6.2"]


def test_a_group_that_never_was_does_not_live() -> None:
    assert not group_lives(2**22 + 1)
