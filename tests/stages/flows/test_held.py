"""Approved work waits for what passes by itself, takes no place meanwhile, and never begins once its time is over. What does not pass ends it at once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.flows import starting
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId, ProposalId
from presswarden.mailbox import service as mailbox
from presswarden.policy.model import Mode
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from presswarden.telemetry import service as telemetry
from tests.fakes.changing import ChangingSite
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.documents import as_built_in
from tests.stages.flows.house import House, furnish
from tests.stages.telemetry import reports

pytestmark = pytest.mark.req("S1")


class Shifted(SystemClock):
    """Everybody's clock in one test; it runs, and can be set ahead."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.fixture
async def house(database: Database, tmp_path: Path, org: OrgId) -> AsyncIterator[House]:
    clock = Shifted()
    async with ChangingSite(clock.now) as site:
        made = await furnish(database, tmp_path, site, org)
        made.clock = clock
        yield made


async def heartbeat(house: House, now: datetime) -> None:
    reporter = reports.Installed(house.org, house.installation, house.site_id)
    async with house.database.transaction(house.org) as tx:
        await telemetry.take_heartbeat(tx, reporter, reports.full(2, now, house.site.inventory(), home=house.site.home), now)


async def windows(house: House, begins: datetime) -> None:
    """From then on for an hour."""
    there: dict[str, Json] = {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": f"{begins:%H:%M}", "to": f"{begins + timedelta(hours=1):%H:%M}", "tz": "UTC",
    }  # fmt: skip
    async with house.database.transaction(house.org) as tx:
        await approvals.activate_policy(tx, as_built_in(change_windows=[there]), by=house.approver, now=house.clock.now())


async def until_held(house: House, proposal: ProposalId, code: str) -> None:
    async def held() -> bool:
        change = await house.change(proposal)
        assert change.result is None, f"{change.code} {change.says}"
        return (change.step, change.code) == ("held", code)

    await house.until(held)
    assert [tool for tool in house.site.ran if tool != "wp.site.health"] == [], "it may be asked how it is; nothing is prepared"


async def test_a_site_that_is_silent_is_waited_for_and_changed_once_it_is_heard(house: House) -> None:
    proposal = await house.propose("1.1")
    assert isinstance(house.clock, Shifted)
    house.clock.ahead = timedelta(minutes=20)
    async with house.acting():
        await until_held(house, proposal.id, "policy.not_heard")
        await heartbeat(house, house.clock.now())
        house.clock.ahead += starting.AGAIN
        await house.wake.ring(mailbox.DISPATCH)
        change = await house.until_ended(proposal.id)
    assert (change.result, house.site.version) == (Result.SUCCEEDED, "1.1"), f"{change.code} {change.says}"


async def test_what_waits_for_its_window_until_its_time_is_over_never_begins(house: House) -> None:
    await windows(house, house.clock.now() + timedelta(hours=6))
    proposal = await house.propose("1.1")
    async with house.acting():
        await until_held(house, proposal.id, "policy.window")
    async with house.acting(clock=FrozenClock(proposal.execute_by)):
        change = await house.until_ended(proposal.id)
    assert (change.result, change.code, house.site.ran) == (Result.STOPPED, "rollout.expired", [])


async def test_what_is_held_says_so_once_in_the_record_however_often_it_is_looked_at(house: House) -> None:
    await windows(house, house.clock.now() + timedelta(hours=6))
    proposal = await house.propose("1.1")
    clock = FrozenClock(house.clock.now())
    async with house.acting(clock=clock):
        for _ in range(3):
            await until_held(house, proposal.id, "policy.window")
            clock.advance(seconds=starting.AGAIN.total_seconds())
            await house.wake.ring(mailbox.DISPATCH)
    async with house.database.reading(house.org) as tx:
        assert len(await audit.events(tx, kind="change.step")) == 1


async def test_what_does_not_pass_by_itself_is_refused_at_once(house: House) -> None:
    proposal = await house.propose("1.1")
    async with house.database.transaction(house.org) as tx:
        await approvals.set_mode(tx, house.site_id, Mode.OBSERVE, by=house.approver, now=house.clock.now())
    async with house.acting():
        change = await house.until_ended(proposal.id)
    assert (change.result, change.code, house.site.effects) == (Result.REFUSED, "gate.policy.observe", [])


async def test_work_that_another_dispatcher_has_just_begun_is_not_put_off_for_its_own_change(house: House) -> None:
    proposal, now = await house.propose("1.1"), house.clock.now()
    async with house.database.transaction(house.org) as tx:
        (work,) = await rollouts.work_of(tx, proposal.id)
        await rollouts.begin(tx, await rollouts.change(tx, work.changes[0]), now=now)
        assert await starting.held(tx, work, now=now) == ("", "")
