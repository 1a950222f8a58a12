"""What a program sends to the API has to be as its document says: parameters, bodies, keys, and not too much of it. On SQLite alone."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.surfaces.api.routes import api
from presswarden.surfaces.limits import Rate
from tests.console.programs import Api, code_of, over
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import opened


@pytest.fixture
async def here(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock, org: OrgId) -> AsyncIterator[Api]:
    path = tmp_path / "presswarden.sqlite"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield await over(await opened(database, frozen, org))
    await database.dispose()


@pytest.mark.parametrize(
    "path", ["/sites?sort=label", "/stops?x=1", "/sites?limit=0", "/sites?limit=201", "/sites?limit=x", "/audit?kind=x"]
)
async def test_a_parameter_that_is_not_known_or_does_not_fit_is_refused(here: Api, path: str) -> None:
    assert code_of(await here.get(await here.token(here.office.olga), path)) == (422, "request.parameters")


BODIES = [
    (b"{", 400), (b"[]", 400), (b'{"a":1,"a":2}', 400), (b'{"scope":1.5}', 400), (b"\xff", 400), (b"[" * 50, 400), (b"", 400),
    (b'{"scope":"organisation"}', 422), (b'{"scope":"organisation","reason":"x","more":1}', 422), (b'{"scope":"organisation","reason":1}', 422),
    (b'{"scope":"organisation","reason":"' + b"x" * 1_100_000 + b'"}', 413),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES)
async def test_a_body_that_is_not_as_it_must_be_is_refused(here: Api, body: bytes, status: int) -> None:
    headers = {
        "Authorization": f"Bearer {await here.token(here.office.olga)}",
        "Idempotency-Key": new_id(),
        "Content-Type": "application/json",
    }
    assert code_of(await here.client.post("/stops", content=body, headers=headers))[0] == status


async def test_a_post_needs_a_key_and_json(here: Api) -> None:
    headers = {"Authorization": f"Bearer {await here.token(here.office.olga)}"}
    body = {"scope": "organisation", "reason": "x"}
    assert code_of(await here.client.post("/stops", json=body, headers=headers)) == (422, "request.parameters")
    for key in ("short", "with a space in it", "x" * 101):
        assert code_of(await here.client.post("/stops", json=body, headers={**headers, "Idempotency-Key": key})) == (
            422,
            "request.parameters",
        )
    plain = {**headers, "Idempotency-Key": new_id(), "Content-Type": "text/plain"}
    assert code_of(await here.client.post("/stops", content=b"{}", headers=plain)) == (415, "request.media_type")


async def test_too_many_calls_are_told_when_to_come_again(here: Api) -> None:
    app = api(here.office.database, here.office.clock, here.wake, everyone=EVERYONE, rate=Rate(per_minute=60, burst=2))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("192.0.2.7", 40000)), base_url="http://localhost:8700")
    headers = {"Authorization": f"Bearer {await here.token(here.office.olga)}"}
    codes = [(await client.get("/sites", headers=headers)).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]  # the first is a stranger's
    limited = await client.get("/sites", headers=headers)
    assert (code_of(limited), limited.headers["retry-after"]) == ((429, "api.rate"), "1")
    here.office.clock.advance(seconds=2)
    assert (await client.get("/sites", headers=headers)).status_code == 200
