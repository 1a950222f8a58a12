"""A connector zip is the same bytes from the same files, and holds what a site needs and nothing else."""

import os
import zipfile
from pathlib import Path

import pytest

from tests.layout.tree import REPOSITORY
from tools import connector_zip


def plugin(at: Path) -> Path:
    for name, text in {
        "presswarden-connector.php": "<?php\n/*\n * Version: 1.2.3\n */\n",
        "src/Core/Jcs.php": "<?php\n",
        "readme.txt": "read",
        "LICENSE": "GPL",
        "tests/JcsTest.php": "<?php\n",
        ".DS_Store": "x",
        "src/.hidden.php": "<?php\n",
        "notes.bak": "x",
    }.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_text(text)
    return at


def test_a_zip_holds_the_plugin_and_nothing_else(tmp_path: Path) -> None:
    made = connector_zip.build(plugin(tmp_path / "connector"), tmp_path / "build")
    assert made.name == "presswarden-connector-1.2.3.zip"
    with zipfile.ZipFile(made) as archive:
        assert archive.namelist() == [
            f"presswarden-connector/{name}" for name in ("LICENSE", "presswarden-connector.php", "readme.txt", "src/Core/Jcs.php")
        ]


def test_the_same_files_make_the_same_bytes_at_another_time_and_under_other_rights(tmp_path: Path) -> None:
    first = connector_zip.build(plugin(tmp_path / "a"), tmp_path / "build-a").read_bytes()
    other = plugin(tmp_path / "b")
    os.utime(other / "readme.txt", (1, 1))
    (other / "readme.txt").chmod(0o600)
    assert connector_zip.build(other, tmp_path / "build-b").read_bytes() == first


def test_a_changed_file_makes_other_bytes(tmp_path: Path) -> None:
    connector = plugin(tmp_path / "connector")
    first = connector_zip.build(connector, tmp_path / "build").read_bytes()
    (connector / "readme.txt").write_text("reat")
    assert connector_zip.build(connector, tmp_path / "build").read_bytes() != first


def test_a_connector_without_a_version_is_refused(tmp_path: Path) -> None:
    connector = plugin(tmp_path / "connector")
    (connector / "presswarden-connector.php").write_text("<?php\n")
    with pytest.raises(ValueError, match="no version"):
        connector_zip.build(connector, tmp_path / "build")


@pytest.mark.skipif(not (REPOSITORY / "connector/presswarden-connector.php").is_file(), reason="the plugin's main file is not there yet")
def test_the_connector_of_this_repository_can_be_built(tmp_path: Path) -> None:
    with zipfile.ZipFile(connector_zip.build(REPOSITORY / "connector", tmp_path)) as archive:
        names = set(archive.namelist())
    assert {"presswarden-connector/autoload.php", "presswarden-connector/LICENSE", "presswarden-connector/src/Core/Verifier.php"} <= names
