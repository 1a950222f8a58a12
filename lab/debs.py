"""Debian packages of any suite, unpacked privately: nothing is installed and no root is needed.

Uses the sources this machine is configured with, only the suite's name is replaced. Works on
Debian; elsewhere `suite_source` says so and the next source is tried.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from lab import cache
from lab.commands import run
from lab.errors import LabError

_SOURCES = Path("/etc/apt")
_RELEASE = Path("/etc/os-release")


def host_suite() -> str:
    """The code name of the Debian this machine runs, or an error."""
    facts: dict[str, str] = dict(re.findall(r'^(\w+)="?([^"\n]*)', _RELEASE.read_text(), re.M)) if _RELEASE.exists() else {}
    if facts.get("ID") != "debian" or not facts.get("VERSION_CODENAME"):
        raise LabError(
            "Debian's packages are out of reach",
            f"this machine runs {facts.get('ID', 'an unknown system')}, not a Debian release",
            "use another source, or run on Debian",
        )
    return facts["VERSION_CODENAME"]


def suite_source(suite: str, etc: Path = _SOURCES) -> str:
    """A deb822 source of that suite, made from the machine's own main source."""
    host = host_suite()
    for path in sorted(etc.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            suites = re.search(r"^Suites:(.*)$", stanza, re.M)
            if suites and host in suites.group(1).split():
                return re.sub(r"^Suites:.*$", f"Suites: {suite}", stanza, count=1, flags=re.M).strip() + "\n"
    for path in (etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))):
        for line in path.read_text().splitlines() if path.exists() else ():
            found = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+main\b", line)
            if found and found.group(2) == host:
                return f"Types: deb\nURIs: {found.group(1)}\nSuites: {suite}\nComponents: main\n"
    raise LabError(
        "Debian's packages are out of reach",
        f"no source of {host} with component main is configured in {etc}",
        f"configure one in {etc}/sources.list.d, or use another source",
    )


def _private_apt(suite: str) -> list[str]:
    """apt-get with state of its own below the cache."""
    home = cache.cache_dir() / "apt" / suite
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "etc" / "suite.sources").write_text(suite_source(suite))
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": str(home / "etc"),
        "Dir::State::Lists": str(home / "lists"),
        "Dir::Cache": str(home / "cache"),
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
    }
    if os.geteuid() == 0:
        options["APT::Sandbox::User"] = "root"
    return ["apt-get", "-qq", *(part for key, value in options.items() for part in ("-o", f"{key}={value}"))]


def unpacked(suite: str, packages: Sequence[str], name: str) -> Path:
    """A cached folder `name` that holds the packages' files, as below `/`."""

    def make(scratch: Path) -> Path:
        tree, debs = scratch / "tree", scratch / "debs"
        tree.mkdir()
        debs.mkdir()
        do = "check the network and this machine's apt sources, then try again"
        with cache.locked(f"apt-{suite}"):
            apt = _private_apt(suite)
            run([*apt, "update"], what=f"reading Debian's list of {suite} failed", do=do)
            run([*apt, "download", *packages], what=f"downloading {' '.join(packages)} of {suite} failed", do=do, cwd=debs)
        for deb in sorted(debs.glob("*.deb")):
            run(["dpkg", "-x", deb, tree], what=f"unpacking {deb.name} failed", do="look at the disk's free space")
        return tree

    return cache.keep(name, make)
