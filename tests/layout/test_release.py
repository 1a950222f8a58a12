"""A release is the same bytes twice, in another folder and another time zone, and its signature covers every file."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from tests.layout.tree import REPOSITORY
from tools import release
from tools.connector_zip import FOLDER, pack
from tools.release import ReleaseRefused

KEY = SigningKey(b"\x07" * 32)
PUBLIC = release.public_of(KEY)
CONNECTOR = REPOSITORY / "connector"

pytestmark = pytest.mark.req("N14")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release.make(CONNECTOR, tmp_path_factory.mktemp("release"), KEY)


def held(zipped: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(zipped) as archive:
        return {name.removeprefix(FOLDER + "/"): archive.read(name) for name in archive.namelist()}


def test_the_same_tree_in_another_folder_and_time_zone_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "connector"
    shutil.copytree(CONNECTOR, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
    code = (
        "import sys; from pathlib import Path; from nacl.signing import SigningKey; from tools import release;"
        "release.make(Path(sys.argv[1]), Path(sys.argv[2]), SigningKey(b'\\x07' * 32))"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(copy), str(tmp_path / "out")],
        env=os.environ | {"TZ": "Pacific/Auckland", "PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": "7", "LC_ALL": "C"},
        cwd=tmp_path,
        check=True,
    )
    assert (tmp_path / "out" / made.name).read_bytes() == made.read_bytes()


def test_a_release_is_verified_by_its_key_and_by_no_other(made: Path) -> None:
    assert release.verify(made, PUBLIC) == made.stem.removeprefix("presswarden-connector-")
    with pytest.raises(ReleaseRefused, match="not signed by that key"):
        release.verify(made, release.public_of(SigningKey(b"\x08" * 32)))


def test_the_key_is_compiled_in_and_the_tree_itself_knows_none(made: Path) -> None:
    assert f"array( '{PUBLIC}' )".encode() in held(made)[release.KEYS_FILE]
    assert release.NO_KEYS in (CONNECTOR / release.KEYS_FILE).read_text()
    with pytest.raises(ReleaseRefused, match="not from a release"):
        release.signed(held(made), "9.9.9", KEY)


@pytest.mark.parametrize("what", ["changed", "more", "fewer", "another version"])
def test_a_release_whose_files_are_others_is_none(made: Path, tmp_path: Path, what: str) -> None:
    files = held(made)
    if what == "changed":
        files["readme.txt"] += b"."
    elif what == "more":
        files["src/More.php"] = b"<?php\n"
    elif what == "fewer":
        del files["uninstall.php"]
    else:
        files[release.LIST] = files[release.LIST].replace(b'"version":"', b'"version":"9')
    with pytest.raises(ReleaseRefused, match="signed"):
        release.verify(pack(files, tmp_path / "other.zip"), PUBLIC)


def test_a_second_key_is_trusted_for_the_exchange_of_keys_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    more = release.public_of(SigningKey(b"\x09" * 32))
    files = held(release.make(CONNECTOR, tmp_path, KEY, (more,)))
    assert f"array( '{PUBLIC}', '{more}' )".encode() in files[release.KEYS_FILE]
    for wrong in ("' ); phpinfo(); //", "AAAA"):
        with pytest.raises(ReleaseRefused, match="no public key"):
            release.make(CONNECTOR, tmp_path, KEY, (wrong,))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("presswarden-connector.php", "const VERSION = '", "const VERSION = '9", "different versions"),
        ("readme.txt", "Stable tag: ", "Stable tag: 9", "stable tag"),
        ("readme.txt", "== Changelog ==\n\n= ", "== Changelog ==\n\n= 9", "changelog"),
    ],
)
def test_a_tree_that_names_two_versions_is_not_released(tmp_path: Path, file: str, old: str, new: str, says: str) -> None:
    copy = tmp_path / "connector"
    shutil.copytree(CONNECTOR, copy)
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new))
    with pytest.raises(ReleaseRefused, match=says):
        release.make(copy, tmp_path / "out", KEY)


def test_a_key_is_made_for_its_owner_alone_and_never_inside_the_repository(tmp_path: Path) -> None:
    first = release.key_of(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert bytes(release.key_of(tmp_path / "key")) == bytes(first)
    with pytest.raises(ReleaseRefused, match="no place in the repository"):
        release.key_of(REPOSITORY / "key")
    (tmp_path / "broken").write_text("no key\n")
    with pytest.raises(ReleaseRefused, match="no key"):
        release.key_of(tmp_path / "broken")
