"""The HTTP API against what its own OpenAPI document says of it, with examples that nobody thought of: nothing fails on our side, nothing is undocumented.

`PRESSWARDEN_EXAMPLES` says how many of each operation: 25 unless set; 200 are the bar.
Limits: on SQLite; one owner's token. Which answers are right is said by the other tests.
"""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as of_openapi

from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, new_id
from presswarden.surfaces.api.routes import PREFIX, api, mounted
from presswarden.surfaces.limits import Rate
from tests.console.rig import CountedWake
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import SHOP_PLUGIN, Office, opened

EXAMPLES = int(os.environ.get("PRESSWARDEN_EXAMPLES", "25"))
CHECKS = [
    checks.not_a_server_error, of_openapi.status_code_conformance, of_openapi.content_type_conformance, of_openapi.response_headers_conformance,
    of_openapi.response_schema_conformance, of_openapi.negative_data_rejection, of_openapi.missing_required_header, of_openapi.unsupported_method,
]  # fmt: skip


@dataclass
class Running:
    url: str
    token: str
    known: dict[str, list[str]]
    """Ids that are there, by the name of the parameter."""
    document: dict[str, Any]


async def _filled(office: Office) -> dict[str, list[str]]:
    site, other = await office.site(), await office.site("other")
    filed, _ = await office.submit(office.item(other))
    async with office.database.transaction(office.org) as tx:
        incident = await incidents.raise_signal(tx, SignalKind.CLONE, site.site, {}, office.clock.now())
        await gate.stop(
            tx, office.olga, "x", scope=StopScope.AGENT, subject="a", correlation=CorrelationId(new_id()), now=office.clock.now()
        )
    return {"site": [site.site, other.site], "proposal": [filed.id], "incident": [str(incident)]}


@pytest.fixture(scope="module")
def running(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("api") / "presswarden.sqlite"
    shutil.copyfile(sqlite_template, path)
    begun: list[Running] = []
    servers: list[uvicorn.Server] = []
    ready = threading.Event()

    async def serve() -> None:
        database, clock = Database(f"sqlite:///{path}"), FrozenClock()
        office = await opened(database, clock, OrgId(new_id()))
        known = await _filled(office)
        now = clock.now()
        async with database.transaction(office.org) as tx:
            token, _ = await tokens.make(tx, office.olga, name="x", scopes=tuple(Scope), until=now + timedelta(days=30), now=now)
        app, inner = (
            FastAPI(openapi_url=None),
            api(database, clock, CountedWake(), everyone=EVERYONE, rate=Rate(per_minute=10**9, burst=10**9)),
        )
        app.router.routes.append(mounted(inner))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        servers.append(server)
        listening = socket.create_server(("127.0.0.1", 0))  # who calls before it answers waits in line
        port = listening.getsockname()[1]
        begun.append(Running(f"http://127.0.0.1:{port}{PREFIX}", token, known, inner.openapi()))
        ready.set()
        await server.serve(sockets=[listening])
        await database.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield begun[0]
    servers[0].should_exit = True
    thread.join(30)


OPERATIONS = [
    ("GET", "/sites"), ("GET", "/sites/{site}"), ("GET", "/sites/{site}/facts"), ("GET", "/sites/{site}/components"),
    ("GET", "/sites/{site}/snapshots"), ("GET", "/proposals"), ("GET", "/proposals/{proposal}"), ("GET", "/changes"), ("GET", "/changes/{change}"),
    ("GET", "/incidents"), ("GET", "/incidents/{incident}"), ("GET", "/policies"), ("GET", "/audit"), ("GET", "/audit/{entry}"), ("GET", "/stops"),
    ("POST", "/proposals/updates"), ("POST", "/proposals/updates/many"), ("POST", "/stops"), ("POST", "/sites/{site}/pause"),
]  # fmt: skip


def test_every_operation_of_the_document_is_tried(running: Running) -> None:
    told = {(method.upper(), path) for path, methods in running.document["paths"].items() for method in methods}
    assert told == set(OPERATIONS)


@pytest.mark.req("S2")
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_answers_as_its_document_says(running: Running, method: str, path: str) -> None:
    schema = schemathesis.openapi.from_dict(running.document)
    dice = Random(path)  # which examples name something that is there

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=_examples(schema[path][method]))
    def tried(case: Any) -> None:
        for name, ids in running.known.items():
            if name in (case.path_parameters or {}) and dice.random() < 0.5:
                case.path_parameters[name] = dice.choice(ids)
        body = case.body
        # Only of what is allowed: what must be refused stays as it is.
        if isinstance(body, dict) and case.meta.generation.mode is GenerationMode.POSITIVE and dice.random() < 0.5:
            named = {"sites": [dice.choice(running.known["site"])]} if "sites" in body else {"site": dice.choice(running.known["site"])}
            if body.keys() & {"site", "sites"}:
                body |= {**named, "component": SHOP_PLUGIN}
        answer = case.call(base_url=running.url, headers={"Authorization": f"Bearer {running.token}"})
        case.validate_response(answer, checks=CHECKS)

    tried()


def _examples(operation: Any) -> Any:
    """What the document allows and what it does not."""
    good, bad = (operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)
    return good | bad
