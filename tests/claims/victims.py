"""The WordPress sites that the attacks of this suite are tried on.

Two sites serve the whole suite: one that stays paired and intact, and a spare one that is put back to a known state before each use and may run a
connector with a check taken out. A check is taken out in a copy: by its marker (`tools/php/mutate.py`), or by replacing one exact piece of source.
Limits: the connector as it is in the work tree; the product holds no switch.
"""

from __future__ import annotations

import copy
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.site import Site
from tests.connector.peer import Offer, Peer
from tests.connector.wire import Answer, Installation, Message, send
from tools.php.mutate import blanked, checks

CONNECTOR = Path(__file__).parents[2] / "connector"
FOLDER = "presswarden-connector"
GENEROUS: dict[str, str | int | bool | None] = {"PRESSWARDEN_LIMIT_ADDRESS": 100_000, "PRESSWARDEN_LIMIT_INSTALLATION": 100_000}


@dataclass(frozen=True)
class Swap:
    """One exact piece of the connector's source, and what stands there instead."""

    file: str
    old: str
    new: str = ""

    def apply(self, root: Path) -> Path:
        path = root / self.file
        source = path.read_text()
        if source.count(self.old) != 1:
            raise LookupError(f"{self.file} holds this {source.count(self.old)} times: {self.old}")
        path.write_text(source.replace(self.old, self.new))
        return path


Change = str | Swap
"""The name of a marked check, or a swap."""


@dataclass
class Paired:
    """One site, the control plane it is paired with, and what that knows of it."""

    site: Site
    peer: Peer
    here: Installation
    offer: Offer

    def call(self, tool: str, args: dict[str, Any] | None = None, **sign: Any) -> Answer:
        return send(self.site.url, self.here.message(tool, args, **sign))

    def send(self, message: Message, **how: Any) -> Answer:
        return send(self.site.url, message, **how)

    def ran(self) -> list[dict[str, Any]]:
        """Every call that was carried out, as the oracle saw it."""
        return self.site.events("action_ran")


def pair(site: Site, peer: Peer, *options: str) -> Paired:
    offer = peer.offer()
    done = site.wp("presswarden", "pair", offer.text, "--wait=20", *options)
    assert done.code == 0, (done, peer.problems)
    return Paired(site, peer, peer.sites[offer.installation], offer)


_stamp = 1_700_000_000


def put_connector(site: Site, *changes: Change) -> None:
    """Lays the connector into a site, changed so; active plugins stay active."""
    global _stamp
    target = site.content / "plugins" / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(CONNECTOR, target, ignore=shutil.ignore_patterns("tests"))
    for change in changes:
        if isinstance(change, Swap):
            path = change.apply(target)
        else:
            path = target / checks(target)[change]
            path.write_text(blanked(path.read_text(), change))
        # PHP's cache tells versions of a file apart by the whole second.
        _stamp += 1
        os.utime(path, (_stamp, _stamp))


@dataclass
class _Snapshot:
    database: Path
    state: Path | None
    paired: tuple[Installation, Offer] | None


@dataclass
class Spare:
    """A site for attacks that break something: put back to a known state before each use."""

    site: Site
    peer: Peer
    snapshots: dict[str, _Snapshot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site.install_plugin(CONNECTOR, folder=FOLDER)
        self._keep("unpaired", None)

    def unpaired(self, *changes: Change) -> Site:
        """The connector active, but never paired."""
        self._back_to("unpaired", changes)
        return self.site

    def paired(self, *changes: Change, hmac: bool = False) -> Paired:
        """Paired by the connector as it is; the changes come after that."""
        name = "hmac" if hmac else "paired"
        if name not in self.snapshots:
            self._back_to("unpaired", ())
            made = pair(self.site, self.peer, *(["--hmac"] if hmac else []))
            self._keep(name, (made.here, made.offer))
        self._back_to(name, changes)
        kept = self.snapshots[name].paired
        assert kept is not None
        here, offer = copy.deepcopy(kept)
        self.peer.sites[here.installation] = here
        return Paired(self.site, self.peer, here, offer)

    @property
    def _state(self) -> Path:
        return self.site.content / "presswarden-state"

    def _keep(self, name: str, paired: tuple[Installation, Offer] | None) -> None:
        room = self.site.state / f"kept-{name}"
        room.mkdir()
        copy_database(self._file, room / "wp.sqlite")
        if self._state.is_dir():
            shutil.copytree(self._state, room / "state")
        self.snapshots[name] = _Snapshot(room / "wp.sqlite", room / "state" if self._state.is_dir() else None, copy.deepcopy(paired))

    def _back_to(self, name: str, changes: tuple[Change, ...]) -> None:
        kept = self.snapshots[name]
        put_connector(self.site, *changes)
        shutil.rmtree(self._state, ignore_errors=True)
        if kept.state is not None:
            shutil.copytree(kept.state, self._state)
        copy_database(kept.database, self._file)
        self.site.clear_events()

    @property
    def _file(self) -> Path:
        assert self.site.database.file is not None
        return self.site.database.file


def copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target, timeout=30)) as new:
        old.backup(new)
