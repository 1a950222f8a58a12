"""Web, dispatcher and janitor as three programs on PostgreSQL, each with its own key alone: a site is paired, read, heard, paused and proved."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from lab.demo.control import PROGRAM, Control
from lab.site import Site
from tests.stories.scene import pair, until

pytestmark = [pytest.mark.site, pytest.mark.postgres, pytest.mark.req("N8", "W5")]

PROCESSES = ("web", "dispatcher", "janitor")


class Apart(Control):
    """The three processes of one installation. Each has a home folder with its own key in it, and all the same database."""

    def __init__(self, home: Path, database: str) -> None:
        super().__init__(home)
        self.database = database
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PRESSWARDEN_DATABASE": self.database}

    def start(self) -> int:
        self.home.mkdir(parents=True)
        self.run("migrate")
        for name in PROCESSES:
            keys = self.home / name / "keys"
            keys.mkdir(parents=True, mode=0o700)
            key = os.open(keys / f"{name}.kek", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(key, "w") as file:
                file.write(secrets.token_hex(32))
            environment = {**self.environment(), "PRESSWARDEN_HOME": str(self.home / name)}
            with (self.home / "serve.log").open("ab") as log:
                self.running[name] = subprocess.Popen([PROGRAM, name], env=environment, stdout=log, stderr=log, start_new_session=True)
        return self.running["web"].pid

    def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            process.wait(30)


@pytest.fixture
def apart(postgres_cluster: str, tmp_path: Path) -> Iterator[Apart]:
    name = f"apart_{secrets.token_hex(4)}"
    asyncio.run(_run(postgres_cluster, f"CREATE DATABASE {name}"))
    control = Apart(tmp_path / "apart", f"{postgres_cluster}/{name}")
    control.start()
    yield control
    control.stop()
    asyncio.run(_run(postgres_cluster, f"DROP DATABASE {name} WITH (FORCE)"))


def test_three_processes_on_postgresql_serve_a_site_as_one_does(apart: Apart, new_site: Callable[..., Site]) -> None:
    until(lambda: apart.attempt("site", "pair", "shop", "--no-wait").code == 0, "the dispatcher has made keys")
    paired = pair(apart, new_site(), "shop")
    assert paired.read("wp.site.inventory")["inventory"]
    paired.beat()
    assert paired.show()["components"]["core"]["version"] == paired.site.version
    assert paired.ask("pause")["carried_by"] == "call"
    assert paired.status()["paused"] == "control"
    assert paired.ask("resume")["result"] == {"paused": ""}
    until(lambda: all(each["index"] is not None for each in apart.ask("audit", "list")), "the janitor placed every entry")
    assert "agree" in apart.run("audit", "verify")
    assert all(process.poll() is None for process in apart.running.values()), apart.log()


async def _run(server: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
