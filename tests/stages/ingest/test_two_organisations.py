"""Every route that sites talk to, used by a site of one organisation with names of another: refused or without effect there, and nothing of the other is told.

The routes are those that the application lists. A call id of the other organisation is answered as one that nothing has. Limits: that an installation exists
is told to whoever names its id, which is random and known to its own site alone; wrong signatures are counted for it.
"""

from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from presswarden.identity import service as identity
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, new_id
from presswarden.mailbox.envelopes.store import EnvelopeRow
from presswarden.mailbox.store import RequestRow
from presswarden.surfaces.ingest.routes import ingest_routes
from tests.claims.attacks import Attack, attack_of
from tests.database.doubled import tables
from tests.fakes.connector import Connector, Message
from tests.stages.ingest.conftest import Plane

pytestmark = pytest.mark.req("W4", "X10")

COUNTED = {"refused_signatures", "incidents", "incident_signals", "audit_events", "audit_payloads", "audit_queue"}
"""What wrong signatures under an installation's name leave behind, for its own organisation to see."""
ROUTES = {"pair", "heartbeat", "receipt", "moved"}


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Attack:
    return attack_of(request)


@pytest.fixture
async def there(plane: Plane) -> Plane:
    """The same surface, with an organisation beside the first one."""
    org = OrgId(new_id())
    async with plane.database.transaction(org) as tx:
        await identity.create_organisation(tx, "Southwind", "Sue", "sue@southwind.example", plane.clock.now())
        owner = await identity.owner(tx)
    return replace(plane, org=org, owner=owner.id)


async def _rows(database: Database, org: OrgId) -> dict[str, list[str]]:
    async with database.reading(EVERYONE) as tx:
        return {
            each.name: sorted(map(repr, await tx.direct.execute(select(each).where(each.c.org == org))))
            for each in tables()
            if each.name not in COUNTED
        }


async def _waiting_call(there: Plane, site: Connector) -> str:
    """A call of the other organisation that waits to be taken along by its site."""
    found, call, request = await there.installation(site), new_id(), new_id()
    at = {"asked_at": there.clock.now(), "deadline": there.clock.now()}
    asked = {
        "id": request,
        "site": found.site,
        "installation": found.id,
        "tool": "wp.site.health",
        "args": {},
        "by_kind": "person",
        "by_id": there.owner,
    }
    sent = {"call": call, "request": request, "installation": found.id, "home": found.home, "tool": "wp.site.health", "args_hash": "0" * 64}
    async with there.database.transaction(there.org) as tx:
        tx.add(RequestRow(org=there.org, **asked, **at, correlation=new_id(), state="sent", turn="1"))
        await tx.flush()
        tx.add(
            EnvelopeRow(
                org=there.org, **sent, body=b"{}", nonce="0" * 32, kid="0" * 16, state="offered", made_at=there.clock.now(), sendings=1
            )
        )
    return call


def _tries(mine: Connector, theirs: Connector, call: str) -> dict[str, tuple[str, Message]]:
    """Messages of a site of ours that name something of theirs."""
    disguised = replace(mine, installation=theirs.installation)
    elsewhere = replace(mine, home=theirs.home)
    tries: dict[str, tuple[str, Message]] = {}
    for name, one in {
        "under their installation": disguised,
        "with their home": elsewhere,
        "both": replace(disguised, home=theirs.home),
    }.items():
        tries |= {
            f"heartbeat {name}": ("heartbeat", one.heartbeat()),
            f"moved {name}": ("moved", one.moved("https://mine.example")),
            f"receipt {name}": ("receipt", one.receipt(call)),
        }
    tries["moved to their home"] = ("moved", mine.moved(theirs.home))
    tries["moved from their home"] = ("moved", mine.moved("https://mine.example", old_home=theirs.home))
    for kind, made in (("heartbeat", mine.heartbeat()), ("receipt", mine.receipt(call)), ("moved", mine.moved("https://mine.example"))):
        renamed = Message({**made.headers, "X-WP-Agent-Installation": theirs.installation}, made.body)
        tries[f"{kind} with their installation in its header"] = (kind, renamed)
    return tries


def test_every_route_is_tried(plane: Plane) -> None:
    app = FastAPI()
    app.include_router(ingest_routes(plane.database, plane.clock, plane.kek, plane.wake, everyone=EVERYONE))
    listed = {path.removeprefix("/ingest/v1/") for path in _paths(app) if path.startswith("/ingest/")}
    assert listed == ROUTES


async def test_a_site_of_one_organisation_does_nothing_in_another(plane: Plane, there: Plane, attack: Attack) -> None:
    mine, theirs = await plane.paired(home="https://mine.example"), await there.paired(home="https://theirs.example")
    assert (await there.post("heartbeat", theirs.heartbeat())).status_code == 200
    call = await _waiting_call(there, theirs)
    before = await _rows(plane.database, there.org)
    for name, (route, message) in _tries(mine, theirs, call).items():
        answer = await plane.post(route, message)
        told = answer.content.decode()
        attack.repelled(name, theirs.home not in told and call not in told and "inventory" not in told, told)
        attack.repelled(f"{name}: nothing there", await _rows(plane.database, there.org) == before, told)
    answers = [await plane.post("receipt", mine.receipt(each)) for each in (call, new_id())]
    attack.repelled(
        "a receipt for their call", answers[0].content == answers[1].content and answers[0].status_code == answers[1].status_code
    )
    text, _ = await there.begin("another")
    bent = mine.pair_body(text, mac="0" * 64)
    told = await plane.post_pair({**bent, "installation": mine.installation})
    attack.repelled("their pairing string under our installation", told.status_code >= 400, told.text)


async def test_both_sites_speak_for_their_own_organisation(plane: Plane, there: Plane) -> None:
    mine, theirs = await plane.paired(home="https://mine.example"), await there.paired(home="https://theirs.example")
    for one, place in ((mine, plane), (theirs, there)):
        assert (await plane.post("heartbeat", one.heartbeat())).status_code == 200
        assert (await place.installation(one)).seq == 1


def _paths(routes: Any) -> list[str]:
    found = []
    for route in getattr(routes, "routes", ()):
        found += [route.path] if hasattr(route, "path") else []
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        found += _paths(inner) if inner is not None else []
    return found
