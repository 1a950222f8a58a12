"""News in a health read that nobody asked about: raised once, compared with the read before it."""

from typing import Any

import pytest

from presswarden.dispatch import noticing
from presswarden.incidents import service as incidents
from presswarden.incidents.model import Incident, SignalKind
from presswarden.kernel.db import Database
from presswarden.kernel.ids import ChangeId, CorrelationId, InstallationId, OrgId, ProposalId, SiteId, WorkId, new_id
from presswarden.rollouts import store
from presswarden.rollouts.model import Change, Result, Work, WorkState
from presswarden.telemetry import service as telemetry
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("W17")
KINDS = {SignalKind.FATAL, SignalKind.CHANGE_UNDONE}


def read(clock: FrozenClock, *, fatals: list[dict[str, Any]] | None = None, change: dict[str, Any] | None = None) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    return {"as_of": now, "change": change, "fatals": fatals or [], "site_time": now}


def fatal(file: str, at: int = 1_800_000_000) -> dict[str, Any]:
    return {"at": at, "file": file, "line": 7, "type": 1}


def change(state: str, id_: str) -> dict[str, Any]:
    return {"component": "plugin:a/a.php", "deadline": 1, "id": id_, "opened": 1, "state": state, "why": "fatal-here"}


async def take(database: Database, org: OrgId, site: SiteId, clock: FrozenClock, *reads: dict[str, Any]) -> dict[SignalKind, Incident]:
    """Each read as it comes in; the incidents of these kinds after it."""
    for told in reads:
        async with database.transaction(org) as tx:
            await noticing.health(tx, site, told, now=clock.now())
            await telemetry.record_read(tx, site, "wp.site.health", told, clock.now())
        clock.advance(minutes=5)
    async with database.reading(org) as tx:
        return {one.kind: one for one in await incidents.open_incidents(tx, site) if one.kind in KINDS}


@pytest.fixture
def site() -> SiteId:
    return SiteId(new_id())


async def test_a_fatal_error_in_a_new_place_is_an_incident_once(database: Database, org: OrgId, site: SiteId, frozen: FrozenClock) -> None:
    before, after = read(frozen, fatals=[fatal("a.php")]), read(frozen, fatals=[fatal("b.php"), fatal("a.php")])
    found = await take(database, org, site, frozen, before, after, after)
    assert found[SignalKind.FATAL].signals == 1


async def test_what_was_broken_when_a_site_was_first_read_is_no_news(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock
) -> None:
    first = read(frozen, fatals=[fatal("a.php")], change=change("restored", new_id()))
    again = read(frozen, fatals=[fatal("a.php", at=1_800_000_999)], change=first["change"])
    assert await take(database, org, site, frozen, first, again) == {}


@pytest.mark.parametrize("state", ["restored", "superseded", "failed"])
async def test_a_change_that_is_undone_and_that_we_do_not_know_is_an_incident_once(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock, state: str
) -> None:
    undone = read(frozen, change=change(state, new_id()))
    found = await take(database, org, site, frozen, read(frozen), undone, undone)
    assert found[SignalKind.CHANGE_UNDONE].signals == 1


@pytest.mark.parametrize("state", ["applying", "confirm", "closed", "restoring"])
async def test_a_change_that_is_not_undone_is_none(database: Database, org: OrgId, site: SiteId, frozen: FrozenClock, state: str) -> None:
    assert await take(database, org, site, frozen, read(frozen), read(frozen, change=change(state, new_id()))) == {}


@pytest.mark.parametrize(
    ("result", "is_news"),
    [
        (Result.SUCCEEDED, True),
        (Result.UNVERIFIED, True),
        (Result.UNKNOWN, True),
        (Result.ROLLED_BACK, False),
        (Result.ROLLBACK_FAILED, False),
        (None, False),
    ],
)
async def test_an_undone_change_is_news_unless_its_own_saga_told_of_it(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock, result: Result | None, is_news: bool
) -> None:
    now, named = frozen.now(), ChangeId(new_id())
    work = Work(
        org, WorkId(new_id()), ProposalId(new_id()), site, InstallationId(new_id()), (named,), WorkState.RUNNING, CorrelationId(new_id()), now, now, now
    )  # fmt: skip
    made = Change(org, named, work.id, work.proposal, site, 1, "wp.plugin.update", "plugin:a/a.php", "1.0", "1.1", None, "", None, "", "")
    async with database.transaction(org) as tx:
        await store.add(org, tx, work, [made], "7/8")
        if result is not None:
            await store.put_change(org, tx, named, result=result.value, ended_at=now)
    found = await take(
        database, org, site, frozen, read(frozen, change=change("closed", named)), read(frozen, change=change("restored", named))
    )
    assert (SignalKind.CHANGE_UNDONE in found) is is_news
