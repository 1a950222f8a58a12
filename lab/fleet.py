"""Hundreds of sites on one core tree, one server and one SQLite file each.

Every site has a folder, a content folder in it, a database, keys and an oracle of its own. Core,
themes, must-use plugins and the plugins given at the start are shared by links, so a fleet can
update neither core nor those; `FleetSite.install_plugin` gives one site a copy of its own.

A site answers at `http://127.0.0.1:PORT/s0001/`, which every client reaches, or with the header
`Host: s0001.localhost`, for clients that set one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from lab import core, server, template
from lab.commands import run
from lab.config import Database, defaults, wp_config
from lab.errors import LabError
from lab.guard import Guard
from lab.installed import Installed
from lab.php import HERE, Php, Rung

FleetSite = Installed


@dataclass
class Fleet:
    """The sites and the one server that serves them."""

    home: Path
    php: Php
    port: int
    workers: int
    sites: tuple[FleetSite, ...]
    guard: Guard | None
    pid: int | None = field(default=None)

    def site(self, number: int) -> FleetSite:
        """One site, counted from 0."""
        return self.sites[number]

    def start(self, workers: int | None = None) -> None:
        """Start the server; nothing happens while it runs."""
        if self.pid is not None and server.alive(self.pid):
            return
        self.workers = self.workers if workers is None else workers
        self.pid = server.serve(
            self.php,
            root=self.home / "root",
            state=self.home / "state",
            router=HERE / "php" / "fleet.php",
            port=self.port,
            workers=self.workers,
            env={"PRESSWARDEN_LAB_FLEET": str(self.home)},
            guard=self.guard,
        ).pid

    def stop(self) -> None:
        """End the server."""
        if self.pid is not None:
            server.end(self.pid, self.guard)
            self.pid = None


def found_fleet(
    home: Path,
    php: Php,
    tree: core.Core,
    count: int,
    *,
    plugins: tuple[Path, ...],
    workers: int,
    guard: Guard | None,
    front: int = 0,
) -> Fleet:
    """Build and start a fleet. Plugins are activated once, in the site that all others copy. `front`: the port of what stands before the server, if any."""
    if not 1 <= count <= 9999:
        raise LabError(f"a fleet can't have {count} sites", "names run from s0000 to s9999", "ask for 1 to 9999")
    if php.rung is Rung.WASM:
        raise LabError("no fleet on PHP in WASM", "it serves one request at a time", "install PHP")
    for folder in ("shared/plugins", "state", "sites"):
        (home / folder).mkdir(parents=True)
    root, shared = home / "root", home / "shared"
    # Hard links are safe here, because nothing in a fleet writes into the tree; they don't lead to another disk.
    how = "-al" if tree.path.stat().st_dev == home.stat().st_dev else "-a"
    run(["cp", how, tree.path, root], what=f"putting WordPress at {root} failed", do="look for space on that disk")
    template.add_dropin(core.sqlite_dropin(tree), shared)
    template.add_oracle(shared)
    for plugin in plugins:
        shutil.copytree(plugin, shared / "plugins" / plugin.name)
    port = server.free_port()
    public = front or port
    first = _place(home, root, php, tree, public, 0, plugins)
    assert first.database.file is not None
    first.app_password = template.fill(php, tree, first.root, first.database, first.url, False, env=first.env)
    for plugin in plugins:
        first.php(
            "require_once ABSPATH . 'wp-admin/includes/plugin.php';"
            "foreach ( array_keys( get_plugins( '/' . $argv[1] ) ) as $file ) { activate_plugin( $argv[1] . '/' . $file ); }",
            plugin.name,
        )
    first.clear_events()
    sites = [first]
    for number in range(1, count):
        site = _place(home, root, php, tree, public, number, plugins)
        assert site.database.file is not None
        shutil.copy(first.database.file, site.database.file)
        template.readdress(site.database.file, site.url)
        site.app_password = first.app_password
        sites.append(site)
    fleet = Fleet(home, php, port, workers, tuple(sites), guard)
    fleet.start()
    return fleet


def _place(home: Path, root: Path, php: Php, tree: core.Core, port: int, number: int, plugins: tuple[Path, ...]) -> FleetSite:
    """The folders and settings of one site; its tables come later."""
    name = f"s{number:04}"
    place = home / "sites" / name
    own, content, state = place / "wordpress", place / "wordpress" / "wp-content", place / "state"
    for folder in ("plugins", "uploads", "upgrade", "languages"):
        (content / folder).mkdir(parents=True)
    (state / "db").mkdir(parents=True)
    for path in root.glob("*.php"):  # where WordPress believes to be is where these lie
        shutil.copy(path, own / path.name)
    for folder in ("wp-admin", "wp-includes"):
        (own / folder).symlink_to(root / folder)
    (content / "themes").symlink_to(root / "wp-content" / "themes")
    (content / "mu-plugins").symlink_to(home / "shared" / "mu-plugins")
    (content / "db.php").symlink_to(home / "shared" / "db.php")
    for plugin in plugins:
        (content / "plugins" / plugin.name).symlink_to(home / "shared" / "plugins" / plugin.name)
    url = f"http://127.0.0.1:{port}/{name}"
    database = Database("sqlite", "wp", folder=state / "db")
    constants = {
        **database.constants(),
        **defaults(state, url, str(place)),
        "WP_CONTENT_DIR": str(content),
        "WP_CONTENT_URL": f"{url}/wp-content",
    }
    (own / "wp-config.php").write_text(wp_config(Database("sqlite", "wp"), constants))
    return FleetSite(
        name=name,
        root=own,
        content=content,
        state=state,
        url=url,
        version=tree.version,
        database=database,
        php_used=php,
        admin=template.ADMIN,
        app_password="",
    )
