"""The release archive against a loopback server of the same layout."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lab import archive, core
from lab.errors import LabError
from lab.packages import zipped
from lab.server import free_port

_RELEASE = zipped(
    {
        "wordpress/wp-load.php": "<?php",
        "wordpress/wp-includes/version.php": "<?php\n$wp_version = '9.4.2';\n",
        "wordpress/wp-admin/includes/upgrade.php": "<?php",
        "wordpress/wp-includes/PHPMailer/PHPMailer.php": "<?php",
        "wordpress/wp-includes/ID3/getid3.php": "<?php",
    }
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "wordpress-9.4.2.zip").write_bytes(_RELEASE)
    (folder / "wordpress-9.4.10.zip").write_bytes(_RELEASE.replace(b"PK", b"QK", 1))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _listing(tmp_path: Path, *releases: tuple[str, bytes]) -> Path:
    path = tmp_path / "releases.sha256"
    path.write_text("# a comment\n" + "".join(f"{hashlib.sha256(b).hexdigest()}  wordpress-{v}.zip\n" for v, b in releases))
    return path


def _use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, base: str, listing: Path) -> None:
    monkeypatch.setenv("PRESSWARDEN_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PRESSWARDEN_WP_ARCHIVE", base)
    monkeypatch.setenv("PRESSWARDEN_WP_RELEASES", str(listing))


def test_a_listed_release_is_fetched_once_and_then_cached(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use(monkeypatch, tmp_path, base, _listing(tmp_path, ("9.4.2", _RELEASE)))
    first = core.tree("9.4")
    assert first.version == "9.4.2"
    monkeypatch.setenv("PRESSWARDEN_WP_ARCHIVE", f"http://127.0.0.1:{free_port()}")
    assert core.tree("9.4") == first


def test_a_release_with_another_hash_is_refused_and_leaves_nothing(base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use(monkeypatch, tmp_path, base, _listing(tmp_path, ("9.4.2", _RELEASE + b"altered")))
    with pytest.raises(LabError, match="was refused, its SHA-256 is"):
        core.tree("9.4")
    assert not (tmp_path / "cache" / "core" / "9.4").exists()


def test_the_newest_listed_release_of_a_branch_is_taken(tmp_path: Path) -> None:
    listing = _listing(tmp_path, ("9.4.2", b"a"), ("9.4.10", b"b"), ("9.40.1", b"c"))
    newest = archive.newest("9.4", listing)
    assert newest is not None
    assert newest.version == "9.4.10"


def test_a_missing_release_file_is_an_error_that_names_its_address(base: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="404"):
        archive.fetch("9.4", tmp_path, base, _listing(tmp_path, ("9.4.3", _RELEASE)))


def test_an_unlisted_release_is_never_fetched(base: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="lists no hash"):
        archive.fetch("9.4", tmp_path, base, _listing(tmp_path))
    assert not (tmp_path / "release.zip").exists()


def test_a_listed_file_that_is_no_zip_is_refused(base: str, tmp_path: Path) -> None:
    broken = _RELEASE[:200]
    Path(tmp_path / "archive" / "wordpress-9.5.zip").write_bytes(broken)
    with pytest.raises(LabError, match="failed"):
        archive.fetch("9.5", tmp_path, base, _listing(tmp_path, ("9.5", broken)))


def test_an_unreachable_archive_is_a_quick_error(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="refused"):
        archive.fetch("9.4", tmp_path, f"http://127.0.0.1:{free_port()}", _listing(tmp_path, ("9.4.2", _RELEASE)))


def test_the_shipped_list_has_only_well_formed_lines() -> None:
    lines = [line for line in archive.listing().read_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        digest, name = line.split()
        assert len(digest) == 64
        assert archive.newest(name.removeprefix("wordpress-").removesuffix(".zip"), archive.listing()) is not None
