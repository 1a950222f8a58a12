"""A person's answer to a proposal, taken from its form: yes, no, adopted, later; one at a time, or a no or later to several.

There is no yes to several. Limits: checks the form; whether the answer counts is `approvals.consent`'s to say, in the transaction that writes it down.
"""

from datetime import datetime, timedelta
from typing import Final

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import ApprovalExpired, ApprovalRefused, Purpose, SignedIn, Way
from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.identity.model import Permission
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import ProposalId, is_uuid4
from presswarden.mailbox import service as mailbox
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalMove, ProposalUnknown
from presswarden.rollouts import service as rollouts
from presswarden.surfaces import problems
from presswarden.surfaces.console import door
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.door import Visit
from presswarden.surfaces.console.pages import consent_url
from presswarden.surfaces.console.review import views
from presswarden.surfaces.console.review.form import form_of, is_grave, missing
from presswarden.surfaces.console.review.page import Answer, page_of

MOST_AT_ONCE: Final = 100
DAYS: Final = {"1": 1, "3": 3, "7": 7}
_CHANGED: Final = frozenset(
    {"approval.digest", "approval.over", "approval.expired", "approval.said", "proposal.state", "approval.not_adopted"}
)


async def one(desk: Desk, request: Request, visit: Visit, named: ProposalId) -> Response:
    """Yes or no to the plan whose digest the form carries."""
    action, digest = await door.field(request, "action"), await door.field(request, "digest", longest=64)
    reason, typed = await door.field(request, "reason", longest=consent.LONGEST_REASON), await door.field(request, "sites", longest=20)
    now = desk.clock.now()
    known = await look(desk, visit, named, now)
    sent = Answer(typed, reason)
    if action not in {"approve", "reject"}:
        raise Malformed("An answer is approve or reject.")
    if digest != known.proposal.plan.digest or known.proposal.state not in views.OPEN:
        return await _conflict(desk, request, visit, known, reason)
    form = form_of(known, visit, fresh=visit.session.is_fresh(now), now=now)
    against = missing(form, sites=typed, reason=reason, rejecting=action == "reject")
    if against and not (action == "approve" and form.why_not):
        return show(desk, request, visit, known, 422, Answer(typed, reason, against))
    try:
        if action == "reject":
            await _refuse(desk, visit, known, reason, now)
        elif is_grave(known) and not form.why_not:
            return await _to_the_tap(desk, visit, known, reason, now)
        else:
            if not form.why_not:
                door.fresh(desk, visit)
            await _agree(desk, visit, known, reason, now)
    except (ApprovalRefused, ApprovalExpired, ProposalMove) as fault:
        changed = fault.code in _CHANGED
        known = await look(desk, visit, named, now)
        if changed:
            return await _conflict(desk, request, visit, known, reason)
        told = (f"{fault.says} {fault.do}".strip(),)
        return show(desk, request, visit, known, problems.status(fault.code), Answer(sent.sites, sent.reason, told))
    return RedirectResponse(f"/proposals/{named}", 303)


async def adopt(desk: Desk, request: Request, visit: Visit, named: ProposalId) -> Response:
    """Make a recommendation this person's own request."""
    digest, now = await door.field(request, "digest", longest=64), desk.clock.now()
    known = await look(desk, visit, named, now)
    if digest != known.proposal.plan.digest:
        return await _conflict(desk, request, visit, known, "")
    try:
        async with desk.transaction(visit) as tx:
            asked = await proposals.proposal(tx, named)
            await gate.require_running(tx, asked.sites, gate.begun_by(asked), now=now)
            await proposals.adopt(tx, named, Actor("person", visit.person.id), now)
    except ProposalMove:
        return await _conflict(desk, request, visit, await look(desk, visit, named, now), "")
    return RedirectResponse(f"/proposals/{named}", 303)


async def later(desk: Desk, request: Request, visit: Visit, named: ProposalId) -> Response:
    """Leave it out of this person's inbox for some days."""
    days, now = await _days(request), desk.clock.now()
    await look(desk, visit, named, now)
    async with desk.transaction(visit) as tx:
        await approvals.put_off(tx, named, visit.person.id, until=now + timedelta(days=days), now=now)
    return RedirectResponse("/", 303)


