"""The update analyst: what speaks for and against one offered update, and whether saying so again would be news. Deterministic; no model is asked.

Pure. It says what it found and how sure the numbers are; risk, waits, holds and who must agree are the policy's. Limits: security releases are not known to
it, so none skips a wait; a site's own names stand in its words and are escaped where they are shown.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from presswarden.agents.model import Known, Look, Past
from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.policy.confidence import confidence
from presswarden.policy.model import Jump, Outcome, Size
from presswarden.policy.versions import compare, jump
from presswarden.proposals.model import Draft, Evidence, Item, Proposal, ProposalState, Source
from presswarden.proposals.packages.model import differ
from presswarden.proposals.updates import UpdateRefused, item, name_of
from presswarden.rollouts.model import TOUCHED, Result
from presswarden.telemetry.offers.model import Offer

ANALYST: Final = Actor("process", "analyst")
TRIED_AGO: Final = timedelta(hours=24)
_LONGEST_TITLE: Final = 200
_UNDECIDED: Final = frozenset({ProposalState.WAITING, ProposalState.APPROVED})


def recommendation(look: Look, component: str, known: Known) -> Draft | None:
    """The draft for this component's offer; None where the site can't take the version, or nothing is offered that is newer."""
    offer = look.offers.get(component)
    try:
        wanted = item(look.site, look.installation, look.home, look.components, component, offer, known.packages)
    except UpdateRefused:
        return None
    if offer is None or _too_old(look, offer) or (wanted.was and compare(wanted.was, wanted.version) >= 0):
        return None
    step = None if component.startswith("translation:") else jump(component, wanted.was, wanted.version)
    # A language pack has no version to be near or far: nothing to be confident about, and the policy lets it run alone only as what it is.
    sure = None if step is None else confidence(step, known.outcomes)
    found = tuple(_evidence(look, wanted, offer, known, step, sure))
    ordered = (*(each for each in found if each.against), *(each for each in found if not each.against))
    return Draft(Source.ANALYST, ANALYST, _title(look, wanted), (wanted,), ordered, sure)


def is_news(draft: Draft, past: Past) -> bool:
    """False when people have this before them already, said no to it, or when this very version was tried here and did not hold."""
    (wanted,) = draft.items
    for proposal in past.proposals:
        same = [each for each in proposal.items if (each.site, each.component) == (wanted.site, wanted.component)]
        if same and proposal.state in _UNDECIDED:
            return False
        if len(proposal.items) != 1 or not same or same[0].version != wanted.version:
            continue
        if proposal.state is ProposalState.REJECTED or (proposal.state is ProposalState.RECOMMENDED and mark(proposal) == mark(draft)):
            return False
    for change in past.changes:
        if (change.site, change.component, change.version) != (wanted.site, wanted.component, wanted.version) or change.result is None:
            continue
        if change.result in TOUCHED and change.result is not Result.SUCCEEDED:
            return False
        if change.ended_at is not None and past.now - change.ended_at < TRIED_AGO:
            return False
    return True


def mark(of: Draft | Proposal) -> tuple[object, ...]:
    """What makes two recommendations the same: the item, the kinds of evidence, and the confidence in whole percent. Counts in words may differ."""
    (wanted,) = of.items
    sure = -1 if of.confidence is None else int(of.confidence * 100 + 1e-9)
    before = tuple(sorted(wanted.before.items()))
    return wanted.site, wanted.installation, wanted.component, wanted.version, wanted.package, before, {e.code for e in of.evidence}, sure


def _evidence(look: Look, wanted: Item, offer: Offer, known: Known, step: Jump | None, sure: float | None) -> Iterator[Evidence]:
    if step is not None:
        yield _of_jump(step)
    facts = look.components.get(wanted.component, {})
    if facts.get("known") is False:
        says = "The update directory does not know this component: it was closed, or it is a vendor's own."
        yield Evidence("not-in-directory", says, against=True)
    if facts.get("auto_update") is True:
        says = "WordPress's own automatic updates are on for it: it may install the version by itself, without a snapshot or a check."
        yield Evidence("auto-update-on", says, against=True)
    yield from _of_package(wanted, known)
    yield from _of_fleet(wanted, known.outcomes, sure)
    yield Evidence(
        "offered", f"The site's own WordPress offers exactly this version, first seen on {offer.first_seen:%Y-%m-%d}.", against=False
    )
    needs = [f"{what} {least}" for what, least in (("PHP", offer.named.requires_php), ("WordPress", offer.named.requires_wp)) if least]
    if needs:
        has = f"PHP {_version(look, 'php')} and WordPress {_version(look, 'core')}"
        yield Evidence("requirements-met", f"It needs {' and '.join(needs)}; the site has {has}.", against=False)


def _of_jump(step: Jump) -> Evidence:
    says = f"From {step.was} to {step.version}: a {step.size} step."
    return Evidence(f"{step.size}-step", says, against=step.size is not Size.PATCH)


def _of_package(wanted: Item, known: Known) -> Iterator[Evidence]:
    if differ(known.packages):
        yield Evidence("package-differs", "Not every place gives the same zip for this version.", against=True)
    if wanted.package:
        yield Evidence("package-bound", f"The zip's hash is known from outside the site: SHA-256 {wanted.package[:16]}...", against=False)
    else:
        why = next((each.says for each in known.packages if each.code), "")
        says = "Nobody outside the site has seen the zip, so its hash can't be bound." + (f" {why}" if why else "")
        yield Evidence("package-unbound", says, against=True)


def _of_fleet(wanted: Item, outcomes: Sequence[Outcome], sure: float | None) -> Iterator[Evidence]:
    same = [each for each in outcomes if each.component == wanted.component and each.version == wanted.version]
    failed, passed = [e for e in same if not e.passed], [e for e in same if e.passed]
    if failed:
        says = f"{len(failed)} of {len(same)} updates to this version in this organisation were taken back."
        yield Evidence("failed-elsewhere", says, against=True)
    if passed:
        alike = sum(each.same_class for each in passed)
        says = f"{len(passed)} updates to this version passed every check in this organisation, {alike} of them on sites like this one."
        yield Evidence("passed-elsewhere", says, against=False)
    elif sure is not None:
        yield Evidence("first-here", "No site of this organisation has taken this version yet.", against=True)
    if sure is not None:
        says = f"Confidence {int(sure * 100 + 1e-9)} %: with nine chances in ten it passes our own checks at least that often."
        yield Evidence("confidence", says, against=False)


def _too_old(look: Look, offer: Offer) -> bool:
    """The site's PHP or WordPress is older than the version asks for, or not known."""
    for name, least in (("php", offer.named.requires_php), ("core", offer.named.requires_wp)):
        has = _version(look, name)
        if least and (not has or compare(has, least) < 0):
            return True
    return False


def _title(look: Look, wanted: Item) -> str:
    name = name_of(wanted.component, look.components.get(wanted.component))
    step = f"{wanted.was} to {wanted.version}" if wanted.was else f"to {wanted.version}"
    return f"Update {name[:80]} {step} on {look.label}"[:_LONGEST_TITLE]


def _version(look: Look, component: str) -> str:
    value: Json = look.components.get(component, {}).get("version")
    return value if isinstance(value, str) else ""
