"""Kill switches of every reach: what each stops, who throws and who lifts it, and that what is open reaches its end."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from presswarden.agents import service as agents
from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.gate.model import Ask, Stop, Stopped, StopRefused, StopScope, told
from presswarden.identity import service as identity
from presswarden.identity.clients import service as clients
from presswarden.identity.model import ClientUnknown, Forbidden, Grant, Role
from presswarden.kernel.clock import unix
from presswarden.kernel.ids import CallId, CorrelationId, OrgId, PersonId, SiteId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, LeafRole, ProposalState, Source
from presswarden.sites.model import SiteUnknown
from tests.stages.approvals.office import Office, Paired, opened
from tests.stages.gate.case import Case

pytestmark = pytest.mark.req("W17", "A8")
ANALYST = Actor("process", "analyst")
INVENTORY = "wp.site.inventory"


async def _stop(
    office: Office,
    scope: StopScope,
    subject: str = "",
    *,
    by: PersonId | None = None,
    reason: str = "breach",
    until: datetime | None = None,
) -> Stop:
    async with office.database.transaction(office.org) as tx:
        return await gate.stop(
            tx, by or office.olga, reason, scope=scope, subject=subject, until=until, correlation=CorrelationId(new_id()),
            now=office.clock.now(),
        )  # fmt: skip


async def _lift(office: Office, scope: StopScope, subject: str = "", *, by: PersonId | None = None, reason: str = "mended") -> Stop | None:
    async with office.database.transaction(office.org) as tx:
        return await gate.lift(
            tx, by or office.olga, reason, scope=scope, subject=subject, correlation=CorrelationId(new_id()), now=office.clock.now()
        )


async def _stops(office: Office) -> list[tuple[StopScope, str]]:
    async with office.database.reading(office.org) as tx:
        return [(one.scope, one.subject) for one in await gate.stops(tx, office.clock.now())]


def _read(site: Paired, by: Actor) -> Ask:
    return Ask(CallId(new_id()), site.installation, site.site, INVENTORY, {}, by, CorrelationId(new_id()))


async def test_a_stop_of_one_site_stops_that_site_alone(case: Case) -> None:
    other = await case.office.site("other")
    await _stop(case.office, StopScope.SITE, case.site.site)
    person = Actor("person", case.office.olga)
    assert await case.codes(_read(case.site, person)) == ["gate.stopped_site"]
    assert await case.codes(_read(other, person)) == []


async def test_a_stop_of_an_agent_stops_what_it_asks_for_and_leaves_peoples_work_alone(case: Case) -> None:
    await case.verified()
    await _stop(case.office, StopScope.AGENT, "analyst")
    await _stop(case.office, StopScope.AGENT, case.plan.by.id)  # a person is no agent
    assert await case.codes(_read(case.site, ANALYST)) == ["gate.stopped_agent"]
    assert await case.codes(_read(case.site, Actor("process", "flows"))) == []
    assert await case.codes(case.call()) == []


async def test_what_a_stopped_agent_recommended_does_not_run_though_a_person_adopted_it(office: Office) -> None:
    site, anna, berta = await office.site(), await office.person("Anna"), await office.person("Berta")
    filed, _ = await office.submit(office.item(site, package="a" * 64), by=ANALYST, confidence=0.9)
    async with office.database.transaction(office.org) as tx:
        await proposals.adopt(tx, filed.id, Actor("person", office.olga), office.clock.now())
    given = await office.yes(filed, anna)
    if given.needs.people and (await office.look(filed.id)).state is not ProposalState.APPROVED:
        await office.yes(filed, berta)
    case = Case(office, site, anna, berta, await office.look(filed.id))
    await case.verified()
    await _stop(office, StopScope.AGENT, "analyst")
    assert "gate.stopped_agent" in await case.codes(case.call())
    await _lift(office, StopScope.AGENT, "analyst")
    assert await case.codes(case.call()) == []


async def test_a_stop_of_a_client_stops_its_sites_alone(case: Case) -> None:
    office, other = case.office, await case.office.site("other")
    async with office.database.transaction(office.org) as tx:
        bakery = await clients.add(tx, "Bakery", by=office.olga, now=office.clock.now())
        await clients.assign(tx, case.site.site, bakery.id, by=office.olga, now=office.clock.now())
    await _stop(office, StopScope.CLIENT, bakery.id)
    person = Actor("person", office.olga)
    assert await case.codes(_read(case.site, person)) == ["gate.stopped_client"]
    assert await case.codes(_read(other, person)) == []
    with pytest.raises(ClientUnknown):
        await _stop(office, StopScope.CLIENT, new_id())


async def test_who_has_a_role_for_a_client_stops_that_client_alone(case: Case) -> None:
    office = case.office
    async with office.database.transaction(office.org) as tx:
        bakery, garage = [await clients.add(tx, name, by=office.olga, now=office.clock.now()) for name in ("Bakery", "Garage")]
        otto = await identity.add_person(
            tx, name="Otto", mail="otto@example.org", grant=Grant(Role.OPERATOR, client=bakery.id), by=office.olga, now=office.clock.now()
        )
    await _stop(office, StopScope.CLIENT, bakery.id, by=otto.id)
    with pytest.raises(Forbidden):
        await _stop(office, StopScope.CLIENT, garage.id, by=otto.id)


async def test_everything_is_stopped_in_every_organisation(case: Case) -> None:
    await _stop(case.office, StopScope.EVERYTHING)
    elsewhere = await opened(case.office.database, case.office.clock, OrgId(new_id()))
    assert await _stops(elsewhere) == [(StopScope.EVERYTHING, "")]
    assert await case.codes(_read(case.site, Actor("person", case.office.olga))) == ["gate.stopped_everywhere"]


async def test_each_stop_that_bears_is_told(case: Case) -> None:
    for scope, subject in ((StopScope.ORGANISATION, ""), (StopScope.SITE, case.site.site), (StopScope.EVERYTHING, "")):
        await _stop(case.office, scope, subject)
    assert await case.codes(_read(case.site, Actor("person", case.office.olga))) == [
        "gate.stopped_everywhere",
        "gate.stopped",
        "gate.stopped_site",
    ]


@pytest.mark.req("W15")
@pytest.mark.parametrize("role", [LeafRole.CLOSE, LeafRole.TAKE_BACK, LeafRole.DEACTIVATE])
async def test_what_is_open_on_a_stopped_site_reaches_its_end(case: Case, role: LeafRole) -> None:
    await case.begun()
    await _stop(case.office, StopScope.SITE, case.site.site)
    assert await case.codes(case.call(role)) == []
    assert "gate.stopped_site" not in await case.codes(_read(case.site, Actor("process", "flows")))


async def test_what_a_stopped_agent_recommends_is_not_kept(case: Case) -> None:
    office, site = case.office, await case.office.site("second")
    draft = Draft(Source.ANALYST, ANALYST, "Update Tiny", (office.item(site),), (), 0.9)
    await _stop(office, StopScope.AGENT, "analyst")
    async with office.database.transaction(office.org) as tx:
        assert await agents.file(tx, draft, office.clock.now()) is None
        with pytest.raises(Stopped) as told:
            await gate.require_running(tx, (site.site,), ("analyst",), now=office.clock.now())
        assert "agent" in told.value.says
        await gate.require_running(tx, (site.site,), (), now=office.clock.now())


async def test_who_may_pause_may_stop_and_only_an_owner_resumes(case: Case) -> None:
    office = case.office
    operator, viewer = await office.person("Otto", Role.OPERATOR), await office.person("Vera", Role.VIEWER)
    with pytest.raises(Forbidden):
        await _stop(office, StopScope.ORGANISATION, by=viewer)
    with pytest.raises(Forbidden):
        await _stop(office, StopScope.EVERYTHING, by=operator)
    await _stop(office, StopScope.ORGANISATION, by=operator)
    with pytest.raises(Forbidden):
        await _lift(office, StopScope.ORGANISATION, by=operator)
    assert await _lift(office, StopScope.ORGANISATION) is None  # two people may approve here
    assert await _stops(office) == []


async def test_a_persons_site_bounds_what_they_stop(case: Case) -> None:
    other = await case.office.site("other")
    operator = await case.office.person("Otto", Role.OPERATOR, site=case.site.site)
    await _stop(case.office, StopScope.SITE, case.site.site, by=operator)
    for scope, subject in ((StopScope.SITE, other.site), (StopScope.ORGANISATION, ""), (StopScope.AGENT, "analyst")):
        with pytest.raises(Forbidden):
            await _stop(case.office, scope, subject, by=operator)


async def test_a_site_of_another_organisation_is_unknown(case: Case) -> None:
    elsewhere = await opened(case.office.database, case.office.clock, OrgId(new_id()))
    for site in (case.site.site, SiteId(new_id())):
        with pytest.raises(SiteUnknown):
            await _stop(elsewhere, StopScope.SITE, site)


@pytest.mark.parametrize(("scope", "subject"), [(StopScope.SITE, ""), (StopScope.ORGANISATION, "x"), (StopScope.AGENT, "a" * 65)])
async def test_a_stop_names_what_its_reach_needs(case: Case, scope: StopScope, subject: str) -> None:
    with pytest.raises(StopRefused):
        await _stop(case.office, scope, subject)


async def test_a_resume_needs_a_reason_and_something_to_resume(case: Case) -> None:
    with pytest.raises(StopRefused):
        await _lift(case.office, StopScope.ORGANISATION)
    await _stop(case.office, StopScope.ORGANISATION)
    with pytest.raises(StopRefused):
        await _lift(case.office, StopScope.ORGANISATION, reason="  ")
    assert await _stops(case.office) == [(StopScope.ORGANISATION, "")]


async def test_a_single_operators_resume_takes_fifteen_minutes_and_a_stop_undoes_it(office: Office) -> None:
    await _stop(office, StopScope.ORGANISATION)
    ending = await _lift(office, StopScope.ORGANISATION)
    assert ending is not None
    assert ending.until is not None
    assert await _lift(office, StopScope.ORGANISATION) == ending, "asking again does not make it sooner or later"
    office.clock.advance(minutes=14)
    assert await _stops(office) == [(StopScope.ORGANISATION, "")]
    again = await _stop(office, StopScope.ORGANISATION, reason="no, wait")
    assert (again.until, again.reason) == (None, "no, wait")
    office.clock.advance(minutes=20)
    assert await _stops(office) == [(StopScope.ORGANISATION, "")]
    await _lift(office, StopScope.ORGANISATION)
    office.clock.advance(minutes=15)
    assert await _stops(office) == []


async def test_a_maintenance_ends_by_itself_and_the_record_says_so_once(case: Case) -> None:
    office = case.office
    ends = office.clock.now() + timedelta(hours=2)
    thrown = await _stop(office, StopScope.SITE, case.site.site, until=ends)
    assert (thrown.until, told(thrown).count(f"until {ends:%Y-%m-%d %H:%M} UTC")) == (ends, 1)
    assert await case.codes(_read(case.site, Actor("person", office.olga))) == ["gate.stopped_site"]
    office.clock.advance(hours=2, seconds=-1)
    assert await _stops(office) == [(StopScope.SITE, case.site.site)]
    async with office.database.transaction(office.org) as tx:
        assert await gate.end_due(tx, office.clock.now()) == 0
    office.clock.advance(seconds=1)
    assert await case.codes(_read(case.site, Actor("person", office.olga))) == []
    async with office.database.transaction(office.org) as tx:
        assert [await gate.end_due(tx, office.clock.now()) for _ in range(2)] == [1, 0]
        (thrown_then,), (said,) = await audit.events(tx, kind="gate.stopped"), await audit.events(tx, kind="gate.ended")
    assert thrown_then.payload is not None
    assert said.payload is not None
    assert (thrown_then.payload["ends"], said.payload["ends"], said.actor.id) == (unix(ends), unix(ends), "janitor")


async def test_an_end_that_nobody_recorded_yet_is_recorded_before_the_next_stop(case: Case) -> None:
    office = case.office
    await _stop(office, StopScope.ORGANISATION, until=office.clock.now() + timedelta(minutes=5))
    office.clock.advance(minutes=6)
    assert (await _stop(office, StopScope.ORGANISATION, reason="again")).until is None
    async with office.database.transaction(office.org) as tx:
        assert len(await audit.events(tx, kind="gate.ended")) == 1


async def test_a_shorter_end_changes_nothing_that_stands_and_a_longer_one_holds(office: Office) -> None:
    now = office.clock.now()
    first = await _stop(office, StopScope.ORGANISATION, until=now + timedelta(hours=2))
    assert await _stop(office, StopScope.ORGANISATION, until=now + timedelta(hours=1)) == first
    assert (await _stop(office, StopScope.ORGANISATION, until=now + timedelta(hours=3))).until == now + timedelta(hours=3)
    assert (await _stop(office, StopScope.ORGANISATION)).until is None
    assert (await _stop(office, StopScope.ORGANISATION, until=now + timedelta(hours=4))).until is None
    ending = await _lift(office, StopScope.ORGANISATION)  # one person alone may approve here
    assert ending is not None
    assert await _stop(office, StopScope.ORGANISATION, until=now + timedelta(minutes=5)) == ending, "no way round the fifteen minutes"


async def test_a_maintenance_is_ended_sooner_by_an_owner_alone(case: Case) -> None:
    office = case.office
    operator = await office.person("Otto", Role.OPERATOR)
    await _stop(office, StopScope.ORGANISATION, by=operator, until=office.clock.now() + timedelta(hours=9))
    with pytest.raises(Forbidden):
        await _lift(office, StopScope.ORGANISATION, by=operator)
    assert await _lift(office, StopScope.ORGANISATION) is None
    assert await _stops(office) == []


@pytest.mark.parametrize("off", [timedelta(), timedelta(hours=-1), timedelta(days=31, seconds=1)])
async def test_an_end_that_is_past_or_too_far_off_is_refused(office: Office, off: timedelta) -> None:
    with pytest.raises(StopRefused):
        await _stop(office, StopScope.ORGANISATION, until=office.clock.now() + off)
    assert await _stops(office) == []


async def test_a_stop_that_stands_keeps_its_first_reason(case: Case) -> None:
    first = await _stop(case.office, StopScope.ORGANISATION)
    case.office.clock.advance(minutes=5)
    assert await _stop(case.office, StopScope.ORGANISATION, reason="other") == replace(first)


async def test_stops_and_resumes_stand_in_the_record(case: Case) -> None:
    await _stop(case.office, StopScope.SITE, case.site.site)
    await _lift(case.office, StopScope.SITE, case.site.site)
    case.office.clock.advance(minutes=1)
    async with case.office.database.transaction(case.office.org) as tx:
        thrown = Stop("flood", "operator", case.office.clock.now(), StopScope.EVERYTHING)
        await gate.tell_everywhere(tx, "gate.stopped", thrown, "flood", correlation=CorrelationId(new_id()), now=case.office.clock.now())
        told = [one for kind in ("gate.stopped", "gate.lifted") for one in await audit.events(tx, kind=kind)]
    assert [(one.kind, one.subject.partition(":")[0], one.actor.kind) for one in told] == [
        ("gate.stopped", "site", "person"),
        ("gate.stopped", "everything", "process"),
        ("gate.lifted", "site", "person"),
    ]
    assert told[0].payload == {"reason": "breach", "scope": "site", "subject": case.site.site}