async def many(desk: Desk, request: Request, visit: Visit) -> Response:
    """A no, or later, to several. Whatever else is asked of several at once is refused: each yes is to one plan."""
    action, reason = await door.field(request, "action"), await door.field(request, "reason", longest=consent.LONGEST_REASON)
    now, chosen = desk.clock.now(), await _chosen(request)
    if action not in {"reject", "later"}:
        raise Malformed(
            "Several proposals at once are rejected or put off; each yes is to one plan.", do="Open the one that you want to approve."
        )
    if action == "reject" and len(reason.strip()) < 8:
        raise Malformed("Say why in at least 8 characters. It goes into the audit trail.", do="Go back and give a reason.")
    days = await _days(request) if action == "later" else 0
    for named, digest in chosen:
        try:
            async with desk.transaction(visit) as tx:
                known = await proposals.proposal(tx, named)
                if not all(visit.may(Permission.SITE_SEE, site) for site in known.sites):
                    raise ProposalUnknown(
                        "There is no such proposal.", do="List them with `presswarden proposal list` and use the id shown."
                    )
                if action == "later":
                    await approvals.put_off(tx, named, visit.person.id, until=now + timedelta(days=days), now=now)
                else:
                    await consent.say_no(tx, named, visit.person.id, digest=digest, reason=reason, now=now, way=Way.CONSOLE)
        except (ApprovalRefused, ProposalMove) as fault:
            if fault.code not in _CHANGED:  # decided by somebody else meanwhile: the list shows it
                raise
    return RedirectResponse("/proposals", 303)


async def _agree(desk: Desk, visit: Visit, known: views.Known, reason: str, now: datetime) -> None:
    evidence = SignedIn(visit.session.way.value, visit.session.stepped_up_at)
    async with desk.transaction(visit) as tx:
        await consent.say_yes(
            tx, known.proposal.id, visit.person.id, digest=known.proposal.plan.digest, evidence=evidence, release=rollouts.release, now=now,
            reason=reason, read_seconds=_read(known, now),
        )  # fmt: skip
    await desk.wake.ring(mailbox.DISPATCH)


async def _refuse(desk: Desk, visit: Visit, known: views.Known, reason: str, now: datetime) -> None:
    async with desk.transaction(visit) as tx:
        await consent.say_no(
            tx, known.proposal.id, visit.person.id, digest=known.proposal.plan.digest, reason=reason, now=now, way=Way.CONSOLE,
            read_seconds=_read(known, now),
        )  # fmt: skip


async def _to_the_tap(desk: Desk, visit: Visit, known: views.Known, reason: str, now: datetime) -> Response:
    """Lead the person, and nobody else, to the page for consents."""
    if known.decision is not None and known.decision.needs.single_operator:
        door.fresh(desk, visit)
    if not known.own_passkeys:
        return RedirectResponse("/account/consents", 303)
    async with desk.transaction(visit) as tx:
        ticket = await approvals.make_ticket(
            tx, visit.person.id, Purpose.CONSENT, session=visit.session.id, proposal=known.proposal.id, digest=known.proposal.plan.digest,
            reason=reason, read_seconds=_read(known, now), now=now,
        )  # fmt: skip
    return RedirectResponse(f"{consent_url(desk.url)}/consent/{ticket}", 303)


async def _conflict(desk: Desk, request: Request, visit: Visit, known: views.Known, reason: str) -> Response:
    """The answer came too late. Where a newer proposal for the same can be answered, its page is shown, and what was written goes with it; what is typed
    to be sure is typed anew."""
    newer, now = known.newer, desk.clock.now()
    if newer is None or newer.proposal.state not in views.OPEN:
        return show(desk, request, visit, known, 409, Answer(reason=reason, changed=True))
    async with desk.transaction(visit) as tx:
        await approvals.note_opened(tx, newer.proposal.id, visit.person.id, now=now)
    known = await look(desk, visit, newer.proposal.id, now)
    return show(desk, request, visit, known, 409, Answer(reason=reason, changed=True, differs=newer.differs))


async def look(desk: Desk, visit: Visit, named: ProposalId, now: datetime) -> views.Known:
    async with desk.reading(visit) as tx:
        return await views.gather(tx, visit, named, now)


def show(desk: Desk, request: Request, visit: Visit, known: views.Known, status: int, sent: Answer) -> Response:
    now = desk.clock.now()
    page = page_of(known, visit, fresh=visit.session.is_fresh(now), now=now, sent=sent)
    return desk.pages.render(request, "review/review.html", view=page, visit=visit, status=status)


def _read(known: views.Known, now: datetime) -> int | None:
    return None if known.opened_at is None else max(int((now - known.opened_at).total_seconds()), 0)


async def _days(request: Request) -> int:
    wanted = await door.field(request, "days", longest=2)
    if wanted not in DAYS:
        raise Malformed("It can be put off for 1, 3 or 7 days.")
    return DAYS[wanted]


async def _chosen(request: Request) -> list[tuple[ProposalId, str]]:
    given = [value for value in (await request.form()).getlist("chosen") if isinstance(value, str)]
    found = [(ProposalId(named), digest) for named, _, digest in (value.partition(":") for value in given) if is_uuid4(named)]
    if not 0 < len(found) <= MOST_AT_ONCE or len(found) != len(given):
        raise Malformed(f"Choose 1 to {MOST_AT_ONCE} proposals.", do="Go back to the list and choose some.")
    return found
