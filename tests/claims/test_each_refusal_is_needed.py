"""Each refusal of consents, of tickets and of the console's door is switched off in a copy, one at a time: the attack that waits for it is refused no more.

Or by another one, further in: then it is told by another code. Limits: refusals of these three modules; the policy's own reasons and the gate's are switched
off in `tests/stages/{policy,gate}`, the site's in the numbered attacks.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.exc import IntegrityError

from presswarden.approvals import consent, ticketing
from presswarden.approvals import service as approvals
from presswarden.approvals.model import Evidence, Purpose, SignedIn, Tapped
from presswarden.identity.model import Role
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Way as SignedInBy
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId, ProposalId
from presswarden.proposals.model import Proposal
from presswarden.rollouts import service as rollouts
from tests.claims.attacks import Attack
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.documents import stricter
from tests.stages.approvals.office import ANALYST, Office, opened
from tests.support.switched_off import refusals, without

pytestmark = pytest.mark.req("X6", "X10")
GONE = "0" * 64


@dataclass(frozen=True)
class Try:
    """One attack on consents: what is said, to what, by whom, and the code it is refused with."""

    code: str
    proposal: Proposal
    person: PersonId
    evidence: Evidence | None = None
    digest: str = ""
    no: bool = False


@pytest.fixture
async def office(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock, org: OrgId) -> AsyncIterator[Office]:
    shutil.copyfile(sqlite_template, tmp_path / "presswarden.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    yield await opened(database, frozen, org)
    await database.dispose()


async def _told(office: Office, module: ModuleType, one: Try) -> str:
    """The code of the refusal; empty when it went through."""
    now, digest = office.clock.now(), one.digest or one.proposal.plan.digest
    try:
        async with office.database.transaction(office.org) as tx:
            if one.no:
                await module.say_no(tx, one.proposal.id, one.person, digest=digest, reason="no, thank you", now=now)
            else:
                evidence = one.evidence or office.typed(one.proposal)
                await module.say_yes(tx, one.proposal.id, one.person, digest=digest, evidence=evidence, release=rollouts.release, now=now)
    except PresswardenError as fault:
        return fault.code
    except (IntegrityError, AttributeError) as fault:  # the database refuses it, or nothing is there to go on with
        return type(fault).__name__
    return ""


async def _medium(office: Office, **more: object) -> Proposal:
    filed, _ = await office.submit(office.item(await office.site(), **more))
    return filed


async def _own(office: Office) -> Try:
    await office.person("Anna")
    return Try("approval.own_proposal", await _medium(office), office.olga)


async def _twice(office: Office) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office, package="")
    await office.yes(filed, anna)
    return Try("approval.said", filed, anna)


async def _recommended(office: Office) -> Try:
    filed, _ = await office.submit(office.item(await office.site()), by=ANALYST, confidence=0.9)
    return Try("approval.not_adopted", filed, await office.person("Anna"))


async def _decided(office: Office, *, no: bool = False) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office)
    await office.yes(filed, anna)
    return Try("approval.over", filed, await office.person("Bea"), no=no)


async def _late(office: Office) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office)
    office.clock.advance(hours=72)
    return Try("approval.expired", filed, anna)


async def _other_digest(office: Office, *, no: bool = False) -> Try:
    return Try("approval.digest", await _medium(office), await office.person("Anna"), digest=GONE, no=no)


async def _no_role(office: Office, *, no: bool = False) -> Try:
    await office.person("Anna")
    return Try("approval.role", await _medium(office), await office.person("Otto", Role.OPERATOR), no=no)


async def _refused(office: Office) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office, package="")
    await office.yes(filed, anna)
    async with office.database.transaction(office.org) as tx:
        await approvals.activate_policy(tx, stricter(), by=office.olga, now=office.clock.now())
    return Try("approval.policy", filed, await office.person("Bea"))


async def _terminal(office: Office, **wrong: object) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office)
    return Try("approval.terminal", filed, anna, office.typed(filed, **wrong))


async def _grave_typed(office: Office) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office, package="")
    await office.passkey(anna)
    return Try("approval.passkey_needed", filed, anna, office.typed(filed))


async def _grave_clicked(office: Office) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office, package="")
    return Try("approval.passkey_needed", filed, anna, SignedIn("passkey", office.clock.now()))


async def _stale(office: Office) -> Try:
    anna, filed = await office.person("Anna"), await _medium(office)
    at = office.clock.now()
    office.clock.advance(minutes=6)
    return Try("approval.proof", filed, anna, SignedIn("passkey", at))


async def _others_key(office: Office) -> Try:
    anna, bea, filed = await office.person("Anna"), await office.person("Bea"), await _medium(office, package="")
    await office.passkey(bea)
    return Try("approval.passkey", filed, anna, Tapped(office.keys[bea].sign(approvals.challenge(filed.plan.digest))))


CONSENTS: dict[str, Callable[[Office], Awaitable[Try]]] = {
    "say_yes OwnProposal": _own,
    "say_yes SaidAlready": _twice,
    "say_no AlreadyDecided": lambda office: _decided(office, no=True),
    "say_no DigestChanged": lambda office: _other_digest(office, no=True),
    "say_no RoleMissing": lambda office: _no_role(office, no=True),
    "_still_open NotAdopted": _recommended,
    "_still_open AlreadyDecided": _decided,
    "_still_open ApprovalExpired": _late,
    "_still_open DigestChanged": _other_digest,
    "_approver RoleMissing": _no_role,
    "_not_refused PolicyAgainst": _refused,
    "_at_terminal TerminalRefused": lambda office: _terminal(office, local=False),
    "_at_terminal TerminalRefused 2": lambda office: _terminal(office, tty=False),
    "_at_terminal TerminalRefused 3": lambda office: _terminal(office, typed="00000000"),
    "_at_terminal PasskeyNeeded": _grave_typed,
    "_signed_in PasskeyNeeded": _grave_clicked,
    "_signed_in ProofNeeded": _stale,
    "_tapped PasskeyRefused": _others_key,
}


def test_every_refusal_of_a_consent_and_of_a_ticket_has_its_attack() -> None:
    assert set(refusals(consent)) == CONSENTS.keys()
    assert set(refusals(ticketing)) == set(TICKETS)


@pytest.mark.parametrize("refusal", CONSENTS)
async def test_without_a_refusal_its_consent_is_refused_no_more(office: Office, attack: Attack, refusal: str) -> None:
    one = await CONSENTS[refusal](office)
    told = await _told(office, consent, one)
    attack.repelled(refusal, told == one.code, told)
    assert await _told(office, without(consent, refusal), one) != one.code


TICKETS = ("organisation_of_ticket _refused", "ticket _refused", "spend_ticket _refused")


@pytest.mark.parametrize("refusal", TICKETS)
async def test_without_a_refusal_its_ticket_is_refused_no_more(office: Office, attack: Attack, refusal: str) -> None:
    """One to add a passkey, shown as one to say yes; and one that nobody made."""
    now = office.clock.now()
    async with office.database.transaction(office.org) as tx:
        _, session = await sessions.begin(tx, office.olga, SignedInBy.PASSKEY, source="192.0.2.1", browser="test", now=now)
        text = await ticketing.make_ticket(tx, office.olga, Purpose.ENROL, session=session.id, proposal=ProposalId("x"), now=now)

    async def used(module: ModuleType) -> str:
        try:
            if refusal.startswith("organisation"):
                async with office.database.reading(EVERYONE) as tx:
                    await module.organisation_of_ticket(EVERYONE, tx, "nobody's")
            else:
                async with office.database.transaction(office.org) as tx:
                    await getattr(module, refusal.split()[0])(tx, text, Purpose.CONSENT, now=now)
        except PresswardenError as fault:
            return fault.code
        return ""

    attack.repelled(refusal, await used(ticketing) == "approval.ticket")
    assert await used(without(ticketing, refusal)) == ""
