"""Where downloads and built trees are kept between runs, safely shared by parallel processes.

An entry appears by one rename, so a name that exists is complete. Nothing is ever changed in
place; whoever needs to write takes a copy.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Report = Callable[[str], None]


def silent(_: str) -> None:
    """A report nobody reads."""


def cache_dir() -> Path:
    """$PRESSWARDEN_LAB_CACHE, or a folder in the user's own cache."""
    named = os.environ.get("PRESSWARDEN_LAB_CACHE")
    home = Path(named) if named else Path.home() / ".cache" / "presswarden-lab"
    home.mkdir(parents=True, exist_ok=True)
    return home.resolve()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock of that name; other processes wait."""
    folder = cache_dir() / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / name.replace("/", "_")).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def entry(name: str) -> Path | None:
    """The path of a complete entry, or None."""
    path = cache_dir() / name
    return path if path.exists() else None


def keep(name: str, make: Callable[[Path], Path]) -> Path:
    """The entry of that name; `make(scratch)` builds it once and returns what to keep."""
    found = entry(name)
    if found is not None:
        return found
    with locked(name):
        found = entry(name)
        if found is not None:
            return found
        target = cache_dir() / name
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="building-", dir=cache_dir()))
        try:
            make(scratch).rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return target


def discard(name: str) -> None:
    """Take an entry away, so that the next `keep` builds it again."""
    with locked(name):
        target = cache_dir() / name
        if target.exists():
            grave = Path(tempfile.mkdtemp(prefix="discarded-", dir=cache_dir()))
            target.rename(grave / "entry")
            shutil.rmtree(grave, ignore_errors=True)
