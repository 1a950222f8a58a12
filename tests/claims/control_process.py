"""A control plane's door for sites as a process of its own, for attacks: the real ingest application on a real socket, over a real database.

Reads one JSON command per line and answers each with one line. It plays the dispatcher's small part itself, because the attacks need the control keys: it
fills the pool with keys whose seeds it tells, and pins a pairing when it is told to. Which package it runs is chosen by PYTHONPATH, so the same program
runs the product as it is and a copy with a check taken out. Limits: it signs and sends nothing; its clock may be moved.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nacl.signing

from presswarden.identity import service as identity
from presswarden.incidents import service as incidents
from presswarden.kernel import verify
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, InstallationId, KeyId, OrgId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import PipeWake
from presswarden.processes import web
from presswarden.processes.settings import Settings
from presswarden.sites import service as sites


class MovedClock:
    """The machine's clock, moved."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.by


class Control:
    def __init__(self, database: Database, clock: MovedClock, url: str) -> None:
        self._database, self._clock, self._url = database, clock, url
        self._org = OrgId(new_id())
        self._seeds: dict[str, bytes] = {}

    async def found(self) -> None:
        async with self._database.transaction(self._org) as tx:
            await identity.create_organisation(tx, "Attacked", "Owner", "owner@localhost", self._clock.now())

    async def offer(self, home: str) -> dict[str, Any]:
        seed = os.urandom(32)
        public = bytes(nacl.signing.SigningKey(seed).verify_key)
        async with self._database.transaction(EVERYONE) as tx:
            await sites.add_pooled_keys(EVERYONE, tx, [(KeyId(verify.key_id(public)), public)], now=self._clock.now())
        async with self._database.transaction(self._org) as tx:
            owner = await identity.owner(tx)
            text, site, made = await sites.begin_pairing(
                tx, home_label=home, control_url=self._url, requested_by=owner.id, now=self._clock.now()
            )
        return {"text": text, "site": site.id, "installation": made.id, "seed": seed.hex()}

    async def confirm(self, installation: str) -> dict[str, Any]:
        """What the dispatcher does once the site's receipt of the first signed call was verified."""
        async with self._database.transaction(self._org) as tx:
            found = await sites.installation(tx, InstallationId(installation))
            paired = await sites.confirm_paired(tx, found.id, home=found.home, words=found.words.split(), now=self._clock.now())
        return {"state": paired.state.value}

    async def show(self, installation: str) -> dict[str, Any]:
        async with self._database.reading(self._org) as tx:
            found = await sites.installation(tx, InstallationId(installation))
            keys = await sites.site_keys(tx, found.id, self._clock.now())
            told = await incidents.open_incidents(tx, found.site)
        return {
            "state": found.state.value, "alg": found.alg.value, "home": found.home, "seq": found.seq, "words": found.words,
            "keys": [key.kid for key in keys], "incidents": sorted(one.kind.value for one in told),
        }  # fmt: skip

    async def shift(self, seconds: float) -> dict[str, Any]:
        self._clock.by += timedelta(seconds=seconds)
        return {}


async def main(file: str, port: int) -> None:
    database, clock, stop = Database(f"sqlite:///{file}"), MovedClock(), asyncio.Event()
    control = Control(database, clock, f"http://127.0.0.1:{port}")
    await control.found()
    app = web.build_app(database, clock, Kek("web", os.urandom(32)), PipeWake(Path(file).parent), "http://localhost:8700")
    settings = Settings.load(Path(file).parent, {"PRESSWARDEN_LISTEN": f"127.0.0.1:{port}"}).web()
    listening = asyncio.Event()
    served = asyncio.create_task(web.serve_app(app, settings, stop, listening))
    await listening.wait()
    print(json.dumps({"listens": True}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        do = {"offer": control.offer, "confirm": control.confirm, "show": control.show, "shift": control.shift}[asked.pop("do")]
        try:
            told = await do(**asked)
        except Exception as fault:
            told = {"fault": f"{type(fault).__name__}: {fault}"}
        print(json.dumps(told), flush=True)
    stop.set()
    with contextlib.suppress(asyncio.CancelledError):
        await served
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
