"""Taking a heartbeat through the whole ingest application against bare inserts of as many rows, interleaved in one run, on SQLite and PostgreSQL.

A heartbeat in the steady state (inventory known by its hash) is verified, claimed, stored and answered; it writes five rows: message, sequence, heartbeat,
standing, inventory. The bare side inserts five rows of the same sizes in one transaction and does nothing else.
Limits: one sender at a time, no network, this machine's disk; signing is the site's cost and not timed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from nacl.signing import SigningKey
from sqlalchemy import Column, MetaData, String, Table, insert

from bench.figures import Bar, Figure, in_turns
from presswarden.identity import service as identity
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, InstallationId, KeyId, OrgId, new_id
from presswarden.kernel.sealing import Kek, new_key
from presswarden.kernel.verify import key_id
from presswarden.kernel.wake import PipeWake
from presswarden.migrations.runner import upgrade
from presswarden.sites import service as sites
from presswarden.sites.model import Algorithm, PairRequest
from presswarden.surfaces.ingest.routes import ingest_routes
from presswarden.surfaces.limits import Rate
from tests.fakes.clock import FrozenClock
from tests.fakes.connector import Connector, Message

BAR = Bar(0.3, at_most=False)
TURNS = 200
WARM = 10
SITES = 20
CONTROL = "https://control.example"
ROWS = {"message": 100, "sequence": 60, "heartbeat": 300, "standing": 320, "inventory": 150}
"""Rows of one heartbeat, and about how many bytes each has beside its key."""
PLAIN = [
    Table(f"bench_{name}", MetaData(), Column("org", String(36), primary_key=True), Column("id", String(36), primary_key=True), Column("rest", String))
    for name in ROWS
]  # fmt: skip
INSERTS = [(insert(table), "x" * size) for table, size in zip(PLAIN, ROWS.values(), strict=True)]


@dataclass
class Rig:
    database: Database
    app: FastAPI
    clock: FrozenClock
    org: OrgId
    paired: list[Connector]

    def signed(self, count: int) -> list[Message]:
        """Messages of a later minute, so that no limit bites."""
        self.clock.advance(minutes=2)
        for site in self.paired:
            site.now = unix(self.clock.now())
        return [self.paired[number % len(self.paired)].heartbeat(full=False) for number in range(count)]


async def post(app: FastAPI, message: Message) -> int:
    """One request straight into the application: no HTTP client's time is counted."""
    headers = [(name.lower().encode(), value.encode()) for name, value in message.headers.items()]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "https", "path": "/ingest/v1/heartbeat",
             "raw_path": b"/ingest/v1/heartbeat", "query_string": b"", "headers": headers, "client": ("192.0.2.1", 1), "server": ("c", 443)}  # fmt: skip
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": message.body, "more_body": False}

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            status.append(event["status"])

    await app(scope, receive, send)
    return status[0]


async def _taken(rig: Rig, messages: Iterator[Message]) -> None:
    if await post(rig.app, next(messages)) != 200:
        raise RuntimeError("a heartbeat was refused; the figure would be worth nothing")


async def _bare(rig: Rig) -> None:
    async with rig.database.transaction(rig.org) as tx:
        connection = await tx.connection()
        for statement, rest in INSERTS:
            await connection.execute(statement, {"org": rig.org, "id": new_id(), "rest": rest})


async def rigged(database: Database, folder: Path, count: int) -> Rig:
    await upgrade(database)
    async with database.engine.begin() as connection:
        for table in PLAIN:
            await connection.run_sync(table.metadata.create_all)
    clock, org, kek = FrozenClock(), OrgId(new_id()), Kek("web", new_key())
    made = [bytes(SigningKey.generate().verify_key) for _ in range(count)]
    async with database.transaction(EVERYONE) as tx:
        await sites.add_pooled_keys(EVERYONE, tx, [(KeyId(key_id(key)), key) for key in made], now=clock.now())
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Bench", "Ada", "ada@bench.test", clock.now())
        owner = await identity.owner(tx)
        paired = [await _paired(tx, number, owner.id, kek, clock) for number in range(count)]
    app = FastAPI()
    app.include_router(ingest_routes(database, clock, kek, PipeWake(folder / new_id()), EVERYONE, rate=Rate(10**9, 10**9)))
    rig = Rig(database, app, clock, org, paired)
    for site in paired:
        if await post(app, site.heartbeat()) != 200:
            raise RuntimeError("the first inventory was refused")
    return rig


async def _paired(tx: Any, number: int, owner: Any, kek: Kek, clock: FrozenClock) -> Connector:
    text, _, made = await sites.begin_pairing(tx, home_label=f"s{number}", control_url=CONTROL, requested_by=owner, now=clock.now())
    site = Connector(f"https://s{number}.example", unix(clock.now()))
    told = {name: str(value) for name, value in site.pair_body(text).items() if name not in {"v", "alg", "installation"}}
    request = PairRequest(installation=InstallationId(site.installation), alg=Algorithm(site.alg), **told)
    if await sites.accept_pairing(tx, request, "192.0.2.1", kek, now=clock.now()) is not None:
        raise RuntimeError("the pairing was refused")
    found = await sites.installation(tx, made.id)
    await sites.confirm_paired(tx, made.id, home=site.home, words=found.words.split(), now=clock.now())
    return site


async def measure(name: str, url: str, folder: Path) -> list[Figure]:
    database = Database(url)
    try:
        rig = await rigged(database, folder, SITES)
        messages = iter(rig.signed(TURNS + WARM))
        turns = await in_turns(partial(_bare, rig), partial(_taken, rig, messages), count=TURNS, warm=WARM)
    finally:
        await database.dispose()
    bare, ingest = turns.usual
    return [
        Figure(f"heartbeat ingest, {name}", f"{1000 / ingest:.0f}/s; bare inserts of {len(ROWS)} rows {1000 / bare:.0f}/s", turns.pace, BAR)
    ]
