"""Releases of the connector for tests: this tree under other versions, with edits, signed by a key or by nobody.

Limits: the release key is the tests' own; the tool that packs and signs is the product's.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from nacl.signing import SigningKey

from tests.connector.conftest import CONNECTOR
from tools import release
from tools.connector_zip import FOLDER, contents, pack, version

KEY = SigningKey(b"\x07" * 32)
STRANGER = SigningKey(b"\x08" * 32)
NOW = version(CONNECTOR)
MAIN = "presswarden-connector.php"

_stamp = 1_600_000_000


def tree(number: str, edits: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """The connector under that version, with these files instead."""
    files = contents(CONNECTOR)
    for name in (MAIN, "readme.txt"):
        files[name] = files[name].replace(NOW.encode(), number.encode())
    return files | {name: text.encode() for name, text in (edits or {}).items()}


def signed(number: str, edits: Mapping[str, str] | None = None, key: SigningKey = KEY) -> dict[str, bytes]:
    """The files of a release that trusts the tests' key, whoever signed it."""
    return release.signed(tree(number, edits), number, key, () if key is KEY else (release.public_of(KEY),))


def zipped(files: Mapping[str, bytes], room: Path) -> bytes:
    return pack(files, room / "package.zip").read_bytes()


def unpacked(files: Mapping[str, bytes], room: Path) -> Path:
    """As a folder."""
    shutil.rmtree(room, ignore_errors=True)
    with zipfile.ZipFile(pack(files, room / "package.zip")) as archive:
        archive.extractall(room)
    fresh(room / FOLDER)
    return room / FOLDER


def fresh(folder: Path) -> None:
    """PHP's cache tells versions of a file apart by the whole second."""
    global _stamp
    _stamp += 1
    for path in folder.rglob("*.php"):
        os.utime(path, (_stamp, _stamp))
