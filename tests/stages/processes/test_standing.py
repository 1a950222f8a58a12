"""How a process stands is told on loopback alone; and each process ends by itself, soon, when it is told to."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from lab.demo.control import PROGRAM
from presswarden.approvals.wanting import want_update
from presswarden.audit.model import Actor
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import CorrelationId, OrgId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.processes import home
from presswarden.processes.load import Load
from presswarden.processes.settings import Settings, SettingsInvalid, Watched
from presswarden.processes.standing import LOADS, METRICS, Standing, WatchFailed, watched
from tests.fakes.clock import FrozenClock
from tests.support.shop import AKISMET, offered, open_shop

pytestmark = pytest.mark.req("N8")


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def test_a_process_says_that_it_runs_whether_it_can_work_and_its_numbers(sqlite_template: Path) -> None:
    database, stop, port = Database(f"sqlite:///{sqlite_template}"), asyncio.Event(), _free()
    async with (
        watched("janitor", Watched("127.0.0.1", port), database, stop),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert (await client.get("/healthz")).text == "ok\n"
        assert (await client.get("/readyz")).status_code == 200
        told = (await client.get("/metrics")).text
        for name in METRICS:
            assert f"# HELP {name} " in told
        assert 'name="janitor"' in told
        assert "presswarden_ready 1.0" in told
        assert (await client.get("/anything")).status_code == 404
        assert (await client.post("/metrics")).status_code == 405
        stop.set()
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "process.stopping\n")
        assert (await client.get("/healthz")).status_code == 200, "it runs as long as it runs"
    await database.dispose()


async def test_what_lies_before_all_organisations_is_told_in_sums_without_a_name(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    shop = await open_shop(database, org, frozen.now(), label="Secret Shop")
    await shop.report(offered(), frozen.now())
    async with database.transaction(org) as tx:
        await want_update(tx, shop.site, AKISMET, by=shop.owner, now=frozen.now())
        await mailbox.ask(
            tx, shop.site, "wp.site.health", {}, by=Actor("person", shop.owner), correlation=CorrelationId(new_id()), now=frozen.now()
        )
        await incidents.raise_signal(tx, SignalKind.CLONE, shop.site, {}, frozen.now())
    frozen.advance(seconds=3600)
    of = Standing("janitor", database, asyncio.Event(), Load(database, frozen))
    told = (await of.answer("/metrics"))[2].decode()
    for name in LOADS:
        assert f"# HELP {name} " in told
    for line in (
        'presswarden_sites{state="heard"} 0.0', 'presswarden_sites{state="silent"} 1.0', "presswarden_proposals_waiting 1.0",
        "presswarden_proposals_oldest_waiting_seconds 3600.0", "presswarden_requests_open 1.0", "presswarden_incidents_open 1.0",
        'presswarden_notices{state="queued"} 0.0',
    ):  # fmt: skip
        assert line in told
    assert "Secret" not in told
    assert org not in told
    assert told.count("presswarden_sites{") == 2, "no label grows with the fleet"


async def test_a_process_without_its_database_runs_and_is_not_ready(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'no' / 'such.sqlite'}")
    of = Standing("web", database, asyncio.Event())
    assert (await of.answer("/healthz"))[0] == 200
    assert await of.answer("/readyz") == (503, "text/plain", b"database.gone\n")
    await database.dispose()


async def test_an_address_that_is_taken_is_said_in_words(sqlite_template: Path) -> None:
    database = Database(f"sqlite:///{sqlite_template}")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(WatchFailed, match="can't be listened on"):
        async with watched("web", Watched("127.0.0.1", taken.getsockname()[1]), database, asyncio.Event()):
            pass
    await database.dispose()


async def test_whoever_says_nothing_or_too_much_gets_no_answer(sqlite_template: Path) -> None:
    database, port = Database(f"sqlite:///{sqlite_template}"), _free()
    async with watched("web", Watched("127.0.0.1", port), database, asyncio.Event()):
        for asked in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(asked)
            with contextlib.suppress(ConnectionError):
                assert not (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 2")
            writer.close()
    await database.dispose()


@pytest.mark.parametrize(
    "where", ["0.0.0.0:9100", "10.0.0.1:9100", "localhost:9100", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", ":9100"]
)
def test_it_is_told_to_this_machine_alone(tmp_path: Path, where: str) -> None:
    with pytest.raises(SettingsInvalid):
        Settings.load(tmp_path, {"PRESSWARDEN_WATCH_LISTEN": where}).janitor()
    assert Settings.load(tmp_path, {"PRESSWARDEN_WATCH_LISTEN": "[::1]:9100"}).web().watch == Watched("::1", 9100)
    assert Settings.load(tmp_path, {}).web().watch is None


@pytest.fixture(scope="module")
def installed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("standing") / "home"
    home.make_home(where, lambda _: None)
    (where / "presswarden.sqlite").write_bytes(sqlite_template.read_bytes())
    home.made(where)
    return where


@pytest.mark.parametrize("name", ["web", "dispatcher", "janitor", "courier", "analyst", "serve"])
def test_each_process_is_ready_and_ends_soon_when_it_is_told_to(installed: Path, name: str) -> None:
    port = _free()
    environment: Mapping[str, str] = {
        **os.environ, "PRESSWARDEN_HOME": str(installed), "PRESSWARDEN_WATCH_LISTEN": f"127.0.0.1:{port}",
        "PRESSWARDEN_LISTEN": f"127.0.0.1:{_free()}", "PRESSWARDEN_LOG_FORMAT": "json",
    }  # fmt: skip
    running = subprocess.Popen([PROGRAM, name], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        for _ in range(600):
            assert running.poll() is None, running.communicate()[0].decode()
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            raise AssertionError("it never was ready")
        assert f'name="{name}"' in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=30)
        assert (running.returncode, b"Traceback" in said) == (0, False), said.decode()
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()
