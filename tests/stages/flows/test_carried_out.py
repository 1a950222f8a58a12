"""Approved work is carried out by the real engine, step by step, on each database."""

import json
import logging
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest

from presswarden.audit.model import Actor
from presswarden.flows.releasing import Releasing
from presswarden.gate import service as gate
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, RequestId, new_id
from presswarden.kernel.log import formatter
from presswarden.mailbox import service as mailbox
from presswarden.proposals import service as proposals
from presswarden.rollouts.model import Result
from tests.fakes.changing import ChangingSite
from tests.fakes.clock import FrozenClock
from tests.stages.flows.house import House, furnish


@pytest.fixture
async def house(database: Database, tmp_path: Path, org: OrgId) -> AsyncIterator[House]:
    async with ChangingSite(SystemClock().now) as site:
        yield await furnish(database, tmp_path, site, org)


@pytest.mark.req("N8")
async def test_an_approved_update_is_made_checked_and_closed(house: House) -> None:
    proposal = await house.propose("1.1")
    async with house.acting():
        change = await house.until_ended(proposal.id)
    assert (change.result, house.site.version) == (Result.SUCCEEDED, "1.1"), f"{change.code} {change.says}"
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.change.close"]


@pytest.mark.req("W19")
async def test_what_is_logged_from_the_filing_to_the_last_call_carries_the_correlation_of_the_record(house: House) -> None:
    written, root = StringIO(), logging.getLogger("presswarden")
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter())
    root.addHandler(handler)
    before, level = root.level, logging.INFO
    root.setLevel(level)
    try:
        proposal = await house.propose("1.1")
        async with house.acting():
            await house.until_ended(proposal.id)
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    of_it = {one["logger"] for one in lines if one.get("correlation") == proposal.correlation and one["org"] == house.org}
    assert of_it >= {"presswarden.flows.execute", "presswarden.dispatch.sending"}
    assert {one["correlation"] for one in lines if one["logger"] == "presswarden.dispatch.sending"} == {proposal.correlation}


@pytest.mark.req("N6")
async def test_a_bad_update_is_taken_back_by_the_plans_own_leaf(house: House) -> None:
    house.site.breaks = True
    proposal = await house.propose("1.1")
    async with house.acting():
        change = await house.until_ended(proposal.id)
    assert (change.result, house.site.version) == (Result.ROLLED_BACK, "1.0"), f"{change.code} {change.says}"
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.snapshot.restore"]


@pytest.mark.req("N8")
async def test_work_on_one_site_is_done_one_after_the_other(house: House) -> None:
    """Both plans are for version 1.0: the second finds that the site is no longer as it expects, and never in the middle of the first."""
    first = await house.propose("1.1")
    second = await house.propose("1.1")
    async with house.acting():
        results = [(await house.until_ended(one.id)).result for one in (first, second)]
    assert sorted(str(result) for result in results) == ["not_applicable", "succeeded"]
    assert [tool for tool, _ in house.site.effects] == ["wp.plugin.update", "wp.change.close"]


async def test_nothing_begins_while_the_organisation_is_stopped(house: House) -> None:
    proposal = await house.propose("1.1")
    async with house.database.transaction(house.org) as tx:
        await gate.stop(tx, house.approver, "Something is wrong.", correlation=CorrelationId(new_id()), now=house.clock.now())
    async with house.acting():
        change = await house.until_ended(proposal.id)
    assert (change.result, house.site.ran) == (Result.STOPPED, [])


async def test_what_could_not_begin_in_time_never_does(house: House) -> None:
    proposal = await house.propose("1.1")
    async with house.acting(clock=FrozenClock(proposal.execute_by)):
        change = await house.until_ended(proposal.id)
    assert (change.result, change.code, house.site.ran) == (Result.STOPPED, "rollout.expired", [])


@pytest.mark.req("W6")
async def test_what_the_policy_asks_a_person_about_is_not_released(house: House) -> None:
    filed = await house.file("1.1")
    assert await Releasing(house.database, house.clock, house.wake, everyone=EVERYONE).round() == 0
    assert (await house.proposal(filed.id)).state == "waiting"


async def test_the_end_of_a_change_wakes_the_analyst(house: House) -> None:
    proposal = await house.propose("1.1")
    async with house.wake.listen(proposals.ANALYST) as bell, house.acting():
        await house.until_ended(proposal.id)
        assert await bell.wait(5)


async def test_work_whose_workflow_broke_off_is_ended_as_unknown(house: House) -> None:
    """Another request lies under the id of the act, so its step can't be done, ever: the workflow ends, and our own books come to an end too."""
    proposal = await house.propose("1.1")
    async with house.database.transaction(house.org) as tx:
        await mailbox.ask(
            tx, house.site_id, "wp.site.health", {}, by=Actor("person", house.approver), correlation=proposal.correlation,
            now=house.clock.now(), id=RequestId(proposal.plan.acts[0].call),
        )  # fmt: skip
    async with house.acting() as executor:

        async def given_up() -> bool:
            await executor.find_lost()
            return (await house.proposal(proposal.id)).state == "ended"

        await house.until(given_up)
    change = await house.change(proposal.id)
    assert (change.result, change.code, house.site.effects) == (Result.UNKNOWN, "flow.broken", [])
