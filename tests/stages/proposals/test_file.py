"""Proposals are filed once, adopted by people, moved along their walk and expire; each step is in the audit. On both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from presswarden.actions.model import Risk
from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Forbidden, Grant, Role
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, PersonId, ProposalId, SiteId, new_id
from presswarden.proposals import plan
from presswarden.proposals import service as proposals
from presswarden.proposals.model import MOVES, PlanRefused, ProposalMove, ProposalState, ProposalUnknown, Source
from tests.stages.proposals.drafts import ANALYST, NOW, draft, filed, item


@pytest.fixture
async def owner(database: Database, org: OrgId) -> PersonId:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Ada", "ada@agency.example", NOW)
        return (await identity.owner(tx)).id


async def kinds(database: Database, org: OrgId) -> list[str]:
    async with database.reading(org) as tx:
        return [one.kind for one in await audit.events(tx) if one.kind.startswith("proposal.")]


@pytest.mark.req("W4", "N3")
async def test_what_is_filed_is_read_back_as_it_was_and_by_its_organisation_alone(database: Database, org: OrgId) -> None:
    wanted = draft(item(), item("wp.core.update", "core"), item("wp.snapshot.delete", "", args={"snapshot": new_id()}))
    async with database.transaction(org) as tx:
        made = await filed(tx, wanted, risk=Risk.HIGH)
    async with database.reading(org) as tx:
        found = await proposals.proposal(tx, made.id)
    assert found == made
    assert plan.is_whole(found.plan)
    assert (found.state, found.risk, found.confidence, found.proposer) == (ProposalState.RECOMMENDED, Risk.HIGH, 0.82, ANALYST)
    assert found.plan.not_after == made.execute_by
    async with database.reading(OrgId(new_id())) as tx:
        with pytest.raises(ProposalUnknown):
            await proposals.proposal(tx, made.id)
        assert await proposals.listed(tx) == ()


@pytest.mark.req("W19")
async def test_the_record_holds_names_lengths_and_hashes_of_arguments_never_what_they_say(database: Database, org: OrgId) -> None:
    said = new_id()
    async with database.transaction(org) as tx:
        made = await filed(tx, draft(item("wp.snapshot.delete", "", args={"snapshot": said})))
        (entry,) = [one for one in await audit.events(tx) if one.kind == "proposal.filed"]
    assert (entry.subject, entry.actor, entry.correlation) == (f"proposal:{made.id}", ANALYST, made.correlation)
    assert entry.payload is not None
    assert entry.payload["digest"] == made.plan.digest
    assert said not in str(entry.payload)
    assert "'length': 38" in str(entry.payload)


@pytest.mark.parametrize("source", [Source.PERSON, Source.CLIENT])
async def test_what_a_person_or_a_client_asks_for_waits(database: Database, org: OrgId, source: Source) -> None:
    async with database.transaction(org) as tx:
        made = await filed(tx, draft(source=source, by=Actor("client" if source is Source.CLIENT else "person", new_id())))
    assert made.state is ProposalState.WAITING


@pytest.mark.parametrize(("approve", "execute"), [(0, 24), (25, 24), (-1, 1)])
async def test_clocks_that_leave_no_time_are_refused(database: Database, org: OrgId, approve: int, execute: int) -> None:
    async with database.transaction(org) as tx:
        with pytest.raises(PlanRefused):
            await proposals.file(
                tx,
                draft(),
                risk=Risk.MEDIUM,
                approvals=1,
                approve_by=NOW + timedelta(hours=approve),
                execute_by=NOW + timedelta(hours=execute),
                correlation=(await filed(tx)).correlation,
                now=NOW,
            )


async def test_a_proposal_without_a_title_is_refused(database: Database, org: OrgId) -> None:
    async with database.transaction(org) as tx:
        with pytest.raises(PlanRefused):
            await filed(tx, draft(title=" "))


# --- recommendations ---------------------------------------------------------------------------------------------------------------------


async def test_a_newer_recommendation_for_the_same_component_of_the_same_site_replaces_the_older(database: Database, org: OrgId) -> None:
    one = item()
    async with database.transaction(org) as tx:
        old = await filed(tx, draft(one))
        elsewhere = await filed(tx, draft(replace(one, site=SiteId(new_id()))))
        another = await filed(tx, draft(replace(one, component="plugin:b/b.php")))
        asked = await filed(tx, draft(one, source=Source.PERSON, by=Actor("person", new_id())))
        new = await filed(tx, draft(replace(one, version="1.2")))
        states = {found.id: found.state for found in await proposals.listed(tx)}
        of_it = await proposals.listed(tx, site=one.site, component=one.component)
        open_ones = await proposals.listed(tx, states=[ProposalState.RECOMMENDED], site=one.site, component=one.component)
    assert states == {
        old.id: ProposalState.REPLACED,
        elsewhere.id: ProposalState.RECOMMENDED,
        another.id: ProposalState.RECOMMENDED,
        asked.id: ProposalState.WAITING,
        new.id: ProposalState.RECOMMENDED,
    }
    assert {found.id for found in of_it} == {old.id, asked.id, new.id}
    assert [found.id for found in open_ones] == [new.id]
    assert "proposal.replaced" in await kinds(database, org)


@pytest.mark.req("X10")
async def test_a_person_adopts_a_recommendation_and_counts_as_its_proposer(database: Database, org: OrgId, owner: PersonId) -> None:
    async with database.transaction(org) as tx:
        made = await filed(tx)
        adopted = await proposals.adopt(tx, made.id, Actor("person", owner), NOW + timedelta(hours=1))
        found = await proposals.proposal(tx, made.id)
    assert found == adopted
    assert (found.state, found.proposer, found.by, found.plan) == (ProposalState.WAITING, Actor("person", owner), ANALYST, made.plan)
    assert await kinds(database, org) == ["proposal.filed", "proposal.adopted"]


@pytest.mark.req("W5", "X10")
async def test_nobody_adopts_who_is_no_person_or_may_not_propose(database: Database, org: OrgId, owner: PersonId) -> None:
    async with database.transaction(org) as tx:
        made = await filed(tx)
        viewer = await identity.add_person(tx, name="Vera", mail="vera@agency.example", grant=Grant(Role.VIEWER), by=owner, now=NOW)
        for actor in (ANALYST, Actor("client", new_id())):
            with pytest.raises(ProposalMove):
                await proposals.adopt(tx, made.id, actor, NOW)
        with pytest.raises(Forbidden):
            await proposals.adopt(tx, made.id, Actor("person", viewer.id), NOW)
        assert (await proposals.proposal(tx, made.id)).state is ProposalState.RECOMMENDED


async def test_a_recommendation_is_adopted_once_and_in_time(database: Database, org: OrgId, owner: PersonId) -> None:
    me = Actor("person", owner)
    async with database.transaction(org) as tx:
        made, late = await filed(tx), await filed(tx, draft(item()))
        await proposals.adopt(tx, made.id, me, NOW)
        with pytest.raises(ProposalMove):
            await proposals.adopt(tx, made.id, me, NOW)
        with pytest.raises(ProposalMove):
            await proposals.adopt(tx, late.id, me, late.approve_by)
        with pytest.raises(ProposalUnknown):
            await proposals.adopt(tx, ProposalId(new_id()), me, NOW)


# --- the walk ----------------------------------------------------------------------------------------------------------------------------


WALKS = [(was, to) for was in ProposalState for to in ProposalState if to is not ProposalState.WAITING]


@pytest.mark.parametrize(("was", "to"), WALKS)
def test_a_proposal_takes_the_steps_of_its_walk_and_no_others(was: ProposalState, to: ProposalState) -> None:
    terminal = {ProposalState.REJECTED, ProposalState.EXPIRED, ProposalState.REPLACED, ProposalState.ENDED}
    assert (to in MOVES[was]) is (
        (was, to) == (ProposalState.APPROVED, ProposalState.ENDED)
        or (
            was is ProposalState.RECOMMENDED
            and to in {ProposalState.APPROVED, ProposalState.REJECTED, ProposalState.EXPIRED, ProposalState.REPLACED}
        )
        or (was is ProposalState.WAITING and to in {ProposalState.APPROVED, ProposalState.REJECTED, ProposalState.EXPIRED})
    )
    assert not (was in terminal and MOVES[was])


async def test_each_step_is_written_with_its_reason(database: Database, org: OrgId) -> None:
    by = Actor("process", "approvals")
    async with database.transaction(org) as tx:
        made = await filed(tx)
        await proposals.move(tx, made.id, ProposalState.APPROVED, by=by, why="it may run by itself", now=NOW)
        ended = await proposals.move(tx, made.id, ProposalState.ENDED, by=by, why="its work ended", now=NOW + timedelta(hours=1))
        entries = [one for one in await audit.events(tx) if one.kind in {"proposal.approved", "proposal.ended"}]
    assert (ended.state, ended.decided_at) == (ProposalState.ENDED, NOW + timedelta(hours=1))
    assert [one.payload and one.payload["why"] for one in entries] == ["it may run by itself", "its work ended"]


async def test_what_ended_or_never_was_does_not_move(database: Database, org: OrgId) -> None:
    by = Actor("process", "approvals")
    async with database.transaction(org) as tx:
        made = await filed(tx)
        await proposals.move(tx, made.id, ProposalState.REJECTED, by=by, why="no", now=NOW)
        for to in ProposalState:
            with pytest.raises(ProposalMove):
                await proposals.move(tx, made.id, to, by=by, why="again", now=NOW)
        with pytest.raises(ProposalUnknown):
            await proposals.move(tx, ProposalId(new_id()), ProposalState.REJECTED, by=by, why="no", now=NOW)


async def test_only_adopting_makes_a_recommendation_wait(database: Database, org: OrgId) -> None:
    async with database.transaction(org) as tx:
        made = await filed(tx)
        with pytest.raises(ProposalMove):
            await proposals.move(tx, made.id, ProposalState.WAITING, by=ANALYST, why="please", now=NOW)


# --- two clocks --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("X6")
async def test_what_nobody_approved_in_time_expires_and_can_not_be_approved(database: Database, org: OrgId) -> None:
    by = Actor("process", "approvals")
    async with database.transaction(org) as tx:
        short, long = await filed(tx, hours=1), await filed(tx, draft(item()), hours=2)
        asked = await filed(tx, draft(item(), source=Source.PERSON, by=Actor("person", new_id())), hours=1)
        done = await filed(tx, draft(item()), hours=1)
        await proposals.move(tx, done.id, ProposalState.APPROVED, by=by, why="yes", now=NOW)
        assert await proposals.expire(tx, short.approve_by - timedelta(seconds=1)) == ()
        with pytest.raises(ProposalMove):
            await proposals.move(tx, short.id, ProposalState.APPROVED, by=by, why="late", now=short.approve_by)
        assert set(await proposals.expire(tx, short.approve_by)) == {short.id, asked.id}
        assert await proposals.expire(tx, short.approve_by) == ()
        states = [(await proposals.proposal(tx, one.id)).state for one in (short, asked, long, done)]
    assert states == [ProposalState.EXPIRED, ProposalState.EXPIRED, ProposalState.RECOMMENDED, ProposalState.APPROVED]
    assert (await kinds(database, org)).count("proposal.expired") == 2


# --- what the database holds -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("N3", "W19")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE proposals SET header = '{}'",
        "UPDATE proposals SET leaves = '[]'",
        "UPDATE proposals SET digest = '0000000000000000000000000000000000000000000000000000000000000000'",
        "UPDATE proposals SET items = '[]'",
        "UPDATE proposals SET risk = 'low'",
        "UPDATE proposals SET confidence = 0.99",
        "UPDATE proposals SET by_id = 'somebody'",
        "UPDATE proposals SET execute_by = '2099-01-01 00:00:00'",
        "UPDATE proposal_items SET component = 'core'",
        "UPDATE proposals SET adopted_by_kind = 'process', adopted_by_id = 'analyst'",
    ],
)
async def test_what_was_filed_can_not_be_changed_in_the_database(database: Database, org: OrgId, change: str) -> None:
    async with database.transaction(org) as tx:
        made = await filed(tx)
    with pytest.raises(DBAPIError):
        async with database.transaction(org) as tx:
            await tx.execute(text(change))
    async with database.reading(org) as tx:
        assert await proposals.proposal(tx, made.id) == made
