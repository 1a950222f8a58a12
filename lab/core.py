"""WordPress trees by version, from the first source that answers: cache, archive, Debian, npm.

A tree is shared and only read: sites copy it, and one that was altered is built again. Its version is read from the code, because Debian's
suites move; "7.1" means the newest 7.1.x that the source has.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import archive, cache, debs, npm, trees
from lab.errors import LabError

VERSIONS = ("7.1", "6.8", "6.5", "6.2")
_BUILDS = "@wp-playground/wordpress-builds@0.9.19"
_CLI = "@wp-playground/cli@3.1.56"
_IN_BUILDS = ("6.2", "6.3", "6.4", "6.5")
_COMMON = ("wordpress", "php-getid3", "libjs-cropper", "libjs-underscore")
_DEBIAN = {
    "6.1": ("bookworm", (*_COMMON, "wordpress-theme-twentytwentythree")),
    "6.8": ("trixie", (*_COMMON, "libjs-lodash", "wordpress-theme-twentytwentyfive")),
    "7.1": (
        "sid",
        (*_COMMON, "libjs-lodash", "libjs-jquery-ui", "libphp-phpmailer", "wordpress-theme-twentytwentyfive"),
    ),
}
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Present in every complete tree; Debian's package links some of these into other packages.
_NEEDED = ("wp-load.php", "wp-admin/includes/upgrade.php", "wp-includes/PHPMailer/PHPMailer.php", "wp-includes/ID3/getid3.php")


@dataclass(frozen=True)
class Core:
    """One WordPress, ready to be copied."""

    path: Path
    version: str


@dataclass(frozen=True)
class Download:
    """What a run will fetch, said before it is fetched."""

    what: str
    source: str
    about_bytes: int
    cached: bool


def version_of(tree: Path) -> str:
    """The version a tree says it is."""
    found = re.search(r"\$wp_version\s*=\s*'([^']+)'", (tree / "wp-includes" / "version.php").read_text())
    if found is None:
        raise LabError(f"{tree} is no WordPress", "wp-includes/version.php names no version", "remove it and try again")
    return found.group(1)


def _name(version: str) -> str:
    return f"core/{version}"


def plan(versions: tuple[str, ...] = ("7.1",)) -> list[Download]:
    """What must be downloaded for these versions, decided without the network."""
    wanted = [Download("SQLite for WordPress 6.4 and newer", f"npm {_CLI}", 400_000, _has(_CLI))]
    for version in versions:
        have = cache.entry(_name(version)) is not None
        if archive.newest(version, archive.listing()) is not None:
            wanted.append(Download(f"WordPress {version}", archive.base_url(), 30_000_000, have))
        elif version in _DEBIAN:
            suite = _DEBIAN[version][0]
            wanted.append(Download(f"WordPress {version}", f"Debian {suite} (package lists and packages)", 36_000_000, have))
        elif version in _IN_BUILDS:
            wanted.append(Download(f"WordPress {version}", f"npm {_BUILDS}", 158_600_000, have or _has(_BUILDS)))
        else:
            raise _unknown(version)
    return list(dict.fromkeys(wanted))


def _has(package: str) -> bool:
    return cache.entry(f"npm/{npm.slug(package)}.tgz") is not None


def _unknown(version: str) -> LabError:
    known = sorted({*VERSIONS, *_DEBIAN, *_IN_BUILDS}, reverse=True)
    return LabError(f"there is no WordPress {version} here", "no source has it", f"choose one of {', '.join(known)}")


def tree(version: str = "7.1", report: cache.Report = cache.silent) -> Core:
    """A complete WordPress of that version; builds it in the cache at first use."""
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?", version):
        raise _unknown(version)
    found = cache.entry(_name(version))
    if found is not None and not trees.intact(found):
        report(f"the cached WordPress {version} was altered; it is built again")
        cache.discard(_name(version))
    found = cache.keep(_name(version), lambda scratch: trees.sealed(_build(version, scratch, report), scratch))
    return Core(found / trees.INSIDE, version_of(found / trees.INSIDE))


def _build(version: str, scratch: Path, report: cache.Report) -> Path:
    sources: list[tuple[str, Callable[[Path], Path]]] = [
        ("release archive", lambda room: archive.fetch(version, room, archive.base_url(), archive.listing()))
    ]
    if version in _DEBIAN:
        sources.append(("Debian", lambda room: _from_debian(version, room)))
    if version in _IN_BUILDS:
        sources.append(("npm", lambda room: _from_npm(version, room)))
    refusals = []
    for number, (source, fetch) in enumerate(sources):
        room = scratch / str(number)
        room.mkdir()
        try:
            built = _accepted(fetch(room), version, source)
        except LabError as refusal:
            refusals.append(f"{source}: {refusal.what}, {refusal.why}")
            continue
        report(f"WordPress {version_of(built)} from {source}")
        return built
    if len(sources) == 1 and archive.newest(version, archive.listing()) is None:
        raise _unknown(version)
    raise LabError(f"no source gave WordPress {version}", "; ".join(refusals), "check the network, then try again")


def _accepted(built: Path, version: str, source: str) -> Path:
    """The tree, complete and of the version that was asked for."""
    missing = [name for name in _NEEDED if not (built / name).is_file()]
    if missing:
        raise LabError(f"{source}'s WordPress is incomplete", f"without {', '.join(missing)}", "use another source")
    got = version_of(built)
    if got != version and not got.startswith(version + "."):
        raise LabError(f"{source} has no WordPress {version}", f"it has {got} now", "use another source")
    (built / "wp-config.php").unlink(missing_ok=True)
    for leftover in ("plugins/sqlite-database-integration", "database"):
        shutil.rmtree(built / "wp-content" / leftover, ignore_errors=True)
    for folder in ("plugins", "themes", "uploads", "upgrade", "mu-plugins", "languages"):
        (built / "wp-content" / folder).mkdir(parents=True, exist_ok=True)
    return built


def _from_debian(version: str, scratch: Path) -> Path:
    suite, packages = _DEBIAN[version]
    files = debs.unpacked(suite, packages, f"debs/wordpress-{suite}")
    source, built = files / "usr/share/wordpress", scratch / "wordpress"
    # wp-config.php is Debian's own; .htaccess and the certificates link out of the package. All other
    # links are relative and stay inside the unpacked folder.
    shutil.copytree(source, built, ignore=shutil.ignore_patterns(".htaccess", "wp-config.php", "ca-bundle.crt"))
    if _CERTIFICATES.is_file():
        shutil.copy(_CERTIFICATES, built / "wp-includes/certificates/ca-bundle.crt")
    silence = files / "var/lib/wordpress/wp-content/index.php"
    if silence.is_file() and not (built / "wp-content/index.php").exists():
        shutil.copy(silence, built / "wp-content/index.php")
    return built


def _from_npm(version: str, scratch: Path) -> Path:
    code, static = f"package/src/wordpress/wp-{version}.zip", f"package/public/wp-{version}"
    npm.extract(npm.packed(_BUILDS), (code, static), scratch)
    built = scratch / "wordpress"
    with zipfile.ZipFile(scratch / code) as box:
        box.extractall(built)
    shutil.copytree(scratch / static, built, dirs_exist_ok=True)
    return built


def sqlite_dropin(core: Core) -> Path:
    """The SQLite plugin that fits: 3.0.2 dies on WordPress before 6.4, 2.1.11 serves those."""
    major, minor = (int(part) for part in core.version.split(".")[:2])
    package = _CLI if (major, minor) >= (6, 4) else _BUILDS

    def make(scratch: Path) -> Path:
        inside = "package/sqlite-database-integration.zip"
        if package == _BUILDS:
            inside = "package/src/sqlite-database-integration/sqlite-database-integration.zip"
        npm.extract(npm.packed(package), (inside,), scratch)
        with zipfile.ZipFile(scratch / inside) as box:
            box.extractall(scratch / "plugin")
        return next(path.parent for path in (scratch / "plugin").rglob("db.copy"))

    return cache.keep("sqlite/new" if package == _CLI else "sqlite/old", make)
