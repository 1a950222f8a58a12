"""Debian packages of another suite, through whatever source this machine has configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import debs
from lab.errors import LabError

pytestmark = pytest.mark.skipif(
    "ID=debian" not in Path("/etc/os-release").read_text().splitlines(), reason="Debian's packages are for Debian"
)


def test_a_modern_source_keeps_all_but_the_suite(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    host = debs.host_suite()
    (tmp_path / "sources.list.d" / "some.sources").write_text(
        f"Types: deb\nURIs: http://mirror.example.test/security\nSuites: {host}-security\nComponents: main\n\n"
        f"Types: deb\nURIs: http://mirror.example.test/debian\nSuites: {host} {host}-updates\nComponents: main\nSigned-By: /key.gpg\n"
    )
    assert debs.suite_source("sid", tmp_path) == (
        "Types: deb\nURIs: http://mirror.example.test/debian\nSuites: sid\nComponents: main\nSigned-By: /key.gpg\n"
    )


def test_an_old_one_line_source_is_understood(tmp_path: Path) -> None:
    host = debs.host_suite()
    (tmp_path / "sources.list").write_text(
        f"# deb http://commented.example.test/ {host} main\n"
        f"deb http://mirror.example.test/extra {host} contrib\n"
        f"deb [arch=amd64] http://mirror.example.test/debian {host} main contrib\n"
    )
    assert debs.suite_source("trixie", tmp_path) == (
        "Types: deb\nURIs: http://mirror.example.test/debian\nSuites: trixie\nComponents: main\n"
    )


def test_a_machine_without_a_source_says_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="with component main is configured"):
        debs.suite_source("sid", tmp_path)
