"""Each process is told to end while it has something under way: that comes to its end or is handed over, and the process ends by itself, with 0.

The installed program, with a control plane's own tables; a site, a package server and a caller that dawdle stand for the rest. Limits: how soon a call that
nobody answers is given up is the wire's business (30 s, 120 s for a change); a process waits a minute for it, and its unit gives it more than that.
"""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, new_id
from presswarden.mailbox.model import LEASE
from presswarden.processes import home
from presswarden.proposals.packages import service as packages
from presswarden.rollouts.model import Result
from tests.fakes.changing import ChangingSite
from tests.stages.flows.house import KEK, House, furnish
from tests.support.roles import DEPLOY, PROCESSES
from tests.support.shop import offered, open_shop

pytestmark = [pytest.mark.req("N8"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

PROGRAM = Path(sys.executable).with_name("presswarden")
SOON = 20.0
"""Seconds in which a process ends that has nothing more to wait for; a busy machine needs some of them to wake up."""


class Program:
    """One process of the installation, as its unit starts it."""

    def __init__(self, name: str, folder: Path, database: Database, **settings: str) -> None:
        self.log = folder / f"{name}.log"
        environment = {
            **os.environ, "PRESSWARDEN_HOME": str(folder), "PRESSWARDEN_DATABASE": f"sqlite:///{database.sqlite_path}",
            "PRESSWARDEN_SITE_NETWORKS": "127.0.0.0/8", "PRESSWARDEN_HEALTH_SECONDS": "1", **settings,
        }  # fmt: skip
        with self.log.open("ab") as log:
            self.running = subprocess.Popen([PROGRAM, name], env=environment, stdout=log, stderr=log, start_new_session=True)

    def tell_to_end(self) -> None:
        self.running.send_signal(signal.SIGTERM)

    async def ended(self, within: float = SOON) -> int:
        return await asyncio.to_thread(self.running.wait, within)

    def close(self) -> None:
        if self.running.poll() is None:
            self.running.kill()
            self.running.wait()


Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path, database: Database) -> Iterator[Start]:
    """Starts processes of an installation whose dispatcher's key is the furnished house's."""
    folder, made = tmp_path / "home", list[Program]()
    home.make_home(folder, lambda _: None)
    (folder / "keys" / "dispatcher.kek").write_text(KEK.hex())
    home.made(folder)

    def begin(name: str, **settings: str) -> Program:
        made.append(Program(name, folder, database, **settings))
        return made[-1]

    yield begin
    for one in made:
        one.close()


@pytest.fixture
async def house(start: Start, database: Database, tmp_path: Path, org: OrgId) -> AsyncIterator[House]:
    async with ChangingSite(SystemClock().now) as site:
        yield await furnish(database, tmp_path / "home", site, org)


async def until(holds: Callable[[], Awaitable[object]], of: Program) -> None:
    deadline = time.monotonic() + 60
    while not await holds():
        assert of.running.poll() is None, of.log.read_text()
        assert time.monotonic() < deadline, of.log.read_text()
        await asyncio.sleep(0.05)


async def test_a_change_that_a_dispatcher_was_told_to_leave_is_carried_on_by_the_next_one(house: House, start: Start) -> None:
    updating, go_on = asyncio.Event(), asyncio.Event()

    async def heard(_call: str, what: str, moment: str) -> None:
        if what == "wp.plugin.update" and moment == "arrives":
            updating.set()
            await go_on.wait()

    house.site.heard = heard
    proposal = await house.propose("1.1")
    first = start("dispatcher")
    await asyncio.wait_for(updating.wait(), 60)
    first.tell_to_end()
    with pytest.raises(subprocess.TimeoutExpired):
        await first.ended(1.0)
    go_on.set()
    assert await first.ended() == 0, first.log.read_text()
    assert (await house.proposal(proposal.id)).state != "ended", "it was asked to leave, not to finish everything"
    second = start("dispatcher")

    async def is_over() -> bool:
        return (await house.proposal(proposal.id)).state == "ended"

    await until(is_over, second)
    assert (await house.change(proposal.id)).result is Result.SUCCEEDED
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.change.close"]
    second.tell_to_end()
    assert await second.ended() == 0


def _post(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(b"POST /ingest/v1/heartbeat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{ ")
    return connection


async def test_web_answers_what_it_is_in_and_waits_for_no_dawdler(start: Start) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    web = start("web", PRESSWARDEN_LISTEN=f"127.0.0.1:{port}")

    async def listens() -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        return False

    await until(listens, web)
    with contextlib.closing(_post(port)) as honest, contextlib.closing(_post(port)):
        # Whoever is answered after them came in after them.
        with contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as last:
            last.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await asyncio.to_thread(last.recv, 100)).startswith(b"HTTP/1.1 200")
        web.tell_to_end()
        for _ in range(600):
            if not await listens():
                break
            await asyncio.sleep(0.05)
        honest.sendall(b" }")
        assert re.match(rb"HTTP/1\.1 4\d\d", await asyncio.to_thread(honest.recv, 100))
        assert await web.ended(SOON + 10) == 0, web.log.read_text()


async def test_a_courier_gives_up_the_package_it_is_fetching_and_has_it_looked_for_again(
    start: Start, database: Database, org: OrgId
) -> None:
    now = SystemClock().now()
    shop = await open_shop(database, org, now)
    await shop.report(offered(), now)
    arrived = asyncio.Event()

    async def dawdle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        with contextlib.suppress(ConnectionError):
            await _reader.read()
        writer.close()

    server = await asyncio.start_server(dawdle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        courier = start("courier", PRESSWARDEN_PACKAGE_HOSTS=f"downloads.wordpress.org=http://127.0.0.1:{port}")
        await asyncio.wait_for(arrived.wait(), 60)
        courier.tell_to_end()
        assert await courier.ended() == 0, courier.log.read_text()
    finally:
        server.close()
        await server.wait_closed()
    async with database.transaction(org) as tx:
        assert await packages.due(tx, SystemClock().now(), most=5), "nobody wrote down that there was nothing"


async def test_a_janitor_places_what_was_written_before_it_was_told_to_end(start: Start, database: Database, org: OrgId) -> None:
    await open_shop(database, org, SystemClock().now())
    janitor = start("janitor")

    async def all_placed() -> bool:
        async with database.reading(EVERYONE) as tx:
            return org not in await audit.organisations_waiting(EVERYONE, tx)

    await until(all_placed, janitor)
    async with database.transaction(org) as tx:
        for number in range(300):
            told = Entry("site.checked", Actor("process", "dispatcher"), f"site:{number}", CorrelationId(new_id()), {"number": number})
            await audit.record(tx, told, now=SystemClock().now())
    janitor.tell_to_end()
    assert await janitor.ended() == 0, janitor.log.read_text()
    assert await all_placed()


async def test_an_analyst_leaves_its_round(start: Start, database: Database, org: OrgId) -> None:
    now = SystemClock().now()
    shop = await open_shop(database, org, now)
    await shop.report(offered(), now)
    analyst = start("analyst")
    bell = Path(analyst.log.parent) / "wake"

    async def listens() -> bool:
        return any(bell.glob("wake-*"))

    await until(listens, analyst)
    analyst.tell_to_end()
    assert await analyst.ended() == 0, analyst.log.read_text()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_unit_waits_longer_than_its_process_waits_for_a_call(process: str, database_url: str) -> None:
    text = (DEPLOY / "systemd" / f"presswarden-{process}.service").read_text()
    found = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert found is not None
    assert int(found[1]) >= LEASE.total_seconds() + 20
