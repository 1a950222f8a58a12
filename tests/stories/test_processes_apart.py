"""The five processes as programs of their own on PostgreSQL, each with its own key and its own role: a site is paired, read, heard, paused, changed and proved.

They are started by the units of deploy/systemd, command and settings as they stand there, and stop as those ask them to.
Two of web and two of the dispatcher, as in an installation that is to stand the loss of one. Between all of them and PostgreSQL stands a pooler in
transaction mode, because what passes there passes without it too: the tests of roles and of two dispatchers go straight to the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.packages import write_plugin
from lab.recorder import Recorder
from lab.server import free_port
from lab.site import Site
from lab.updates import UpdateServer
from tests.stories.changing import Changing, ask_for_updates, at_a_terminal, newest_change
from tests.stories.scene import Paired, pair, until
from tests.support.pooler import pooler, through
from tests.support.roles import PROCESSES, url_as
from tests.support.roles import apart as database_apart
from tests.support.units import Place

pytestmark = [pytest.mark.site, pytest.mark.postgres, pytest.mark.req("N8", "W5")]

KEYS = ("web", "dispatcher", "janitor", "courier")
HERE = ("PRESSWARDEN_URL", "PRESSWARDEN_LISTEN", "PRESSWARDEN_PACKAGE_HOSTS")
"""What the settings of deploy/ leave to whoever installs, and the test installs elsewhere."""
RUNNING = ("web", "web-2", "dispatcher", "dispatcher-2", "janitor", "analyst", "courier")
DENIED = re.compile(r"InsufficientPrivilege|permission denied|row-level security|Traceback")


class Apart(Changing):
    """The processes of one installation. Each has a home folder with its own key in it, and its own login to the same database."""

    def __init__(self, home: Path, database: str, pooled: str, wire: Recorder, updates: UpdateServer) -> None:
        super().__init__(home, wire, updates)
        self.database = database
        self.pooled = pooled
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self) -> dict[str, str]:
        """Of the command line: a surface, as the console is."""
        return {**super().environment(), "PRESSWARDEN_DATABASE": url_as("web", self.pooled)}

    def start(self) -> int:
        """As deploy/ says: settings and keys put in place, the unit that migrates, then each unit's own command with its own environment."""
        self.home.mkdir(parents=True)
        place, name = Place(self.home / "etc", self.home), self.database.rpartition("/")[2]
        place.settle(self.pooled.partition("@")[2])
        owner = place.etc / "owner.env"  # what is done once goes to the server itself
        owner.write_text(
            owner.read_text().replace(self.pooled.partition("@")[2], f"{self.database.partition('@')[2].partition('/')[0]}/{name}")
        )
        for command in place.commands("migrate"):
            subprocess.run(command, env={**os.environ, **place.environment("migrate")}, check=True)
        keys = {process: secrets.token_hex(32) for process in KEYS}
        for name in RUNNING:
            process = name.partition("-")[0]
            given = place.environment(process)
            home = self.home / name
            (home / "keys").mkdir(parents=True, mode=0o700)
            if process in keys:
                key = os.open(home / "keys" / f"{process}.kek", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(key, "w") as file:
                    file.write(keys[process])
            here = {key: value for key, value in self.environment().items() if key not in given or key in HERE}
            environment = {**given, **here, "PRESSWARDEN_HOME": str(home)}
            if name == "web-2":
                environment["PRESSWARDEN_LISTEN"] = f"127.0.0.1:{free_port()}"
            (command,) = place.commands(process)
            with (self.home / "serve.log").open("ab") as log:
                self.running[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        until(self.answers, "the web process answers")
        return self.running["web"].pid

    def answers(self) -> bool:
        """Whether the address that sites are given is served: seven programs start at once, in any order."""
        assert self.running["web"].poll() is None, self.log()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
            return bool(json.load(answer) == {"status": "ok"})
        return False

    def log(self) -> str:
        """All of it: what was denied to somebody may stand far up."""
        return (self.home / "serve.log").read_text(errors="replace")

    def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        ended = {name: process.wait(90) for name, process in self.running.items()}
        assert set(ended.values()) <= {0}, (ended, self.log())


@pytest.fixture(scope="module")
def apart(postgres_cluster: str, updates: UpdateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    logins = [f"presswarden_{process}" for process in PROCESSES]
    with database_apart(postgres_cluster) as database, pooler(postgres_cluster, logins) as place, Recorder() as wire:
        control = Apart(tmp_path_factory.mktemp("apart") / "apart", database, through(place, database), wire, updates)
        control.start()
        try:
            yield control
        finally:
            control.stop()


@pytest.fixture(scope="module")
def shop(apart: Apart, updates: UpdateServer, new_site: Callable[..., Site]) -> Paired:
    until(lambda: apart.attempt("site", "pair", "first", "--no-wait").code == 0, "the dispatcher has made keys")
    site = new_site()
    site.use_updates(updates.url)
    return pair(apart, site, "shop")


def test_processes_on_postgresql_with_roles_of_their_own_serve_a_site_as_one_does(apart: Apart, shop: Paired) -> None:
    assert shop.read("wp.site.inventory")["inventory"]
    shop.beat()
    assert shop.show()["components"]["core"]["version"] == shop.site.version
    assert shop.ask("pause")["carried_by"] == "call"
    assert shop.status()["paused"] == "control"
    assert shop.ask("resume")["result"] == {"paused": ""}
    until(lambda: all(each["index"] is not None for each in apart.ask("audit", "list")), "the janitor placed every entry")
    assert "agree" in apart.run("audit", "verify")


@pytest.mark.req("W14")
def test_a_change_passes_through_all_of_them(apart: Apart, shop: Paired, updates: UpdateServer, tmp_path: Path) -> None:
    """The courier hashes the package, the analyst recommends, a person says yes as web, a dispatcher carries it out, the janitor places what was written."""
    shop.site.install_plugin(write_plugin(tmp_path, "good", "1.0"))
    updates.offer("good", "1.1")
    ask_for_updates(shop)

    def hashed() -> bool:
        listed = apart.ask("proposal", "list", "--site", shop.label, "--state", "recommended")
        found = [apart.ask("proposal", "show", one["id"])["evidence"] for one in listed if one["by"] == "process:analyst"]
        return any(each["code"] == "package-bound" for evidence in found for each in evidence)

    until(hashed, "a recommendation with the package's hash", 90)
    said = at_a_terminal(apart, "site", "update", shop.label, "plugin:good/good.php")
    assert said.code == 0, said.text + apart.log()
    assert newest_change(shop)["result"] == "succeeded"
    assert updates.downloads("good") == 2, "the courier's, for its hash, and the site's"
    until(lambda: all(each["index"] is not None for each in apart.ask("audit", "list")), "the janitor placed every entry")
    assert "agree" in apart.run("audit", "verify")


def test_nothing_that_they_did_was_denied_and_all_of_them_run(apart: Apart, shop: Paired) -> None:
    """Told last, over what the stories above made them do."""
    assert shop.read()["change"]["state"] == "closed"
    assert DENIED.search(apart.log()) is None, apart.log()
    assert all(process.poll() is None for process in apart.running.values()), apart.log()


def test_when_one_dispatcher_and_one_web_are_gone_the_others_go_on(apart: Apart, shop: Paired) -> None:
    for name in ("dispatcher", "web-2"):
        gone = apart.running.pop(name)
        gone.kill()
        gone.wait()
    assert shop.read()["change"]["state"] == "closed"
    shop.beat()
