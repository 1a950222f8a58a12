"""Signals fold into one open incident for each site and kind; an open one is read by the gate; what passes by itself recovers, a person closes."""

import asyncio

import pytest

from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden
from presswarden.incidents import service as incidents
from presswarden.incidents.model import (
    KINDS,
    Bite,
    Incident,
    IncidentMove,
    IncidentState,
    IncidentUnknown,
    SignalKind,
    bounded,
    containment_of,
    first_state,
)
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import IncidentId, OrgId, PersonId, SiteId, new_id
from tests.fakes.clock import FrozenClock


@pytest.fixture
def site() -> SiteId:
    return SiteId(new_id())


@pytest.mark.req("W17")
async def test_more_of_the_same_is_folded_into_one_incident(database: Database, org: OrgId, site: SiteId, frozen: FrozenClock) -> None:
    opened = frozen.now()
    for number in range(3):
        async with database.transaction(org) as tx:
            await incidents.raise_signal(tx, SignalKind.CLONE, site, {"seq": number}, frozen.now())
        last = frozen.now()
        frozen.advance(minutes=1)
    async with database.reading(org) as tx:
        (found,) = await incidents.open_incidents(tx, site)
        shown, signals = await incidents.show(tx, found.id)
        counts = await incidents.open_counts(tx)
    assert (found.signals, found.opened_at, found.last_at, found.state) == (3, opened, last, IncidentState.CONTAINED)
    assert shown == found
    assert [signal.detail for signal in signals] == [{"seq": 0}, {"seq": 1}, {"seq": 2}]
    assert counts == {site: 1}


