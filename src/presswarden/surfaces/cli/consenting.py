"""A person's yes at this machine: typed at a terminal, or as a passkey's assertion over the digest of the plan.

A yes at a terminal is the first letters of the digest, typed after the page was shown; no flag and no pipe can stand for it. Limits: whether a yes is enough,
or may be said this way at all, is asked of `approvals`.
"""

import base64
import ipaddress
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import AtTerminal, Evidence, PasskeyRefused, Tapped
from presswarden.kernel.canonical import Json, decode_object
from presswarden.kernel.db import Database
from presswarden.kernel.errors import Malformed, PresswardenError
from presswarden.kernel.ids import ProposalId
from presswarden.mailbox import service as mailbox
from presswarden.policy.model import Decision
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.rollouts import service as rollouts
from presswarden.surfaces.cli import proposal_pages
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document
from presswarden.telemetry.model import shown

_LARGEST_ANSWER: Final = 65_536


class AnswerUnreadable(PresswardenError):
    """What should be an authenticator's answer can't be read."""

    code = "usage.answer"


class OptionsApart(PresswardenError):
    """Two options that don't go together."""

    code = "usage.options"


def at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def is_local(desk: Desk) -> bool:
    return is_here(desk.database, desk.driver)


def is_here(database: Database, driver: Mapping[str, str]) -> bool:
    """The database lies on this machine, by every place that its address or `driver`, the driver's own settings, could name."""
    if database.is_sqlite:
        return True
    url = database.url
    if database.direct != url and not _is_here(database.direct.host or ""):
        return False  # a pooler here leads to a server elsewhere
    if "service" in url.query or "PGSERVICE" in driver:
        return False  # a file elsewhere says where it lies
    told = [url.host, *_named(url.query.get("host")), *_named(url.query.get("hostaddr"))]
    hosts = [host for host in told if host] or [driver.get("PGHOST", "")]
    return all(_is_here(host) for host in [*hosts, driver.get("PGHOSTADDR", "")])


def _named(value: str | Sequence[str] | None) -> list[str]:
    """Hosts as a query names them: once or several times, each perhaps with its port."""
    told = [value] if isinstance(value, str) else list(value or ())
    return [host.partition(":")[0] if host.count(":") == 1 else host for host in told]


def _is_here(host: str) -> bool:
    if host in {"", "localhost"} or host.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def approve(desk: Desk, proposal: ProposalId, *, passkey: bool, assertion: Path | None) -> int:
    async with desk.database.reading(desk.org) as tx:
        page = await proposal_pages.gather(desk, tx, proposal)
    if passkey or assertion is not None:
        evidence: Evidence = await _tapped(desk, page.proposal, assertion)
    else:
        if desk.json:
            raise OptionsApart("A yes at a terminal is read by people; --json is for scripts.", do="Leave --json away, or use --passkey.")
        waits = page.proposal.state is ProposalState.WAITING
        if waits:
            print(proposal_pages.text(page, desk.clock.now()))
        evidence = typed(desk, page.proposal) if waits else AtTerminal(is_local(desk), at_a_terminal(), "")
    found = await say_yes(desk, page.proposal, evidence)
    if desk.json:
        async with desk.database.reading(desk.org) as tx:
            page = await proposal_pages.gather(desk, tx, proposal)
        print(document({**proposal_pages.plain_line(page.proposal), "policy": proposal_pages.plain_decision(found)}))
        return 0
    if found.consented:
        wait = f" It begins in {found.needs.delay_minutes} minutes." if found.needs.delay_minutes else ""
        print(f"\nApproved.{wait} Follow it with: presswarden proposal show {proposal}")
    else:
        print("\nYour yes is written down. Still wanted:")
        for reason in found.against():
            print(f"  {reason.code}: {shown(reason.says, 600)}")
    return 0


async def say_yes(desk: Desk, proposal: Proposal, evidence: Evidence) -> Decision:
    """Record it; with the last one, the work is filed in the same transaction and the dispatcher woken."""
    async with desk.database.transaction(desk.org) as tx:
        found = await consent.say_yes(
            tx, proposal.id, desk.person.id, digest=proposal.plan.digest, evidence=evidence, release=rollouts.release, now=desk.clock.now()
        )
    await desk.wake.ring(mailbox.DISPATCH)
    return found


def typed(desk: Desk, proposal: Proposal) -> AtTerminal:
    """Ask at the terminal. Where there is none nothing is read, and the answer says so."""
    if not at_a_terminal():
        return AtTerminal(is_local(desk), tty=False, typed="")
    print(
        f"\nType {consent.typed_confirmation(proposal)} to say yes to this digest, anything else to leave it: ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return AtTerminal(is_local(desk), tty=True, typed=sys.stdin.readline().strip())


async def _tapped(desk: Desk, proposal: Proposal, assertion: Path | None) -> Tapped:
    async with desk.database.reading(desk.org) as tx:
        own = await approvals.passkeys_of(tx, desk.person.id)
    if not own:
        raise PasskeyRefused("You have no passkey here.", do="Add one first: presswarden person passkey add NAME.", where="credential")
    if assertion is None:
        print(document({
            "challenge": base64url(approvals.challenge(proposal.plan.digest)), "rpId": own[0].rp_id, "origin": own[0].origin,
            "allowCredentials": [{"id": each.id, "type": "public-key"} for each in own], "userVerification": "required",
            "digest": proposal.plan.digest, "title": proposal.title,
        }))  # fmt: skip
        sys.stdout.flush()
    return Tapped(answer(assertion, {"clientDataJSON", "authenticatorData", "signature"}))


def answer(file: Path | None, names: set[str]) -> Mapping[str, Json]:
    """An authenticator's answer from `file`, or from standard input: flat, or as browsers write it, with the members in `response`."""
    try:
        raw = sys.stdin.buffer.read(_LARGEST_ANSWER + 1) if file is None or str(file) == "-" else file.read_bytes()
    except OSError as fault:
        raise AnswerUnreadable(f"{file} can't be read ({type(fault).__name__}).", do="Name the file with the answer.") from fault
    if len(raw) > _LARGEST_ANSWER:
        raise AnswerUnreadable("The answer is too long for any authenticator.", do="Give its JSON answer alone.")
    try:
        return flat(decode_object(raw), names)
    except Malformed as fault:
        raise AnswerUnreadable("What came is no answer of an authenticator.", do="Give its JSON answer, and nothing else.") from fault


def flat(found: Mapping[str, Json], names: set[str]) -> Mapping[str, Json]:
    inner = found.get("response")
    if not isinstance(inner, Mapping):
        return found
    return {"id": found.get("id"), **{name: inner.get(name) for name in names}}


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
