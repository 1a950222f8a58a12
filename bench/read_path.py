"""The way of a read, on a real WordPress and a running `presswarden serve`: a direct signed call against the same call through mailbox, gate and dispatcher.

Both verify the receipt; one of each is made in every turn. The difference is what asking, permitting, writing down, settling and the audit cost: the overhead.
The asker here does what the command line does after its start; the whole command, Python's start included, is told beside it. The same site then tells the
control plane that nothing changed, and every byte of that is counted. Limits: one asker at a time, SQLite, wall time.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from bench.figures import Figure, Turns
from bench.relay import Exchange, Relay
from lab.demo.control import Control
from lab.site import Lab, Site
from presswarden.audit.model import Actor
from presswarden.dispatch import answers, keyring, signing
from presswarden.dispatch.envelope import call_body, new_nonce, signed_headers
from presswarden.dispatch.model import Ending, SignedCall, WireAnswer
from presswarden.gate.permit import Permit, args_hash
from presswarden.identity import service as identity
from presswarden.kernel.clock import SystemClock, unix
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CallId, CorrelationId, new_id
from presswarden.kernel.sealing import Kek, read_kek
from presswarden.kernel.wake import PipeWake
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Request, RequestState
from presswarden.outside.wire import HttpWire
from presswarden.sites import service as sites
from presswarden.sites.model import Installation

TOOL = "wp.site.health"
NAME = "shop"
LOOPBACK = (ip_network("127.0.0.0/8"),)
CONNECTOR = Path(__file__).parents[1] / "connector"
READS = 40  # of each kind, and below the 120 in a row that the gate allows
COMMANDS = 3


@dataclass(frozen=True)
class Bench:
    database: Database
    kek: Kek
    installation: Installation
    wire: HttpWire
    wake: PipeWake
    clock: SystemClock


class BehindRelay(Control):
    """A control plane whose public address is the relay's: what sites send it passes there."""

    def __init__(self, home: Path, public: str) -> None:
        super().__init__(home)
        self._public = public

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PRESSWARDEN_URL": self._public}


async def direct(bench: Bench) -> float:
    """Seconds for one call: sign, send, verify the receipt. No database inside the measured span."""
    async with bench.database.reading(bench.installation.org) as tx:
        key = await keyring.call_key(tx, bench.kek, bench.installation.id, now=bench.clock.now())
        receipts = await keyring.receipt_keys(tx, bench.kek, bench.installation, now=bench.clock.now())
    began = time.perf_counter()
    now, call, found = bench.clock.now(), CallId(new_id()), bench.installation
    body = call_body(home=found.home, kid=key.kid, nonce=new_nonce(), tool=TOOL, args={})
    headers = signed_headers(found.id, call, body, key, signing.sign, timestamp=unix(now))
    permit = Permit(found.org, found.id, call, TOOL, args_hash({}), now + timedelta(minutes=5))
    came = await bench.wire.post(SignedCall(found.id, call, found.home, TOOL, args_hash({}), body, headers, now), permit)
    if not isinstance(came, WireAnswer) or answers.judge(found.id, call, body, came, receipts).ending is not Ending.DONE:
        raise RuntimeError(f"the direct call was not answered: {came}")
    return time.perf_counter() - began


async def through(bench: Bench) -> float:
    """Seconds from asking to the settled outcome in the asker's hands."""
    began = time.perf_counter()
    async with bench.database.transaction(bench.installation.org) as tx:
        request = await mailbox.ask(
            tx, bench.installation.site, TOOL, {}, by=Actor("process", "bench"), correlation=CorrelationId(new_id()), now=bench.clock.now()
        )

    async def look() -> Request:
        async with bench.database.reading(bench.installation.org) as tx:
            return await mailbox.outcome(tx, request.id)

    async with bench.wake.listen(mailbox.answer_channel(request.id)) as bell:
        await bench.wake.ring(mailbox.DISPATCH)
        found = await mailbox.until_settled(look, bell, seconds=60)
    if found.state is not RequestState.DONE:
        raise RuntimeError(f"the read was not answered: {found.outcome}")
    return time.perf_counter() - began


