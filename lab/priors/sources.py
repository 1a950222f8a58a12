"""Third-party components in several real versions: what WordPress releases bring along, and a database plugin by its own releases.

Folders of the cache, only read. Debian's suites move, so each version is read from the code; a list is ordered by it. Limits: what these sources hold.
"""

from __future__ import annotations

import functools
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import cache, core, debs, npm
from lab.errors import LabError
from presswarden.policy import versions

_BUILDS = "@wp-playground/wordpress-builds@0.9.19"
_THEMES = ("twentytwentythree", "twentytwentyfour", "twentytwentyfive")
_BY_SUITE = {"bookworm": ("three",), "trixie": ("three", "four"), "sid": ("three", "four")}
_SQLITE = "sqlite-database-integration"
_SQLITE_IN = ("3.0.46", "3.1.12", "3.1.20", "3.1.52", "3.1.56")
"""Releases of a package that each bring another release of the plugin."""


@dataclass(frozen=True)
class Real:
    """One version of one component."""

    kind: str
    slug: str
    version: str
    requires: str
    """The oldest WordPress it says it runs on."""
    folder: Path

    @property
    def component(self) -> str:
        """Its name as the product writes it."""
        return f"theme:{self.slug}" if self.kind == "theme" else f"plugin:{self.slug}/{main_file(self.slug)}"


def main_file(slug: str) -> str:
    """The file that carries a plugin's header."""
    return "load.php" if slug == _SQLITE else f"{slug}.php"


def real(kind: str, folder: Path, slug: str) -> Real:
    """The component in that folder, by what its own header says."""
    header = folder / ("style.css" if kind == "theme" else main_file(slug))
    text = header.read_text(errors="replace")[:8192]
    version = _field(text, "Version")
    if not version:
        raise LabError(f"{folder} is no {kind}", f"{header.name} names no version", "take it out of the cache and try again")
    readme = folder / "readme.txt"
    said = _field(text, "Requires at least") or _field(
        readme.read_text(errors="replace")[:2048] if readme.is_file() else "", "Requires at least"
    )
    return Real(kind, slug, version, said or "0", folder)


def components(report: cache.Report = cache.silent) -> list[list[Real]]:
    """Each component's versions, oldest first."""
    found: dict[str, dict[str, Real]] = {}
    for one in (*_brought(report), *_databases(report)):
        found.setdefault(one.slug, {}).setdefault(one.version, one)
    return [sorted(of.values(), key=functools.cmp_to_key(_order)) for _, of in sorted(found.items())]


def _order(one: Real, other: Real) -> int:
    return versions.compare(one.version, other.version)


def _field(text: str, name: str) -> str:
    said = re.search(rf"^[\s*]*{name}:\s*(\S+)", text, re.M | re.I)
    return said[1] if said else ""


def _brought(report: cache.Report) -> Iterator[Real]:
    """What comes with WordPress: akismet and the default themes."""
    contents = [core.tree(version, report).path / "wp-content" for version in core.VERSIONS]
    contents += [_from_build(name, report) for name in ("6.3", "6.4")]
    contents += [_from_suite(suite, report) for suite in _BY_SUITE]
    for content in contents:
        for slug in _THEMES:
            if any(
                (content / "themes" / slug).rglob("*.php")
            ):  # npm's builds hold the code of one theme each, of the others only pictures and styles
                yield real("theme", content / "themes" / slug, slug)
        if (content / "plugins" / "akismet" / "akismet.php").is_file():
            yield real("plugin", content / "plugins" / "akismet", "akismet")


def _from_suite(suite: str, report: cache.Report) -> Path:
    packages = ("wordpress", *(f"wordpress-theme-twentytwenty{number}" for number in _BY_SUITE[suite]))
    name = f"components/debian-{suite}"
    if cache.entry(name) is None:
        report(f"akismet and themes of Debian {suite}")
    return debs.unpacked(suite, packages, name) / "usr/share/wordpress/wp-content"


def _from_build(name: str, report: cache.Report) -> Path:
    def make(scratch: Path) -> Path:
        report(f"themes of the {name} build from npm")
        code, static = f"package/src/wordpress/wp-{name}.zip", f"package/public/wp-{name}/wp-content/themes"
        npm.extract(npm.packed(_BUILDS), (code, static), scratch)
        with zipfile.ZipFile(scratch / code) as box:
            box.extractall(scratch / "code", [member for member in box.namelist() if "wp-content/themes/" in member])
        content = next((scratch / "code").rglob("wp-content"))
        shutil.copytree(scratch / static, content / "themes", dirs_exist_ok=True)
        return content

    return cache.keep(f"components/build-{name}", make)


def _databases(report: cache.Report) -> Iterator[Real]:
    yield real("plugin", core.sqlite_dropin(core.tree("6.2", report)), _SQLITE)
    for release in _SQLITE_IN:
        yield real("plugin", cache.keep(f"components/sqlite-{release}", functools.partial(_database, release)), _SQLITE)


def _database(release: str, scratch: Path) -> Path:
    npm.extract(npm.packed(f"@wp-playground/cli@{release}"), ("package",), scratch)
    zips = sorted(scratch.glob(f"package/{_SQLITE}*.zip"))
    if len(zips) != 1:
        raise LabError(f"release {release} brings no database plugin", f"it holds {len(zips)} zips of that name", "choose another release")
    with zipfile.ZipFile(zips[0]) as box:
        box.extractall(scratch / "plugin")
    return next(path.parent for path in (scratch / "plugin").rglob("db.copy"))
