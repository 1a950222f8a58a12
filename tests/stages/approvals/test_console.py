"""A yes in the console: up to medium risk, in a session that proved itself a moment ago, and written down as such."""

from datetime import timedelta

import pytest

from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import ApprovalRefused, SignedIn, Way
from presswarden.proposals.model import ProposalState
from tests.stages.approvals.office import Office

pytestmark = pytest.mark.req("X6", "X10")


def _session(office: Office, **ago: float) -> SignedIn:
    return SignedIn("passkey", office.clock.now() - timedelta(**ago))


async def test_a_medium_risk_is_approved_in_a_session_that_proved_itself_a_moment_ago(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    assert (await office.yes(filed, anna, _session(office, minutes=5))).consented
    async with office.database.reading(office.org) as tx:
        (given,) = await approvals.answers(tx, filed.id)
    assert (given.way, given.passkey) == (Way.CONSOLE, "")
    assert (await office.look(filed.id)).state is ProposalState.APPROVED


@pytest.mark.parametrize("ago", [{"minutes": 5, "seconds": 1}, {"days": 1}, {"seconds": -1}])
async def test_a_session_that_proved_itself_too_long_ago_says_nothing(office: Office, ago: dict[str, float]) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    for evidence in (_session(office, **ago), SignedIn("passkey", None)):
        with pytest.raises(ApprovalRefused) as refused:
            await office.yes(filed, anna, evidence)
        assert refused.value.code == "approval.proof"
    assert (await office.look(filed.id)).state is ProposalState.WAITING


@pytest.mark.parametrize("which", ["high", "critical"])
async def test_a_grave_risk_is_never_approved_by_a_session_alone(office: Office, which: str) -> None:
    """Not even where nobody has a passkey yet: then the terminal is the way."""
    anna, site = await office.person("Anna"), await office.site()
    filed, asked = await office.submit(office.core(site) if which == "critical" else office.item(site, package=""))
    assert asked.risk.value == which
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, anna, _session(office))
    assert refused.value.code == "approval.passkey_needed"


async def test_a_risk_that_grew_since_it_was_filed_asks_for_the_tap(office: Office) -> None:
    anna, site = await office.person("Anna"), await office.site()
    filed, _ = await office.submit(office.item(site))
    async with office.database.transaction(office.org) as tx:
        await approvals.mark_critical(tx, site.site, True, by=office.olga, now=office.clock.now())
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, anna, _session(office))
    assert refused.value.code == "approval.passkey_needed"


async def test_whoever_asks_does_not_approve_in_a_session_either(office: Office) -> None:
    await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, office.olga, _session(office))
    assert refused.value.code == "approval.own_proposal"


async def test_the_single_operators_own_yes_counts_in_a_session_too(office: Office) -> None:
    filed, _ = await office.submit(office.item(await office.site()))
    assert (await office.yes(filed, office.olga, _session(office))).consented
    async with office.database.reading(office.org) as tx:
        (given,) = await approvals.answers(tx, filed.id)
    assert given.alone


async def test_reason_and_time_of_reading_are_kept_with_the_yes(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    await office.yes(filed, anna, _session(office), reason="Read the changelog.\x1b[2J", read_seconds=95)
    async with office.database.reading(office.org) as tx:
        (given,) = await approvals.answers(tx, filed.id)
    assert (given.reason, given.read_seconds) == ("Read the changelog. [2J", 95)
    (told,) = await office.kinds("consent.given")
    assert (told["way"], told["read_seconds"]) == ("console", 95)


async def test_a_no_says_that_it_came_from_the_console(office: Office) -> None:
    anna = await office.person("Anna")
    filed, _ = await office.submit(office.item(await office.site()))
    async with office.database.transaction(office.org) as tx:
        after = await consent.say_no(
            tx, filed.id, anna, digest=filed.plan.digest, reason="not on a Friday", now=office.clock.now(), way=Way.CONSOLE
        )
    assert after.state is ProposalState.REJECTED
    (told,) = await office.kinds("consent.refused")
    assert (told["way"], told["reason"]) == ("console", "not on a Friday")
