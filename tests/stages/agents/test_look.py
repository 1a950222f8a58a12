"""The analyst at work: what it finds at a site is filed as a recommendation, once, and filing is all it does."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from presswarden.agents import service as agents
from presswarden.approvals import consent
from presswarden.audit import service as audit
from presswarden.audit.model import Actor
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, SiteId, new_id
from presswarden.kernel.wake import PipeWake
from presswarden.processes.analyst import MOST_SITES, Analyst
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState, Source
from presswarden.proposals.packages import service as packages
from presswarden.rollouts import service as rollouts
from presswarden.sites import store as sites_store
from tests.fakes.clock import FrozenClock
from tests.support.shop import AKISMET, COMPONENTS, URL, Shop, offered, open_shop

pytestmark = pytest.mark.req("W5", "W16", "S5")


@pytest.fixture
async def shop(database: Database, org: OrgId, frozen: FrozenClock) -> Shop:
    return await open_shop(database, org, frozen.now())


async def _listed(shop: Shop, *states: ProposalState) -> tuple[Proposal, ...]:
    async with shop.database.reading(shop.org) as tx:
        return await proposals.listed(tx, states=states or None, site=shop.site)


async def test_an_offered_update_becomes_one_recommendation_that_nobody_adopted(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    analyst = Analyst(shop.database, frozen)
    assert await analyst.look() == 1
    (found,) = await _listed(shop)
    assert (found.state, found.source, found.by, found.adopted_by) == (
        ProposalState.RECOMMENDED,
        Source.ANALYST,
        Actor("process", "analyst"),
        None,
    )
    assert [(item.component, item.was, item.version) for item in found.items] == [(AKISMET, "5.7.2", "5.7.3")]
    assert found.confidence is not None
    assert [each.code for each in found.evidence if each.against]


async def test_the_same_findings_are_not_filed_twice(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    analyst = Analyst(shop.database, frozen)
    assert [await analyst.look() for _ in range(3)] == [1, 0, 0]
    assert len(await _listed(shop)) == 1


@pytest.mark.req("N13")
async def test_new_evidence_takes_the_place_of_what_was_recommended(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    analyst = Analyst(shop.database, frozen)
    await analyst.look()
    async with shop.database.transaction(shop.org) as tx:
        await packages.want(tx, [(AKISMET, "5.7.3", URL)], frozen.now())
        (due,) = await packages.due(tx, frozen.now(), most=5)
        await packages.found(tx, due, "1" * 64, 10, frozen.now())
    assert await analyst.look() == 1
    (newer,) = await _listed(shop, ProposalState.RECOMMENDED)
    assert newer.items[0].package == "1" * 64
    assert len(await _listed(shop, ProposalState.REPLACED)) == 1


async def test_a_newer_version_takes_the_place_of_an_older_recommendation(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    analyst = Analyst(shop.database, frozen)
    await analyst.look()
    await shop.report(offered("5.7.4"), frozen.advance(minutes=5), seq=2)
    frozen.advance(seconds=30)
    assert await analyst.look() == 1
    assert [one.items[0].version for one in await _listed(shop, ProposalState.RECOMMENDED)] == ["5.7.4"]


async def test_what_a_person_rejected_is_not_recommended_again(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    analyst = Analyst(shop.database, frozen)
    await analyst.look()
    (found,) = await _listed(shop)
    async with shop.database.transaction(shop.org) as tx:
        await consent.say_no(tx, found.id, shop.owner, digest=found.plan.digest, reason="not now", now=frozen.now())
    assert await analyst.look() == 0


async def test_what_ran_out_unseen_is_recommended_again(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    analyst = Analyst(shop.database, frozen)
    await analyst.look()
    now = frozen.advance(days=4)
    await shop.report(offered(), now, seq=2)
    async with shop.database.transaction(shop.org) as tx:
        assert await proposals.expire(tx, now)
    assert await analyst.look() == 1


@pytest.mark.req("S1")
async def test_nothing_is_recommended_from_what_is_older_than_a_day(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    frozen.advance(hours=25)
    assert await Analyst(shop.database, frozen).look() == 0


async def test_a_site_without_offers_and_one_without_a_report_cost_nothing(shop: Shop, frozen: FrozenClock) -> None:
    assert await Analyst(shop.database, frozen).look() == 0
    await shop.report(COMPONENTS, frozen.now())
    assert await Analyst(shop.database, frozen).look() == 0
    assert await _listed(shop) == ()


@pytest.mark.req("N13", "N20")
async def test_a_closed_plugin_and_one_without_a_licence_are_not_recommended(shop: Shop, frozen: FrozenClock) -> None:
    closed = {**offered(), AKISMET: {**COMPONENTS[AKISMET], "known": False}}
    await shop.report(closed, frozen.now())
    assert await Analyst(shop.database, frozen).look() == 0
    await shop.report(offered(package=False), frozen.advance(minutes=5), seq=2)
    assert await Analyst(shop.database, frozen).look() == 0
    assert await _listed(shop) == ()


async def test_a_site_that_is_not_paired_any_more_is_left_alone(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    revoked = replace(await shop.known(), installation=None)
    async with shop.database.reading(shop.org) as tx:
        assert await agents.look(tx, revoked, frozen.now()) == ()


async def test_somebody_who_was_quicker_makes_it_no_news(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    async with shop.database.reading(shop.org) as tx:
        (draft,) = await agents.look(tx, await shop.known(), frozen.now())
    for filed in (True, False):
        async with shop.database.transaction(shop.org) as tx:
            assert (await agents.file(tx, draft, frozen.now()) is not None) is filed


async def test_filing_is_all_it_does(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    await Analyst(shop.database, frozen).look()
    async with shop.database.reading(shop.org) as tx:
        kinds = {each.kind for each in await audit.events(tx, limit=50) if each.actor.id == "analyst"}
        assert kinds == {"proposal.filed", "policy.decided"}
        assert await rollouts.changes(tx, site=shop.site) == ()


async def test_a_round_is_bounded_and_every_site_has_its_turn(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    frozen.advance(seconds=30)
    async with shop.database.transaction(shop.org) as tx:
        for number in range(MOST_SITES + 10):
            await sites_store.add_site(shop.org, tx, SiteId(new_id()), f"idle {number}", frozen.now())
    analyst = Analyst(shop.database, frozen)
    assert sum([await analyst.look() for _ in range(3)]) == 1


@pytest.mark.req("N13")
async def test_a_new_offer_waits_a_moment_for_the_hash_of_its_zip(shop: Shop, frozen: FrozenClock) -> None:
    analyst = Analyst(shop.database, frozen)
    await shop.report(offered(), frozen.now())
    assert await analyst.look() == 0
    async with shop.database.transaction(shop.org) as tx:
        await packages.want(tx, [(AKISMET, "5.7.3", URL)], frozen.now())
    frozen.advance(seconds=30)
    assert await analyst.look() == 0, "somebody is fetching it"
    async with shop.database.transaction(shop.org) as tx:
        (due,) = await packages.due(tx, frozen.now(), most=5)
        await packages.found(tx, due, "1" * 64, 10, frozen.now())
    assert await analyst.look() == 1
    (found,) = await _listed(shop, ProposalState.RECOMMENDED)
    assert found.items[0].package == "1" * 64


async def test_a_zip_that_nobody_fetches_holds_nothing_up(shop: Shop, frozen: FrozenClock) -> None:
    await shop.report(offered(), frozen.now())
    async with shop.database.transaction(shop.org) as tx:
        await packages.want(tx, [(AKISMET, "5.7.3", URL)], frozen.now())
    frozen.advance(minutes=3)
    assert await Analyst(shop.database, frozen).look() == 1


async def test_it_looks_when_it_is_rung_and_rings_who_releases(shop: Shop, frozen: FrozenClock, tmp_path: Path) -> None:
    wake, stop = PipeWake(tmp_path / "wake"), asyncio.Event()
    async with wake.listen(proposals.RELEASE) as bell:
        running = asyncio.create_task(Analyst(shop.database, frozen).run(stop, wake, every=60.0))
        assert not await bell.wait(0.3), "nothing was offered yet"
        await shop.report(offered(), frozen.now())
        frozen.advance(seconds=30)
        await wake.ring(proposals.ANALYST)
        assert await bell.wait(10)
        stop.set()
        await asyncio.wait_for(running, 10)
    assert [each.state for each in await _listed(shop)] == [ProposalState.RECOMMENDED]
