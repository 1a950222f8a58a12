"""The small file beside a site that lets another process find it: `site.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.errors import LabError


@dataclass(frozen=True)
class Record:
    """A site as written down. `birth` tells this process from a later one with the same number."""

    name: str
    version: str
    url: str
    port: int
    workers: int
    pid: int
    birth: str
    admin: tuple[str, str]
    app_password: str


def write_record(state: Path, record: Record) -> None:
    """Replace the file at once."""
    fresh = state / "site.json.new"
    fresh.write_text(json.dumps(asdict(record)))
    fresh.chmod(0o600)
    fresh.rename(state / "site.json")


def read_record(state: Path) -> Record:
    """What is written down, or an error that says which site is broken."""
    try:
        found = json.loads((state / "site.json").read_text())
        return Record(**{**found, "admin": tuple(found["admin"])})
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise LabError(f"{state.parent.name} is no site of the lab", str(fault), "remove its folder") from fault