@pytest.mark.req("W17")
async def test_another_kind_or_another_site_is_another_incident(database: Database, org: OrgId, site: SiteId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        first = await incidents.raise_signal(tx, SignalKind.CLONE, site, {}, frozen.now())
        second = await incidents.raise_signal(tx, SignalKind.FENCE_BEHIND, site, {}, frozen.now())
        third = await incidents.raise_signal(tx, SignalKind.CLONE, SiteId(new_id()), {}, frozen.now())
        assert len({first, second, third}) == 3
        assert {found.id for found in await incidents.list_incidents(tx)} == {first, second, third}
        assert {found.id for found in await incidents.list_incidents(tx, site=site, only_open=True)} == {first, second}


@pytest.mark.req("W17", "N8")
async def test_two_first_signals_at_once_open_one_incident(database: Database, org: OrgId, site: SiteId, frozen: FrozenClock) -> None:
    both = asyncio.Barrier(2)

    async def signal() -> IncidentId:
        if not database.is_sqlite:  # one writer at a time there: a barrier inside the transaction would never open
            async with database.transaction(org) as tx:
                await both.wait()
                return await incidents.raise_signal(tx, SignalKind.RECEIPT_INVALID, site, {}, frozen.now())
        async with database.transaction(org) as tx:
            return await incidents.raise_signal(tx, SignalKind.RECEIPT_INVALID, site, {}, frozen.now())

    first, second = await asyncio.gather(signal(), signal())
    assert first == second
    async with database.reading(org) as tx:
        (found,) = await incidents.open_incidents(tx, site)
    assert found.signals == 2


async def test_a_flood_is_counted_and_costs_neither_table_nor_audit(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock
) -> None:
    async with database.transaction(org) as tx:
        for _ in range(incidents.SIGNALS_KEPT + 20):
            identity = await incidents.raise_signal(tx, SignalKind.SIGNATURE_FAILURES, site, {}, frozen.now())
        found, signals = await incidents.show(tx, identity)
        recorded = await audit.events(tx, limit=500)
    assert found.signals == incidents.SIGNALS_KEPT + 20
    assert len(signals) == incidents.SIGNALS_KEPT
    assert len(recorded) == incidents.SIGNALS_KEPT


@pytest.mark.req("W19")
async def test_opening_and_folding_stand_in_the_audit(database: Database, org: OrgId, site: SiteId, frozen: FrozenClock) -> None:
    by = Actor("process", "dispatcher")
    async with database.transaction(org) as tx:
        identity = await incidents.raise_signal(tx, SignalKind.RECEIPT_INVALID, site, {"signature": "missing"}, frozen.now(), by=by)
    frozen.advance(minutes=1)
    async with database.transaction(org) as tx:
        await incidents.raise_signal(tx, SignalKind.RECEIPT_INVALID, site, {}, frozen.now(), by=by)
        opened, folded = await audit.events(tx)
    assert (opened.kind, folded.kind) == ("incident.opened", "incident.signal")
    assert opened.actor == by
    assert opened.correlation == folded.correlation == identity
    assert opened.payload is not None
    assert opened.payload["detail"] == [{"name": "signature", "value": "missing"}]


@pytest.mark.req("W4")
async def test_another_organisation_sees_no_incident(database: Database, org: OrgId, site: SiteId, frozen: FrozenClock) -> None:
    async with database.transaction(org) as tx:
        identity = await incidents.raise_signal(tx, SignalKind.CLONE, site, {}, frozen.now())
    async with database.reading(OrgId(new_id())) as tx:
        assert await incidents.containment(tx, site) == ()
        assert await incidents.list_incidents(tx) == ()
        with pytest.raises(IncidentUnknown):
            await incidents.show(tx, identity)


@pytest.mark.req("W17", "X9")
@pytest.mark.parametrize("kind", SignalKind)
async def test_an_open_incident_contains_what_its_kind_says(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock, kind: SignalKind
) -> None:
    async with database.transaction(org) as tx:
        identity = await incidents.raise_signal(tx, kind, site, {}, frozen.now())
        contained = await incidents.containment(tx, site)
        (found,) = await incidents.open_incidents(tx, site)
    bites = KINDS[kind].bite is Bite.READS_ONLY
    assert [(one.incident, one.bite) for one in contained] == ([(identity, Bite.READS_ONLY)] if bites else [])
    assert found.state is (IncidentState.CONTAINED if bites else IncidentState.DETECTED)


@pytest.mark.req("W17")
def test_only_what_can_do_no_harm_bites_nothing() -> None:
    assert {kind for kind, known in KINDS.items() if known.bite is Bite.NOTHING} == {
        SignalKind.UNREACHABLE,
        SignalKind.CLOCK_SKEW,
        SignalKind.PASSKEY_COUNTER,  # a person's, not a site's: what they may approve with is decided elsewhere
        SignalKind.CHANGE_TAKEN_BACK,  # the site is as it was
        SignalKind.FATAL,  # visitors cause them too; a change that does is taken back by its own checks
        SignalKind.SNAPSHOT_EXPOSED,  # each snapshot is tested anew, and the way out is a change
    }
    assert set(KINDS) == set(SignalKind)
    assert all(known.says and known.do for known in KINDS.values())


@pytest.mark.req("W17")
async def test_a_condition_that_passed_recovers_and_stops_containing(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock
) -> None:
    async with database.transaction(org) as tx:
        identity = await incidents.raise_signal(tx, SignalKind.SITE_PAUSED, site, {"paused": "local"}, frozen.now())
        assert len(await incidents.containment(tx, site)) == 1
        assert await incidents.condition_over(tx, SignalKind.SITE_PAUSED, site, frozen.advance(minutes=5)) == identity
        assert await incidents.containment(tx, site) == ()
        (found,) = await incidents.open_incidents(tx, site)
        assert (found.state, found.recovered_at) == (IncidentState.RECOVERED, frozen.now())
        assert await incidents.condition_over(tx, SignalKind.SITE_PAUSED, site, frozen.now()) is None


@pytest.mark.req("W17")
async def test_the_same_again_before_it_is_closed_reopens_the_incident(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock
) -> None:
    async with database.transaction(org) as tx:
        identity = await incidents.raise_signal(tx, SignalKind.SITE_PAUSED, site, {}, frozen.now())
        await incidents.condition_over(tx, SignalKind.SITE_PAUSED, site, frozen.advance(minutes=5))
        assert await incidents.raise_signal(tx, SignalKind.SITE_PAUSED, site, {}, frozen.advance(minutes=5)) == identity
        (found,) = await incidents.open_incidents(tx, site)
        assert (found.state, found.signals, found.recovered_at) == (IncidentState.CONTAINED, 2, None)
        assert len(await incidents.containment(tx, site)) == 1


@pytest.mark.req("W17")
@pytest.mark.parametrize("kind", [kind for kind, known in KINDS.items() if not known.passes])
async def test_what_only_a_person_can_judge_does_not_recover_by_itself(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock, kind: SignalKind
) -> None:
    async with database.transaction(org) as tx:
        await incidents.raise_signal(tx, kind, site, {}, frozen.now())
        assert await incidents.condition_over(tx, kind, site, frozen.now()) is None
        assert len(await incidents.containment(tx, site)) == (KINDS[kind].bite is Bite.READS_ONLY)


@pytest.mark.req("W17")
async def test_a_person_closes_an_incident_and_its_containment_ends(
    database: Database, org: OrgId, site: SiteId, frozen: FrozenClock
) -> None:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, name="Agency", owner_name="Olga", owner_mail="o@example.org", now=frozen.now())
        (owner,) = await identity.people(tx)
        opened = await incidents.raise_signal(tx, SignalKind.ROLLBACK_FAILED, site, {}, frozen.now())
        assert len(await incidents.containment(tx, site)) == 1
        closed = await incidents.close(tx, opened, "the files were put back by hand", by=owner.id, now=frozen.now())
        assert closed.state is IncidentState.CLOSED
        assert await incidents.containment(tx, site) == ()
        assert "incident.closed" in {entry.kind for entry in await audit.events(tx)}
        with pytest.raises(IncidentMove):
            await incidents.close(tx, opened, "again", by=owner.id, now=frozen.now())
        with pytest.raises(Forbidden):
            await incidents.close(
                tx, await incidents.raise_signal(tx, SignalKind.CLONE, site, {}, frozen.now()), "x", by=PersonId(new_id()), now=frozen.now()
            )


