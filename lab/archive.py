"""WordPress's official release archive: `{base}/wordpress-7.1.4.zip`, accepted by hash only.

`releases.sha256` lists the releases this rung may use, one `hash  wordpress-x.y.z.zip` a line;
$PRESSWARDEN_WP_RELEASES names another list, $PRESSWARDEN_WP_ARCHIVE another base. A release that
is not listed is never fetched, and a file with another hash is never unpacked.
"""

from __future__ import annotations

import hashlib
import os
import re
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

_DEFAULT_BASE = "https://wordpress.org"
_CONNECT_SECONDS = 5
_LARGEST = 200_000_000


@dataclass(frozen=True)
class Release:
    """One listed release."""

    version: str
    sha256: str


def base_url() -> str:
    """Where the archive is."""
    return os.environ.get("PRESSWARDEN_WP_ARCHIVE", _DEFAULT_BASE).rstrip("/")


def listing() -> Path:
    """The list of hashes in force."""
    named = os.environ.get("PRESSWARDEN_WP_RELEASES")
    return Path(named) if named else Path(__file__).parent / "releases.sha256"


def newest(version: str, path: Path) -> Release | None:
    """The newest listed release of a branch ("7.1"), or that exact release ("7.1.4")."""
    found = []
    for digest, release in re.findall(r"^([0-9a-f]{64})\s+wordpress-(\d[\d.]*\d)\.zip\s*$", path.read_text(), re.M):
        if release == version or release.startswith(version + "."):
            found.append((tuple(map(int, release.split("."))), Release(release, digest)))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def fetch(version: str, scratch: Path, base: str, path: Path) -> Path:
    """Download, compare, unpack; the tree of the release."""
    release = newest(version, path)
    if release is None:
        raise LabError(
            f"the release archive is not used for WordPress {version}",
            f"{path.name} lists no hash for it",
            "add the hash of a release that you verified, or use another source",
        )
    url = f"{base}/wordpress-{release.version}.zip"
    what = f"fetching {url} failed"
    target = scratch / "release.zip"
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT_SECONDS) as answer, target.open("wb") as out:
            size = 0
            while block := answer.read(1 << 20):
                size += len(block)
                if size > _LARGEST:
                    raise LabError(what, f"more than {_LARGEST} bytes", "check $PRESSWARDEN_WP_ARCHIVE")
                digest.update(block)
                out.write(block)
    except (urllib.error.URLError, OSError, ValueError) as fault:
        raise LabError(what, str(fault), "check the network or $PRESSWARDEN_WP_ARCHIVE") from fault
    if digest.hexdigest() != release.sha256:
        raise LabError(
            f"{url} was refused",
            f"its SHA-256 is {digest.hexdigest()}, {path.name} says {release.sha256}",
            "do not use this archive; find out who changed it",
        )
    try:
        with zipfile.ZipFile(target) as box:
            box.extractall(scratch / "release")
    except zipfile.BadZipFile as fault:
        raise LabError(what, str(fault), "replace the archive and its hash") from fault
    tree = scratch / "release" / "wordpress"
    if not tree.is_dir():
        raise LabError(f"{url} was refused", "it holds no folder wordpress/", "replace the archive and its hash")
    return tree
