"""Installations that are not there, not whole or not alone; commands that do not exist; and an export that somebody edited."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.demo.control import Control
from tests.transcripts.transcript import Transcript

pytestmark = pytest.mark.req("N8", "N9")


@pytest.fixture
def served(control: Control, tmp_path: Path) -> Callable[[], dict[str, str]]:
    """Copies the installation, keys and database, to a home folder of the test's own; the environment to use it with."""

    def copy() -> dict[str, str]:
        shutil.copytree(control.home, tmp_path / "home", ignore=shutil.ignore_patterns("wake", "serve.log"))
        return {"PRESSWARDEN_HOME": str(tmp_path / "home")}

    return copy


@pytest.fixture(autouse=True)
def _room(transcript: Transcript, tmp_path: Path) -> None:
    transcript.hidden[str(tmp_path / "home")] = "<home>"
    transcript.hidden[str(tmp_path)] = "<folder>"


def test_a_home_folder_without_an_installation(transcript: Transcript, tmp_path: Path) -> None:
    nothing = {"PRESSWARDEN_HOME": str(tmp_path / "home")}
    assert transcript.presswarden("site", "list", environment=nothing).code == 7
    assert transcript.presswarden("dispatcher", environment=nothing).code == 7
    assert not (tmp_path / "home").exists()


@pytest.mark.req("W20")
def test_a_missing_key(transcript: Transcript, served: Callable[[], dict[str, str]], tmp_path: Path) -> None:
    whole = served()
    key = tmp_path / "home" / "keys" / "dispatcher.kek"
    key.rename(tmp_path / "elsewhere")
    assert transcript.presswarden("serve", environment=whole).code == 7
    assert not key.exists()
    transcript.remark("What is known can still be looked at.")
    assert transcript.presswarden("incident", "list", "--site", "nowhere", environment=whole).code == 1
    transcript.remark("A key that others may read, and one that holds something else.")
    shutil.copy(tmp_path / "elsewhere", key)
    key.chmod(0o644)
    assert transcript.presswarden("serve", environment=whole).code == 7
    key.write_text("not a key")
    key.chmod(0o600)
    assert transcript.presswarden("serve", environment=whole).code == 7


def test_a_database_that_is_gone(transcript: Transcript, served: Callable[[], dict[str, str]], tmp_path: Path) -> None:
    whole = served()
    for file in (tmp_path / "home").glob("presswarden.sqlite*"):
        file.unlink()
    assert transcript.presswarden("site", "list", environment=whole).code == 7
    assert transcript.presswarden("serve", environment=whole).code == 7
    assert not (tmp_path / "home" / "presswarden.sqlite").exists(), "an empty database in the place of the lost one"
    transcript.remark("A database that is no database.")
    (tmp_path / "home" / "presswarden.sqlite").write_bytes(b"this is no database, and long enough to be looked at " * 40)
    assert transcript.presswarden("site", "list", environment=whole).code == 7
    transcript.remark("A database server that does not answer.")
    away = {**whole, "PRESSWARDEN_DATABASE": "postgresql://presswarden:a-secret-word@127.0.0.1:1/presswarden"}
    ran = transcript.presswarden("site", "list", environment=away)
    assert (ran.code, "a-secret-word" in ran.stderr) == (7, False)


def test_a_port_that_is_taken(transcript: Transcript, served: Callable[[], dict[str, str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {**served(), "PRESSWARDEN_LISTEN": f"127.0.0.1:{taken.getsockname()[1]}"}
        assert transcript.presswarden("serve", environment=environment).code == 1


def test_settings_that_are_wrong(transcript: Transcript, served: Callable[[], dict[str, str]]) -> None:
    whole = served()
    for name, value in (("LISTEN", "everywhere"), ("DATABASE", "mysql://x"), ("SITE_NETWORKS", "10.0.0.0/99"), ("RETENTION_DAYS", "3650")):
        ran = transcript.presswarden(
            "serve", environment={**whole, f"PRESSWARDEN_{name}": value}, typed=f"PRESSWARDEN_{name}={value} presswarden serve"
        )
        assert ran.code == 7


def test_commands_that_do_not_exist(transcript: Transcript) -> None:
    for words in (("site", "shw", "shop"), ("site", "show"), ("site", "list", "--colour"), ("audit", "list", "--limit", "0")):
        assert transcript.presswarden(*words).code == 2
    assert transcript.presswarden("--json", "site", "delete").code == 2


def test_an_export_that_was_edited(transcript: Transcript, control: Control, tmp_path: Path) -> None:
    export, kept = tmp_path / "export", tmp_path / "kept"
    control.run("site", "pair", "audited", "--no-wait")
    control.run("audit", "verify")
    control.run("audit", "export", str(export))
    kept.mkdir()
    shutil.copy(export / "log.vkey", kept)
    bundle = next(path for path in sorted((export / "tile" / "entries").rglob("*")) if path.is_file())
    content = bytearray(bundle.read_bytes())
    content[10] ^= 1  # in the first entry
    bundle.write_bytes(bytes(content))
    ran = transcript.presswarden("audit", "verify-export", str(export), "--key", str(kept / "log.vkey"))
    assert (ran.code, "WRONG" in ran.stdout) == (6, True)
    transcript.remark("Another log's key, and a folder that holds no export.")
    transcript.presswarden("audit", "verify-export", str(kept), "--key", str(kept / "log.vkey"))
    assert transcript.presswarden("audit", "verify-export", str(tmp_path / "nowhere")).code == 2
    assert transcript.presswarden("audit", "export", str(export)).code == 2