@pytest.mark.req("W17")
def test_the_walk_of_an_incident_has_no_short_cut(site: SiteId, frozen: FrozenClock) -> None:
    now = frozen.now()
    fresh = Incident(IncidentId(new_id()), site, SignalKind.CLONE, first_state(SignalKind.CLONE), now, now, 1)
    for straight_to in (IncidentState.CLOSED, IncidentState.DETECTED):
        with pytest.raises(IncidentMove):
            fresh.moved(straight_to, now)
    closed = fresh.moved(IncidentState.REVIEWING, now).moved(IncidentState.RECOVERED, now).moved(IncidentState.CLOSED, now)
    assert not closed.open
    assert containment_of(closed) is None
    for state in IncidentState:
        with pytest.raises(IncidentMove):
            closed.moved(state, now)


@pytest.mark.req("W17")
def test_a_clone_thought_over_still_contains_until_it_is_closed(site: SiteId, frozen: FrozenClock) -> None:
    now = frozen.now()
    fresh = Incident(IncidentId(new_id()), site, SignalKind.CLONE, first_state(SignalKind.CLONE), now, now, 1)
    assert containment_of(fresh.moved(IncidentState.REVIEWING, now).moved(IncidentState.RECOVERED, now)) is not None


def test_the_detail_of_a_signal_is_bounded() -> None:
    hostile: dict[str, Json] = {**{f"k{n}": n for n in range(30)}, "list": [1]}
    assert bounded({"text": "x" * 400, "list": ["a"], "map": {"a": 1}, "yes": True, "none": None}) == {
        "text": "x" * 300,
        "yes": True,
        "none": None,
    }
    assert len(bounded(hostile)) == 20
