"""A change without the yes it needs, tried by every way in: the console, the page for consents, the command line's own verb, the API.

The real application in this process, with people of every role; what the databases have a hand in, on both. Limits: no site answers; what a site refuses is
tried in the numbered attacks, the command line as its user types it in `tests/stages/cli` and in attack 34.
"""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from lab.authenticator import Authenticator
from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import ApprovalExpired, ApprovalRefused, AtTerminal, PasskeyRefused
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Person, Role
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.db import Database
from presswarden.policy.model import Mode, Stage, Verdict
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.rollouts import service as rollouts
from tests.claims.attacks import Attack
from tests.console.reviewed import answer, office_of, proposed, recommended, said, state_of
from tests.console.rig import CONSENTS, URL, House, open_house, text_of
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.documents import stricter
from tests.stages.approvals.office import ANALYST

pytestmark = pytest.mark.req("X6", "X10", "W8")

GOOD = "I read the changelog."
PARTY = approvals.party(URL)


@pytest.fixture
async def house(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock) -> AsyncIterator[House]:
    shutil.copyfile(sqlite_template, tmp_path / "presswarden.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    yield await open_house(database, frozen)
    await database.dispose()


@pytest.fixture
async def on_both(database: Database, frozen: FrozenClock) -> House:
    """For what the databases themselves have a hand in."""
    return await open_house(database, frozen)


async def _in_the_console(house: House, filed: Proposal, who: Person, *, digest: str = "") -> str:
    """What the console says to a yes that it does not take; empty when it did."""
    form = {"action": "approve", "digest": digest or filed.plan.digest, "sites": str(len(filed.sites)), "reason": GOOD}
    given = await (await house.as_person(who)).post(f"/proposals/{filed.id}/decision", form)
    if given.status_code == 303:
        return ""
    return f"{given.status_code} {said(given) or text_of(given)}"


async def _at_the_terminal(house: House, filed: Proposal, who: Person, *, digest: str = "") -> str:
    """The code of the refusal of the command line's verb; empty when it was taken."""
    evidence = AtTerminal(local=True, tty=True, typed=consent.typed_confirmation(filed))
    try:
        async with house.transaction() as tx:
            await consent.say_yes(
                tx, filed.id, who.id, digest=digest or filed.plan.digest, evidence=evidence, release=rollouts.release, now=house.clock.now()
            )
    except (ApprovalRefused, ApprovalExpired, PasskeyRefused) as refused:
        return refused.code
    return ""


async def _refused(
    attack: Attack, house: House, variant: str, filed: Proposal, who: Person, words: str, code: str, *, digest: str = ""
) -> None:
    """By the console and by the terminal, each with its own reason."""
    before = len(await _answers(house, filed))
    told = await _in_the_console(house, filed, who, digest=digest)
    attack.repelled(f"{variant}, console", words in told, told)
    told = await _at_the_terminal(house, filed, who, digest=digest)
    attack.repelled(f"{variant}, command line", told == code, told)
    assert len(await _answers(house, filed)) == before


async def _answers(house: House, filed: Proposal) -> tuple[object, ...]:
    async with house.transaction() as tx:
        return await approvals.answers(tx, filed.id)


async def test_whoever_asks_approves_nothing_of_their_own(house: House, attack: Attack) -> None:
    filed = await proposed(house, by=Role.ADMIN)
    await _refused(attack, house, "self-approve", filed, house.people[Role.ADMIN], "counts as asking", "approval.own_proposal")
    adopted = await recommended(house)
    admin = await house.as_role(Role.ADMIN)
    assert (await admin.post(f"/proposals/{adopted.id}/adopt", {"digest": adopted.plan.digest})).status_code == 303
    await _refused(attack, house, "adopted", adopted, house.people[Role.ADMIN], "counts as asking", "approval.own_proposal")


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_token_of_whoever_asks_says_no_yes_and_there_is_no_way_to_say_one(house: House, attack: Attack, scope: Scope) -> None:
    filed = await proposed(house, by=Role.ADMIN)
    async with house.transaction() as tx:
        until = house.clock.now() + timedelta(days=1)
        text, _ = await tokens.make(
            tx, house.people[Role.ADMIN].id, name="ci", scopes={Scope.READ, scope}, until=until, now=house.clock.now()
        )
    stranger, bearer = house.stranger(), {"Authorization": f"Bearer {text}", "Idempotency-Key": "k" * 16}
    for verb in ("approve", "decision", "consent", "adopt", "reject", "answers"):
        for path in (f"/api/v1/proposals/{filed.id}/{verb}", f"/proposals/{filed.id}/{verb}"):
            given = await stranger.client.post(path, json={"digest": filed.plan.digest, "action": "approve"}, headers=bearer)
            attack.repelled(f"{scope} {path}", given.status_code in {401, 403, 404, 405}, given.status_code)
    document = (await stranger.client.get("/api/v1/openapi.json")).json()
    posts = [path for path, methods in document["paths"].items() if "post" in methods]
    attack.repelled(
        "a route that consents", not [path for path in posts if "approv" in path or "consent" in path or "adopt" in path], posts
    )
    assert await state_of(house, filed) is ProposalState.WAITING


async def test_a_second_account_with_the_same_passkey_is_not_a_second_person(house: House, attack: Attack) -> None:
    filed = await proposed(house, package="")
    anna, twin = house.people[Role.APPROVER], await house.add("Anna Again", Grant(Role.APPROVER))
    key = Authenticator("anna", PARTY.rp_id, PARTY.origin)
    async with house.transaction() as tx:
        out = await approvals.begin_passkey(tx, anna.id, PARTY, now=house.clock.now())
        await approvals.add_passkey(tx, anna.id, key.register(out.challenge), name="key", now=house.clock.now())
    given = await (await house.as_person(twin)).post("/account/consents/add")
    path, client = given.headers["location"].removeprefix(CONSENTS), house.stranger(CONSENTS).client
    own = {"Origin": CONSENTS}
    wanted = (await client.post(f"{path}/begin", json={}, headers=own)).json()
    again = Authenticator("anna", PARTY.rp_id, PARTY.origin).register(_raw(wanted["challenge"]))
    made = await client.post(path, json={"registration": again, "vouched": None, "name": "key"}, headers=own)
    attack.repelled("the same key, another account", (made.status_code, made.json()["code"]) == (422, "approval.passkey"), made.text)
    tapped = key.sign(approvals.challenge(filed.plan.digest))
    for who, taken in ((anna, True), (twin, False)):
        office = office_of(house)
        office.keys[who.id] = key
        try:
            await office.yes(filed, who.id)
            passed = True
        except (ApprovalRefused, PasskeyRefused):
            passed = False
        attack.repelled(f"tapped by {who.name}", passed is taken, tapped["id"])
    assert await state_of(house, filed) is ProposalState.WAITING


async def test_one_person_says_yes_once(house: House, attack: Attack) -> None:
    filed, office = await proposed(house, package=""), office_of(house)
    for role in (Role.APPROVER, Role.ADMIN):
        await office.passkey(house.people[role].id)
    anna = house.people[Role.APPROVER]
    await office.yes(filed, anna.id)
    told = await _in_the_console(house, filed, anna)
    attack.repelled("twice, console", told.startswith("409"), told)
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, anna.id)
    attack.repelled("twice, tapped", refused.value.code == "approval.said", refused.value.code)
    assert await state_of(house, filed) is ProposalState.WAITING


