"""The way of a read: a direct signed call against the same call through mailbox, gate, dispatcher and back, interleaved in one run.

Both verify the receipt. The difference is what asking, permitting, writing down, settling and the audit cost: the overhead that is printed, as median and
95th percentile. Without arguments the site is a scripted one on this machine and the database a fresh SQLite file. Limits: one asker at a time.

    python -m bench.read_path [--reads 60] [--home FOLDER --site NAME]

`--home` takes a home folder with a paired site; nothing else may serve it meanwhile, since the dispatcher runs here.
"""

import argparse
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

from presswarden.audit.model import Actor
from presswarden.dispatch import answers, keyring, signing
from presswarden.dispatch.envelope import call_body, new_nonce, signed_headers
from presswarden.dispatch.model import Ending, SignedCall, WireAnswer
from presswarden.dispatch.service import Dispatcher
from presswarden.gate.permit import Permit, args_hash
from presswarden.identity import service as identity
from presswarden.kernel.clock import SystemClock, unix
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CallId, CorrelationId, OrgId, new_id
from presswarden.kernel.sealing import Kek, new_key, read_kek
from presswarden.kernel.wake import PipeWake
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Request, RequestState
from presswarden.migrations.runner import upgrade
from presswarden.outside.wire import HttpWire
from presswarden.sites import service as sites
from presswarden.sites.model import Installation
from tests.fakes.site import ScriptedSite

TOOL = "wp.site.health"
LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass(frozen=True)
class Bench:
    database: Database
    kek: Kek
    installation: Installation
    wire: HttpWire
    wake: PipeWake
    clock: SystemClock


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
        raise SystemExit(f"the direct call was not answered: {came}")
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
        raise SystemExit(f"the read was not answered: {found.outcome}")
    return time.perf_counter() - began


@asynccontextmanager
async def _scripted(folder: Path) -> AsyncIterator[Bench]:
    clock, database = SystemClock(), Database(f"sqlite:///{folder / 'bench.sqlite'}")
    await upgrade(database)
    bench_kek, org = Kek("dispatcher", new_key()), OrgId(new_id())
    async with ScriptedSite(clock.now) as site:
        wire, wake = HttpWire(LOOPBACK), PipeWake(folder / "wake")
        dispatcher = Dispatcher(database, clock, bench_kek, wire, wake, LOOPBACK, everyone=EVERYONE)
        await dispatcher.fill_pool()
        async with database.transaction(org) as tx:
            await identity.create_organisation(tx, name="Bench", owner_name="Bench", owner_mail="b@example.org", now=clock.now())
            (owner,) = await identity.people(tx)
            text, _, made = await sites.begin_pairing(
                tx, home_label=site.home, control_url="http://127.0.0.1:8700", requested_by=owner.id, now=clock.now()
            )
            await sites.accept_pairing(tx, site.redeem(text), "127.0.0.1", Kek("web", new_key()), now=clock.now())
        await dispatcher.confirm_due()
        await dispatcher.serve_waiting()
        async with database.reading(org) as tx:
            paired = await sites.installation(tx, made.id)
        yield Bench(database, bench_kek, paired, wire, wake, clock)
    await database.dispose()


@asynccontextmanager
async def _real(home: Path, name: str) -> AsyncIterator[Bench]:
    database = Database(f"sqlite:///{home / 'presswarden.sqlite'}")
    async with database.reading(EVERYONE) as tx:
        organisation = await identity.default_organisation(EVERYONE, tx)
    async with database.reading(organisation.id) as tx:
        site = await sites.find_site(tx, name)
        if site.installation is None:
            raise SystemExit("that site is not paired")
        paired = await sites.installation(tx, site.installation)
    kek = read_kek("dispatcher", home / "keys" / "dispatcher.kek")
    yield Bench(database, kek, paired, HttpWire(LOOPBACK), PipeWake(home / "wake"), SystemClock())
    await database.dispose()


async def measure(bench: Bench, reads: int) -> None:
    """Interleaved, paced under the gate's rate; the first pair warms up and does not count."""
    stop = asyncio.Event()
    dispatcher = Dispatcher(bench.database, bench.clock, bench.kek, bench.wire, bench.wake, LOOPBACK, everyone=EVERYONE)
    running = asyncio.create_task(dispatcher.run(stop))
    await direct(bench)
    await through(bench)
    directs, throughs = [], []
    for _ in range(reads):
        directs.append(await direct(bench))
        throughs.append(await through(bench))
    stop.set()
    await running
    for name, spans in (("direct signed call", directs), ("mailbox, gate, dispatcher, site and back", throughs)):
        print(f"{name:45} p50 {statistics.median(spans) * 1000:7.1f} ms   p95 {sorted(spans)[int(len(spans) * 0.95)] * 1000:7.1f} ms")
    over = statistics.median(throughs) - statistics.median(directs)
    print(f"{'overhead of the way through, p50':45}     {over * 1000:7.1f} ms   over {reads} reads of each")


async def _main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = _real(arguments.home, arguments.site) if arguments.home else _scripted(Path(folder))
        async with room as bench:
            await measure(bench, arguments.reads)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--reads", type=int, default=60, choices=range(1, 119), metavar="1..118", help="reads of each kind; the gate allows 120 in a row"
    )
    parser.add_argument("--home", type=Path)
    parser.add_argument("--site", default="")
    asyncio.run(_main(parser.parse_args()))
