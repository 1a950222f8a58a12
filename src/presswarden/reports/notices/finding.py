"""Which entries of the record people are told of. What stands in an entry is looked at, never passed on: a notice has words of our own and a link.

Limits: whether somebody may see the thing is asked for each person; an entry whose payload went says nothing any more.
"""

from collections.abc import Mapping
from typing import Final

from presswarden.audit.model import Recorded
from presswarden.identity.model import Permission, Person, may
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import SiteId
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.reports.notices.model import BY_ITSELF, Notice, Occasion
from presswarden.rollouts.model import Result

KINDS: Final = (
    "policy.decided", "proposal.adopted", "change.ended", "incident.opened", "incident.reopened", "gate.stopped", "gate.lifted", "gate.ended",
    "consent.given",
)  # fmt: skip
OF_PROPOSALS: Final = frozenset({"policy.decided", "proposal.adopted"})
_SEES: Final[Mapping[Occasion, Permission]] = {
    Occasion.APPROVAL_WANTED: Permission.APPROVE,
    Occasion.EXECUTED: Permission.SITE_SEE,
    Occasion.ROLLED_BACK: Permission.SITE_SEE,
    Occasion.UNREACHABLE: Permission.INCIDENT_SEE,
    Occasion.INCIDENT: Permission.INCIDENT_SEE,
    Occasion.STOP: Permission.SITE_SEE,
    Occasion.ALONE: Permission.OWNERS_MANAGE,
}
_GRAVE: Final = frozenset({"high", "critical"})
_ENDED: Final[Mapping[str, tuple[Occasion, str]]] = {
    Result.SUCCEEDED: (Occasion.EXECUTED, "A change was carried out and checked."),
    Result.UNVERIFIED: (Occasion.EXECUTED, "A change was carried out; whether the site is well can't be told."),
    Result.UNKNOWN: (Occasion.EXECUTED, "A change may have been carried out; how the site stands is not known."),
    Result.ROLLED_BACK: (Occasion.ROLLED_BACK, "A change was rolled back."),
    Result.ROLLBACK_FAILED: (Occasion.ROLLED_BACK, "A change could not be rolled back: a person has to look at the site."),
}


def notice_of(entry: Recorded, proposal: Proposal | None) -> Notice | None:
    """What people are told of this entry, if anything. `proposal`: the one that it is about, as it stands now."""
    kind, payload = entry.kind, entry.payload
    thing = entry.subject.partition(":")[2]
    if payload is None:
        return None
    if kind in OF_PROPOSALS:
        if proposal is None or proposal.state is not ProposalState.WAITING:
            return None
        until = f"{proposal.approve_by:%Y-%m-%d %H:%M} UTC"
        says = f"A proposal waits for approval until {until}."
        return Notice(entry.id, Occasion.APPROVAL_WANTED, says, f"/proposals/{thing}", entry.at, subject=entry.subject)
    if kind == "change.ended":
        ended = _ENDED.get(str(payload.get("result")))
        return None if ended is None else Notice(entry.id, *ended, f"/changes/{thing}", entry.at, _site(payload), entry.subject)
    if kind in {"incident.opened", "incident.reopened"}:
        away = payload.get("kind") == SignalKind.UNREACHABLE
        says = "A site can't be reached." if away else "An incident was opened: something looks wrong on a site."
        occasion = Occasion.UNREACHABLE if away else Occasion.INCIDENT
        return Notice(entry.id, occasion, says, f"/incidents/{thing}", entry.at, _site(payload), entry.subject)
    if kind in _STOPS:
        says = f"{_REACH.get(str(payload.get('scope')), 'Something')} {_STOPS[kind]}."
        return Notice(entry.id, Occasion.STOP, says, "/stop", entry.at, subject=entry.subject)
    if kind == "consent.given" and payload.get("alone") is True and payload.get("risk") in _GRAVE:
        says = "The only person who may approve said yes to a grave change; it begins fifteen minutes later, unless somebody stops it."
        return Notice(entry.id, Occasion.ALONE, says, f"/proposals/{thing}", entry.at, subject=entry.subject)
    return None


_STOPS: Final[Mapping[str, str]] = {
    "gate.stopped": "was stopped",
    "gate.lifted": "was resumed",
    "gate.ended": "is stopped no longer: the end came that was said before",
}
_REACH: Final[Mapping[str, str]] = {
    "everything": "The whole installation",
    "organisation": "The organisation",
    "client": "A client",
    "site": "A site",
    "agent": "An agent",
}


def is_told(person: Person, notice: Notice, proposal: Proposal | None, preferences: Mapping[tuple[str, str], bool]) -> bool:
    """This person may see it and wants to hear of it, and the organisation sends such notices at all."""
    occasion = notice.occasion
    if not preferences.get(("", occasion.value), True):
        return False
    sites = proposal.sites if proposal is not None else (notice.site,)
    if not all(may(person, _SEES[occasion], site) for site in sites):
        return False
    if proposal is not None and proposal.proposer.id == person.id and occasion is Occasion.APPROVAL_WANTED:
        return False  # who proposes does not approve, unless nobody else can; then the console's own page says so
    # Who only looks on is told when they ask for it.
    usual = occasion in BY_ITSELF and any(may(person, Permission.SITE_PAUSE, site) for site in sites)
    return preferences.get((person.id, occasion.value), usual)


def _site(payload: Mapping[str, Json]) -> SiteId | None:
    site = payload.get("site")
    return SiteId(site) if isinstance(site, str) and site else None