async def test_a_yes_to_one_plan_is_none_to_another(house: House, attack: Attack) -> None:
    """What was filed can't be edited; whoever wants something else files another, which nobody has seen."""
    first, second = await proposed(house), await proposed(house, "blog")
    anna = house.people[Role.APPROVER]
    await _refused(attack, house, "another digest", second, anna, "409 ", "approval.digest", digest=first.plan.digest)
    assert await state_of(house, second) is ProposalState.WAITING


async def test_a_yes_after_its_time_is_none(house: House, attack: Attack) -> None:
    filed = await proposed(house)
    office_of(house).later(hours=72)
    await _refused(attack, house, "expired", filed, house.people[Role.APPROVER], "409 ", "approval.expired")


async def test_a_yes_of_somebody_demoted_before_dispatch_lets_nothing_through(house: House, attack: Attack) -> None:
    filed, anna = await proposed(house), house.people[Role.APPROVER]
    assert await _in_the_console(house, filed, anna) == ""
    async with house.transaction() as tx:
        await identity.grant_role(tx, anna.id, Grant(Role.VIEWER), by=house.owner.id, now=house.clock.now())
        await identity.withdraw_role(tx, anna.id, Grant(Role.APPROVER), by=house.owner.id, now=house.clock.now())
        found = await approvals.decision(tx, await _now(house, filed), Stage.DISPATCH, snapshot_verified=True, now=house.clock.now())
    attack.repelled("demoted", found.verdict is not Verdict.ALLOW and "policy.role" in _codes(found), _codes(found))


