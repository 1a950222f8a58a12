"""Copies of a WordPress tree that cost little, and a check that the original stayed as it was.

Code and wp-content are copied. The scripts, styles and images of wp-admin and wp-includes, four
fifths of the bytes, are hard links, which a core update would write through into the original. So
a must-use plugin of the lab unlinks them before a core update, and the original carries a seal
(size and time of every file), by which any other writing is noticed and the tree built again.
"""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

INSIDE = "wordpress"
_SEAL = "seal"
_STATIC = frozenset({".js", ".css", ".map", ".png", ".gif", ".jpg", ".svg", ".woff", ".woff2", ".ttf", ".eot", ".scss"})
_LINKED = ("wp-admin", "wp-includes")


def _facts(tree: Path) -> str:
    """One line a file: its size, its time, its name."""
    lines = []
    for path in tree.rglob("*"):
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            lines.append(f"{found.st_size} {found.st_mtime_ns} {path.relative_to(tree)}")
    return "\n".join(sorted(lines))


def sealed(built: Path, scratch: Path) -> Path:
    """The folder to keep: the tree, and beside it what it looked like when it was made."""
    whole = scratch / "sealed"
    whole.mkdir()
    built.rename(whole / INSIDE)
    (whole / _SEAL).write_text(_facts(whole / INSIDE))
    return whole


def intact(whole: Path) -> bool:
    """Whether every file still is as it was when the tree was made."""
    seal = whole / _SEAL
    return seal.is_file() and seal.read_text() == _facts(whole / INSIDE)


def copy(tree: Path, target: Path) -> None:
    """A copy in which a site may change any file by itself."""
    target.mkdir(parents=True)
    for source in sorted(tree.rglob("*")):
        inside = source.relative_to(tree)
        if source.is_dir():
            (target / inside).mkdir()
        elif not (inside.parts[0] in _LINKED and inside.suffix in _STATIC and _link(source, target / inside)):
            shutil.copy2(source, target / inside)


def _link(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError:  # the cache is on another disk
        return False
    return True
