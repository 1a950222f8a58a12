"""The ladder that finds a PHP, with real programs on a PATH of the test's own."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from lab import php
from lab.errors import LabError
from lab.php import Rung
from lab.site import Lab
from tests.lab.web import get


def _program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_the_php_on_path_is_taken_first_and_named() -> None:
    said: list[str] = []
    found = php.find_php(said.append)
    assert found.rung is Rung.PATH
    assert said == [f"PHP from PATH: {found.version}"]


def test_a_php_without_an_extension_is_passed_over_and_the_missing_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "php", "echo 8.2.0 zip curl mbstring dom pdo_sqlite")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"has no sodium") as refused:
        php.find_php()
    assert refused.value.do == php.install_line()


def test_without_php_apt_and_node_the_one_line_to_install_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    with pytest.raises(LabError, match="no PHP was found") as refused:
        php.find_php(said.append)
    assert refused.value.do.startswith("apt-get install -y --no-install-recommends php-cli")
    assert [line.split(":")[0] for line in said] == ["PHP is missing", "PHP was not installed", "PHP in WASM is out of reach"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the rung is for root only")
def test_apt_is_asked_for_php_and_a_failure_of_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "asked"
    _program(tmp_path, "apt-get", f'echo "$@" >>{log}; case "$*" in *install*) echo "no such package" >&2; exit 100;; esac')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="no such package"):
        php.find_php()
    asked = log.read_text().splitlines()
    assert asked[0].endswith("update")
    assert "install -y --no-install-recommends php-cli" in asked[1]


def test_a_named_php_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSWARDEN_LAB_PHP", "php-of-another-world")
    with pytest.raises(LabError, match="no php-of-another-world on PATH"):
        php.find_php()


@pytest.mark.wasm
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize("version", ["8.5"])
def test_php_in_wasm_runs_a_site_and_its_command_line(version: str, on_disk: Path) -> None:
    found = php.wasm(version)
    assert (found.rung, found.version.startswith(version + ".")) == (Rung.WASM, True)
    with Lab(on_disk / "lab", php=found) as lab:
        site = lab.site("wasm")
        login = ("admin", site.app_password)
        assert json.loads(get(f"{site.url}/wp-json/wp/v2/users/me", login=login).text)["name"] == "admin"
        assert get(f"{site.url}/wp-includes/css/buttons.min.css").kind.startswith("text/css")
        assert get(f"{site.url}/no-such-page/").status == 404
        assert site.php("echo PHP_VERSION, '/', $argv[1];", "x") == f"{found.version}/x"
        assert {one["status"] for one in site.await_events("request", 2)} == {200, 404}
        with pytest.raises(LabError, match="no fleet"):
            lab.fleet(2)


def test_what_finding_php_will_install_or_download_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert php.foresee() == ""
    monkeypatch.setenv("PRESSWARDEN_LAB_CACHE", str(tmp_path / "cache"))
    _program(tmp_path, "apt-get", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert php.install_line() in php.foresee()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "npm" in php.foresee()
    assert php.install_line() in php.foresee()
    monkeypatch.setenv("PRESSWARDEN_LAB_PHP", "wasm")
    assert "about 110 MB" in php.foresee()
