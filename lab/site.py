"""Boots, stops, changes and deletes single WordPress sites: `Lab().site("name")`.

A site is a copy of its tree (`lab.trees` says what is shared). It is installed once per version, database and PHP; every further site copies that
template and differs in address, keys and salts (the administrator's password is the same).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from lab import cache, core, faketime, server, template, trees
from lab.config import Constant, Database, defaults, wp_config
from lab.errors import LabError
from lab.fleet import Fleet, found_fleet
from lab.guard import Guard
from lab.installed import Installed
from lab.mariadb import MariaDb
from lab.php import HERE, Php, find_php
from lab.record import Record, read_record, write_record


@dataclass
class Site(Installed):
    """A WordPress with a server of its own."""

    port: int = 0
    workers: int = 4
    guard: Guard | None = None
    pid: int | None = None
    shifted: float = 0.0

    def start(self, workers: int | None = None) -> None:
        """Start the web server; nothing happens while it runs."""
        if self.pid is not None and server.alive(self.pid):
            return
        self.workers = self.workers if workers is None else workers
        web = server.serve(
            self.php_used,
            root=self.root,
            state=self.state,
            router=HERE / "php" / "router.php",
            port=self.port,
            workers=self.workers,
            env=self.env,
            guard=self.guard,
        )
        self.pid = web.pid
        self.save()

    def stop(self) -> None:
        """End the web server and every worker of it."""
        if self.pid is not None:
            server.end(self.pid, self.guard)
            self.pid = None
            self.save()

    def delete(self) -> None:
        """Stop and remove the site, its files and its SQLite database."""
        self.stop()
        shutil.rmtree(self.state.parent, ignore_errors=True)

    def shift_clock(self, seconds: float) -> None:
        """Let PHP see another time, by restarting it below libfaketime. 0 gives the real time back.

        PHP alone sees it: files and a MariaDB server keep the real time.
        """
        self.env = {key: value for key, value in self.env.items() if key not in faketime.NAMES}
        if seconds:
            self.env |= faketime.environment(seconds)
        self.shifted = seconds
        if self.pid is not None:
            self.stop()
            self.start()

    def save(self) -> None:
        """Write down what another process needs to find this site again."""
        pid = self.pid or 0
        birth = server.birth(pid) if pid else ""
        write_record(
            self.state,
            Record(self.name, self.version, self.url, self.port, self.workers, pid, birth, self.admin, self.app_password),
        )


@dataclass
class Lab:
    """Everything one run needs. Leaving it ends every process it started and removes its folder.

    `keep` leaves sites running and files in place, for a person to look at.
    """

    workdir: Path | None = None
    php: Php | None = None
    report: cache.Report = cache.silent
    keep: bool = False
    _room: Path = field(init=False)
    _guard: Guard | None = field(init=False, default=None)
    _sites: dict[str, Site] = field(init=False, default_factory=dict)
    _fleets: list[Fleet] = field(init=False, default_factory=list)
    _mariadb: MariaDb | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.workdir is None:
            self._room = Path(tempfile.mkdtemp(prefix="presswarden-lab-")).resolve()
        else:
            self.workdir.mkdir(parents=True, exist_ok=True)
            self._room = self.workdir.resolve()
        outside_checkouts(self._room)
        if not self.keep:
            self._guard = Guard()
            if self.workdir is None:
                self._guard.say("remove", self._room)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def room(self) -> Path:
        """The folder of this lab's sites and servers."""
        return self._room

    def close(self) -> None:
        """End everything, unless it is to be kept."""
        if self.keep:
            return
        for site in self._sites.values():
            with suppress(OSError):
                site.stop()
        for fleet in self._fleets:
            fleet.stop()
        if self._mariadb is not None:
            self._mariadb.stop()
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        if self.workdir is None:
            shutil.rmtree(self._room, ignore_errors=True)

    def interpreter(self) -> Php:
        """The PHP of this lab, found at first use."""
        if self.php is None:
            self.php = find_php(self.report)
        return self.php

    def mariadb(self) -> MariaDb:
        """The one MariaDB server of this lab, started at first use."""
        if self._mariadb is None:
            self._mariadb = MariaDb.start(self._room / "mariadb", self._guard)
        return self._mariadb

    def fleet(self, count: int, version: str = "7.1", *, plugins: tuple[Path, ...] = (), workers: int = 4, front: int = 0) -> Fleet:
        """Many sites on one tree and one server; addressed at the port `front`, if something stands before the server."""
        fleet = found_fleet(
            self._room / f"fleet{len(self._fleets)}",
            self.interpreter(),
            core.tree(version, self.report),
            count,
            plugins=plugins,
            workers=workers,
            guard=self._guard,
            front=front,
        )
        self._fleets.append(fleet)
        return fleet

    def site(
        self,
        name: str,
        version: str = "7.1",
        database: str = "sqlite",
        workers: int = 4,
        multisite: bool = False,
        constants: Mapping[str, Constant] | None = None,
        env: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> Site:
        """A new site, installed and answering."""
        if not name.replace("-", "").isalnum() or not name.isascii() or name != name.lower():
            raise LabError(f"{name!r} is no name for a site", "only a-z, 0-9 and - may stand in it", "choose another name")
        if database not in ("sqlite", "mariadb"):
            raise LabError(f"there is no database {database!r}", "a site runs on sqlite or mariadb", "choose one of them")
        home = self._room / "sites" / name
        if home.exists():
            raise LabError(f"the site {name} exists", f"its folder is {home}", "delete it first, or choose another name")
        site = self._build(name, home, core.tree(version, self.report), database, multisite, constants, env, port)
        site.workers = workers
        site.clear_events()  # the installation is not part of anybody's story
        self._sites[name] = site
        site.start()
        return site

    def _build(
        self,
        name: str,
        home: Path,
        tree: core.Core,
        database: str,
        multisite: bool,
        constants: Mapping[str, Constant] | None,
        env: Mapping[str, str] | None,
        port: int | None,
    ) -> Site:
        php = self.interpreter()
        root, state = home / "root", home / "state"
        state.mkdir(parents=True)
        trees.copy(tree.path, root)
        port = port or server.free_port()
        url = f"http://127.0.0.1:{port}"
        chosen: dict[str, Constant] = {**defaults(state, url, str(home)), **(constants or {})}
        if database == "mariadb":
            place = self.mariadb().create(f"site_{name.replace('-', '_')}")
        else:
            place = Database("sqlite", "wp", folder=state / "db")
            template.add_dropin(core.sqlite_dropin(tree), root / "wp-content")
        template.add_oracle(root / "wp-content")
        for secret in (state / "db", state / "tmp"):
            secret.mkdir(exist_ok=True)
        (root / "wp-config.php").write_text(wp_config(place, chosen))
        secret_word = template.fill(php, tree, root, place, url, multisite)
        if multisite:
            network: dict[str, Constant] = {
                "WP_ALLOW_MULTISITE": True,
                "MULTISITE": True,
                "SUBDOMAIN_INSTALL": False,
                "DOMAIN_CURRENT_SITE": f"127.0.0.1:{port}",
                "PATH_CURRENT_SITE": "/",
                "SITE_ID_CURRENT_SITE": 1,
                "BLOG_ID_CURRENT_SITE": 1,
            }
            (root / "wp-config.php").write_text(wp_config(place, {**network, **chosen}))
        return Site(
            name=name,
            root=root,
            content=root / "wp-content",
            state=state,
            url=url,
            version=tree.version,
            database=place,
            php_used=php,
            admin=template.ADMIN,
            app_password=secret_word,
            env=dict(env or {}),
            port=port,
            guard=self._guard,
        )


def outside_checkouts(folder: Path) -> None:
    """WordPress turns automatic updates off below any version-controlled folder; refuse such a place."""
    for parent in (folder, *folder.parents):
        for mark in (".git", ".svn", ".hg", ".bzr"):
            if (parent / mark).exists():
                raise LabError(
                    f"sites can't live in {folder}",
                    f"{parent} is a checkout, and WordPress updates nothing inside one",
                    "choose a folder outside, for example below /tmp",
                )


def reopen(home: Path, php: Php) -> Site:
    """A site that another process made, by its folder."""
    state = home / "state"
    record = read_record(state)
    running = record.pid and server.birth(record.pid) == record.birth
    return Site(
        name=record.name,
        root=home / "root",
        content=home / "root" / "wp-content",
        state=state,
        url=record.url,
        version=record.version,
        database=Database("sqlite", "wp", folder=state / "db"),
        php_used=php,
        admin=record.admin,
        app_password=record.app_password,
        port=record.port,
        workers=record.workers,
        pid=record.pid if running else None,
    )
