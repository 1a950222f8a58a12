"""What an accepted heartbeat says about incidents."""

import pytest

from presswarden.audit import service as audit
from presswarden.incidents import service as incidents
from presswarden.incidents.model import IncidentState, SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.telemetry.service import read_heartbeat
from tests.fakes.clock import FrozenClock
from tests.stages.telemetry.reports import INVENTORY, Installed, heartbeat, installation


async def _observe(database: Database, of: Installed, clock: FrozenClock, **said: Json) -> dict[SignalKind, IncidentState]:
    """Take one heartbeat that says `said`; the open incidents after it."""
    heard = read_heartbeat(heartbeat(1, clock.advance(minutes=5), INVENTORY, **said))
    async with database.transaction(of.org) as tx:
        await incidents.observe(tx, of, heard, clock.now())
        return {found.kind: found.state for found in await incidents.open_incidents(tx, of.site)}


@pytest.mark.req("W17")
async def test_an_ordinary_heartbeat_opens_nothing(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    assert await _observe(database, installation(org), frozen) == {}


@pytest.mark.req("W17")
@pytest.mark.parametrize("paused", ["local", "quiet"])
async def test_a_site_that_paused_itself_is_an_incident_until_it_resumes(
    database: Database, org: OrgId, frozen: FrozenClock, paused: str
) -> None:
    of = installation(org)
    for _ in range(2):
        assert await _observe(database, of, frozen, paused=paused) == {SignalKind.SITE_PAUSED: IncidentState.CONTAINED}
    assert await _observe(database, of, frozen) == {SignalKind.SITE_PAUSED: IncidentState.RECOVERED}
    async with database.reading(org) as tx:
        (found,) = await incidents.open_incidents(tx, of.site)
        kinds = [entry.kind for entry in await audit.events(tx)]
    assert found.signals == 1, "a heartbeat every five minutes is not a new signal each time"
    assert kinds == ["incident.opened", "incident.recovered"]


async def test_a_pause_of_our_own_is_no_incident(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    assert await _observe(database, installation(org), frozen, paused="control") == {}


@pytest.mark.req("W17")
async def test_a_connector_in_need_of_repair_is_an_incident_until_it_is_repaired(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    of = installation(org)
    assert await _observe(database, of, frozen, repair="auth_key") == {SignalKind.NEEDS_REPAIR: IncidentState.CONTAINED}
    assert await _observe(database, of, frozen) == {SignalKind.NEEDS_REPAIR: IncidentState.RECOVERED}


@pytest.mark.req("W17")
async def test_signatures_that_the_site_refused_are_a_signal_from_five_on(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    of = installation(org)
    assert await _observe(database, of, frozen, refusals={"call.signature": 4, "call.rate": 900}) == {}
    refusals: dict[str, Json] = {"call.signature": 3, "call.algorithm": 2}
    assert await _observe(database, of, frozen, refusals=refusals) == {SignalKind.SIGNATURE_FAILURES: IncidentState.CONTAINED}


@pytest.mark.req("W17")
@pytest.mark.parametrize("kind", [SignalKind.UNREACHABLE, SignalKind.CLOCK_SKEW])
async def test_a_heartbeat_ends_what_it_disproves(database: Database, org: OrgId, frozen: FrozenClock, kind: SignalKind) -> None:
    of = installation(org)
    async with database.transaction(org) as tx:
        await incidents.raise_signal(tx, kind, of.site, {}, frozen.now())
        await incidents.raise_signal(tx, SignalKind.CLONE, of.site, {}, frozen.now())
    assert await _observe(database, of, frozen) == {kind: IncidentState.RECOVERED, SignalKind.CLONE: IncidentState.CONTAINED}


@pytest.mark.req("P6")
async def test_a_goodbye_is_no_need_for_repair(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    assert await _observe(database, installation(org), frozen, repair="unpaired") == {}
