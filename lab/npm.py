"""Packages from npm, by exact name and version, through this machine's own npm configuration."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from lab import cache
from lab.commands import run
from lab.errors import LabError


def need_npm() -> None:
    """Refuse early and clearly where npm is missing."""
    if shutil.which("npm") is None:
        raise LabError("npm's packages are out of reach", "there is no npm on PATH", "install Node.js 20 or newer")


def slug(package: str) -> str:
    """The file name of a package."""
    return package.lstrip("@").replace("/", "-").replace("@", "-")


def packed(package: str) -> Path:
    """The cached archive of `name@version`."""

    def make(scratch: Path) -> Path:
        need_npm()
        run(
            ["npm", "pack", "--silent", package],
            what=f"downloading {package} failed",
            do="check the network and `npm config list`, then try again",
            cwd=scratch,
        )
        archives = list(scratch.glob("*.tgz"))
        if len(archives) != 1:
            raise LabError(f"downloading {package} failed", "npm wrote no archive", "try again")
        return archives[0]

    return cache.keep(f"npm/{slug(package)}.tgz", make)


def extract(archive: Path, members: tuple[str, ...], into: Path) -> None:
    """Unpack the members that equal or lie below one of the given paths."""
    with tarfile.open(archive) as box:
        wanted = [m for m in box if any(m.name == w or m.name.startswith(w + "/") for w in members)]
        box.extractall(into, members=wanted, filter="data")


def installed(name: str, packages: tuple[str, ...]) -> Path:
    """A cached folder with `node_modules` that holds the packages and what they need."""

    def make(scratch: Path) -> Path:
        need_npm()
        home = scratch / "home"
        home.mkdir()
        (home / "package.json").write_text('{"private": true, "type": "module"}\n')
        run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages],
            what=f"installing {' '.join(packages)} failed",
            do="check the network and `npm config list`, then try again",
            cwd=home,
            seconds=900,
        )
        return home

    return cache.keep(f"npm/{name}", make)
