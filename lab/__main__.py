"""`python -m lab`: sites that stay until they are stopped, for a person to look at.

Exit codes: 0 done, 1 a step failed (what, why, do on stderr), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from lab import core
from lab.errors import LabError
from lab.php import find_php
from lab.record import read_record
from lab.site import Lab, Site, reopen


def home() -> Path:
    """$PRESSWARDEN_LAB_HOME, or a folder of this user below the system's folder for temporary files."""
    named = os.environ.get("PRESSWARDEN_LAB_HOME")
    return Path(named) if named else Path(tempfile.gettempdir()) / f"presswarden-lab-{os.getuid()}"


def tell(message: str) -> None:
    """Progress goes to stderr, results to stdout."""
    print(message, file=sys.stderr, flush=True)


def _megabytes(count: int) -> str:
    return f"about {count / 1_000_000:.1f} MB"


def _say_plan(version: str) -> None:
    for download in core.plan((version,)):
        if not download.cached:
            tell(f"will download {download.what} from {download.source}, {_megabytes(download.about_bytes)}")


def _find(name: str) -> Site:
    place = home() / "sites" / name
    if "/" in name or not place.is_dir():
        raise LabError(f"there is no site {name}", f"{home() / 'sites'} has no such folder", "python -m lab list")
    return reopen(place, find_php())


def _show(site: Site) -> None:
    user, password = site.admin
    print(f"{site.name} {site.url} WordPress {site.version} login={user} password={password} app-password={site.app_password}")


def up(name: str, version: str, port: int | None) -> None:
    """Make the site, or start it again."""
    if (home() / "sites" / name / "state" / "site.json").exists():
        site = _find(name)
        if port not in (None, site.port):
            raise LabError(f"{name} answers on port {site.port}", "a site keeps its address", f"python -m lab rm {name}")
        site.start()
    else:
        _say_plan(version)
        site = Lab(workdir=home(), keep=True, report=tell).site(name, version, port=port)
    _show(site)


def show_all() -> None:
    """Every site, and whether it runs."""
    for path in sorted((home() / "sites").glob("*/state/site.json")):
        record = read_record(path.parent)
        running = reopen(path.parent.parent, find_php()).pid is not None
        print(f"{record.name} {record.url} WordPress {record.version} {'up' if running else 'down'}")


def main(argv: list[str] | None = None) -> int:
    """Parse, run, say what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m lab", description="Real WordPress sites on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="make a site, or start it again")
    starting.add_argument("name")
    starting.add_argument("--version", default="7.1")
    starting.add_argument("--database", default="sqlite", choices=["sqlite"], help="sites that stay run on SQLite")
    starting.add_argument("--port", type=int)
    commands.add_parser("list", help="every site")
    for word, sense in (("stop", "end a site's server"), ("rm", "remove a site")):
        commands.add_parser(word, help=sense).add_argument("name")
    commands.add_parser("core", help="fetch a WordPress and print where it is").add_argument("version")
    commands.add_parser("versions", help="versions, their sources and what is cached")
    given = parser.parse_args(argv)
    try:
        match given.command:
            case "up":
                up(given.name, given.version, given.port)
            case "list":
                show_all()
            case "stop":
                _find(given.name).stop()
            case "rm":
                _find(given.name).delete()
            case "core":
                _say_plan(given.version)
                found = core.tree(given.version, tell)
                print(f"{found.path} WordPress {found.version}")
            case "versions":
                for version in core.VERSIONS:
                    one = core.plan((version,))[-1]
                    print(f"{version}  {one.source}  {'cached' if one.cached else _megabytes(one.about_bytes)}")
    except LabError as fault:
        tell(str(fault))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