@asynccontextmanager
async def _asker(home: Path) -> AsyncIterator[Bench]:
    database = Database(f"sqlite:///{home / 'presswarden.sqlite'}")
    try:
        async with database.reading(EVERYONE) as tx:
            organisation = await identity.default_organisation(EVERYONE, tx)
        async with database.reading(organisation.id) as tx:
            site = await sites.find_site(tx, NAME)
            if site.installation is None:
                raise RuntimeError("the site is not paired")
            paired = await sites.installation(tx, site.installation)
        kek = read_kek("dispatcher", home / "keys" / "dispatcher.kek")
        yield Bench(database, kek, paired, HttpWire(LOOPBACK), PipeWake(home / "wake"), SystemClock())
    finally:
        await database.dispose()


async def _in_turns(home: Path) -> Turns:
    """Milliseconds of both ways. The first of each fills caches."""
    directs: list[float] = []
    throughs: list[float] = []
    async with _asker(home) as bench:
        for turn in range(READS + 1):
            for way in (direct, through) if turn % 2 else (through, direct):
                (directs if way is direct else throughs).append(await way(bench) * 1000)
    return Turns.of(directs, throughs, warm=1)


def _pair(control: Control, site: Site) -> None:
    text = control.ask("site", "pair", NAME, "--no-wait")["pairing"]
    done = site.wp("presswarden", "pair", text, "--wait=20")
    if done.code != 0:
        raise RuntimeError(f"the site did not pair: {done.stderr or done.stdout}")
    for _ in range(2):  # the whole inventory, then whatever that moved
        site.wp("presswarden", "heartbeat")


def _heartbeat(site: Site, relay: Relay) -> Exchange:
    """An unchanged site's message and its answer."""
    before = len(relay.kept)
    done = site.wp("presswarden", "heartbeat")
    sent = relay.kept[before:]
    if done.code != 0 or len(sent) != 1 or b'"inventory":' in sent[0].there or b'"delta":' in sent[0].there:
        raise RuntimeError(f"an unchanged heartbeat was not one short message: {done.stderr} {[bytes(one.there) for one in sent]}")
    if sent[0].back.split(b" ", 2)[1] != b"200":
        raise RuntimeError(f"the heartbeat was refused: {bytes(sent[0].back)!r}")
    return sent[0]


def _usual_heartbeat(site: Site, relay: Relay) -> Exchange:
    """The first whose answer carries a standing order; a fresh pairing waits a little for its first order."""
    for _ in range(60):
        beat = _heartbeat(site, relay)
        if b'"order":""' not in beat.back:
            return beat
        time.sleep(0.5)
    raise RuntimeError("no standing order came with a heartbeat's answer")


def _command(control: Control) -> float:
    began = time.perf_counter()
    control.run("site", "read", NAME, TOOL)
    return (time.perf_counter() - began) * 1000


def measure(lab: Lab) -> list[Figure]:
    site = lab.site("path")
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    with tempfile.TemporaryDirectory(prefix="presswarden-bench-") as folder, Relay() as relay:
        control = BehindRelay(Path(folder) / "home", relay.url)
        relay.target = int(control.url.rpartition(":")[2])
        try:
            control.start()
            _pair(control, site)
            turns = asyncio.run(_in_turns(control.home))
            command = statistics.median(_command(control) for _ in range(COMMANDS))
            beat = _usual_heartbeat(site, relay)
        finally:
            control.stop()
    site.delete()
    plain, long_way = turns.usual
    return [
        Figure("direct signed call, p50", f"{plain:.1f} ms"),
        Figure("read through mailbox, gate and dispatcher, p50", f"{long_way:.1f} ms, overhead {long_way - plain:.1f} ms", turns.cost),
        Figure("the whole command `presswarden site read`, p50", f"{command:.0f} ms"),
        Figure("unchanged heartbeat", f"{_sizes(beat.there)} to the control plane, {_sizes(beat.back)} back"),
    ]


def _sizes(message: bytearray) -> str:
    head, _, body = bytes(message).partition(b"\r\n\r\n")
    return f"{len(message)} bytes (headers {len(head) + 4}, body {len(body)})"