async def test_two_yeses_at_once_file_the_work_once(on_both: House, attack: Attack) -> None:
    filed = await proposed(on_both)
    told = await asyncio.gather(
        *(_in_the_console(on_both, filed, on_both.people[role]) for role in (Role.APPROVER, Role.ADMIN, Role.OWNER))
    )
    attack.repelled("a race", told.count("") == 1 and all(each.startswith("409") for each in told if each), told)
    async with on_both.transaction() as tx:
        assert len(await rollouts.work_of(tx, filed.id)) == 1
        assert len(await approvals.answers(tx, filed.id)) == 1


async def test_a_no_after_the_last_yes_ends_nothing_and_says_what_would(house: House, attack: Attack) -> None:
    filed = await proposed(house)
    assert await _in_the_console(house, filed, house.people[Role.APPROVER]) == ""
    late = await answer(await house.as_role(Role.ADMIN), filed, "reject", reason="I changed my mind")
    attack.repelled("a no too late", late.status_code == 409, text_of(late))
    assert await state_of(house, filed) is ProposalState.APPROVED


@pytest.mark.parametrize(("sure", "alone"), [(0.8199999, False), (0.819, False), (0.82, True)])
async def test_confidence_of_81_9_is_below_82(house: House, attack: Attack, sure: float, alone: bool) -> None:
    office = office_of(house)
    site = await office.site()
    await office.verified(site)
    await office.mode(site, Mode.AUTONOMOUS)
    filed, _ = await office.submit(office.item(site), by=ANALYST, confidence=sure)
    async with house.transaction() as tx:
        found = await approvals.by_itself(tx, filed.id, release=rollouts.release, now=house.clock.now())
    ran = (await office.look(filed.id)).state is ProposalState.APPROVED
    attack.repelled(f"{sure}", ran is alone and (alone or "policy.confidence" in _codes(found)), _codes(found))


@pytest.mark.parametrize("verified", [None, False])
async def test_without_its_snapshot_an_approved_change_does_not_run(house: House, attack: Attack, verified: bool | None) -> None:
    filed = await proposed(house)
    assert await _in_the_console(house, filed, house.people[Role.APPROVER]) == ""
    async with house.transaction() as tx:
        found = await approvals.decision(tx, await _now(house, filed), Stage.DISPATCH, snapshot_verified=verified, now=house.clock.now())
    attack.repelled(f"snapshot {verified}", found.verdict is Verdict.HOLD and "policy.snapshot" in _codes(found), _codes(found))


async def test_autonomous_without_a_verified_snapshot_asks_a_person(house: House, attack: Attack) -> None:
    office = office_of(house)
    site = await office.site()
    filed, found = await office.submit(office.item(site), by=ANALYST, confidence=0.99)
    async with house.transaction() as tx:
        await approvals.by_itself(tx, filed.id, release=rollouts.release, now=house.clock.now())
    attack.repelled("no snapshot yet", found.needs.people == 1, _codes(found))
    assert await state_of(house, filed) is ProposalState.RECOMMENDED


async def test_a_yes_under_yesterdays_policy_is_none_under_todays(house: House, attack: Attack) -> None:
    filed, office = await proposed(house, package=""), office_of(house)
    for role in (Role.APPROVER, Role.ADMIN):
        await office.passkey(house.people[role].id)
    await office.yes(filed, house.people[Role.APPROVER].id)
    async with house.transaction() as tx:
        await approvals.activate_policy(tx, stricter(), by=house.owner.id, now=house.clock.now())
    told = await _in_the_console(house, filed, house.people[Role.ADMIN])
    attack.repelled("console", told.startswith("409") and "The policy changed" in told, told)
    with pytest.raises(ApprovalRefused) as refused:
        await office.yes(filed, house.people[Role.ADMIN].id)
    attack.repelled("tapped", refused.value.code == "approval.policy", refused.value.code)
    assert await state_of(house, filed) is ProposalState.WAITING


async def test_an_approver_of_another_site_or_of_none_approves_nothing(house: House, attack: Attack) -> None:
    filed, elsewhere = await proposed(house, by=Role.ADMIN), await office_of(house).site("elsewhere")
    half = await house.add("Hal", Grant(Role.APPROVER, elsewhere.site))
    told = await _in_the_console(house, filed, half)
    attack.repelled("another site, console", told.startswith("404"), told)
    attack.repelled("another site, command line", await _at_the_terminal(house, filed, half) == "approval.role")
    for role in (Role.OPERATOR, Role.VIEWER, Role.AUDITOR):
        await _refused(attack, house, role.value, filed, house.people[role], "403 ", "approval.role")


def _codes(found: object) -> list[str]:
    return [reason.code for reason in found.reasons]  # type: ignore[attr-defined]  # a decision


async def _now(house: House, filed: Proposal) -> Proposal:
    return await office_of(house).look(filed.id)


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
