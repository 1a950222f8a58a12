"""What the pages of people and roles show. Limits: values gathered in one transaction; a link is shown by one answer and kept nowhere."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presswarden.approvals import service as approvals
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.accounts.model import Ways
from presswarden.identity.clients import service as clients
from presswarden.identity.invitations import service as invitations
from presswarden.identity.invitations.model import Invitation
from presswarden.identity.model import ALLOWED, Client, Grant, Permission, Person, Role
from presswarden.identity.sessions import service as sessions
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Token
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ClientId, PersonId, SiteId
from presswarden.sites import service as sites
from presswarden.surfaces.console.paging import Numbered, numbered
from presswarden.surfaces.console.visit import Visit

WORDS: Mapping[Permission, str] = {
    Permission.SITE_SEE: "See sites and their state",
    Permission.SITE_PAIR: "Connect a site",
    Permission.SITE_READ: "Ask a site with a signed read",
    Permission.SITE_PAUSE: "Stop or pause",
    Permission.SITE_RESUME: "Resume what was stopped",
    Permission.SITE_REVOKE: "Disconnect a site for good",
    Permission.SITE_MOVE: "Confirm that a site moved",
    Permission.SITE_MODE: "Give a site more freedom",
    Permission.INCIDENT_SEE: "See incidents",
    Permission.INCIDENT_DECIDE: "Decide about incidents",
    Permission.PROPOSE: "Propose changes",
    Permission.APPROVE: "Say yes or no to changes",
    Permission.POLICY_SEE: "See policies",
    Permission.POLICY_SET: "Set policies",
    Permission.CONTENT_SEE: "See content in proposals",
    Permission.AUDIT_SEE: "See the audit trail",
    Permission.AUDIT_PAYLOAD: "See what audit entries carry",
    Permission.AUDIT_EXPORT: "Export the audit trail",
    Permission.PEOPLE_SEE: "See people and roles",
    Permission.PEOPLE_MANAGE: "Invite people and give roles",
    Permission.OWNERS_MANAGE: "Give and take the owner's role",
}


@dataclass(frozen=True, slots=True)
class Held:
    """One role of a person, in words and as forms carry it."""

    grant: Grant
    text: str
    over: str


@dataclass(frozen=True, slots=True)
class Line:
    person: Person
    held: tuple[Held, ...]
    consent_keys: int
    can_sign_in: bool


@dataclass(frozen=True, slots=True)
class Pending:
    invitation: Invitation
    text: str


@dataclass(frozen=True, slots=True)
class People:
    lines: tuple[Line, ...]
    """Of this page."""
    at: Numbered
    pending: tuple[Pending, ...]
    roles: tuple[Role, ...]
    matrix: tuple[tuple[str, tuple[bool, ...]], ...]
    scopes: tuple[tuple[str, str], ...]
    """What a role can be given for, but single sites, which are typed: value and words."""
    problem: str = ""
    given: Mapping[str, str] | None = None
    """What a form brought that was not taken."""

    def roles_for(self, visit: Visit) -> tuple[tuple[str, str], ...]:
        return _roles_for(visit)


@dataclass(frozen=True, slots=True)
class Answered:
    """A token that somebody answers for."""

    token: Token
    made_by: str
    offered_to: str


@dataclass(frozen=True, slots=True)
class One:
    line: Line
    ways: Ways
    last_seen: datetime | None
    tokens: tuple[Answered, ...]
    scopes: tuple[tuple[str, str], ...]
    problem: str = ""

    def roles_for(self, visit: Visit) -> tuple[tuple[str, str], ...]:
        return _roles_for(visit)


@dataclass(frozen=True, slots=True)
class Clients:
    clients: tuple[tuple[Client, int], ...]
    """Each with how many sites it has."""
    without: int
    """Sites of no client."""
    choices: tuple[tuple[str, str], ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    says: str
    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class _Names:
    sites: Mapping[SiteId, str]
    clients: Mapping[ClientId, str]

    def held(self, grant: Grant) -> Held:
        if grant.site is not None:
            return Held(grant, f"{grant.role.value} of the site {self.sites.get(grant.site, 'that is gone')}", f"site:{grant.site}")
        if grant.client is not None:
            return Held(
                grant, f"{grant.role.value} of the client {self.clients.get(grant.client, 'that is gone')}", f"client:{grant.client}"
            )
        return Held(grant, grant.role.value, "everything")

    def scopes(self) -> tuple[tuple[str, str], ...]:
        return (
            ("everything", "The whole organisation"),
            *((f"client:{one}", f"Client: {name}") for one, name in self.clients.items()),
        )


def read_grant(role: str, over: str) -> Grant | None:
    """A role as a form names it; None for anything that is none."""
    if role not in set(Role):
        return None
    kind, _, which = over.partition(":")
    match kind:
        case "everything":
            return Grant(Role(role))
        case "client" if which:
            return Grant(Role(role), client=ClientId(which))
        case "site" if which:
            return Grant(Role(role), SiteId(which))
    return None


async def people(
    tx: Tx, rp_id: str, now: datetime, *, number: str = "1", problem: str = "", given: Mapping[str, str] | None = None
) -> People:
    names, everybody = await _names(tx), await identity.people(tx)
    at = numbered("/people", number, len(everybody))
    lines = tuple([await _line(tx, one, names, rp_id) for one in at.of(everybody)])
    pending = tuple(
        Pending(one, names.held(one.grant).text if one.grant else "a way back") for one in await invitations.open_invitations(tx, now)
    )
    matrix = tuple((words, tuple(permission in ALLOWED[role] for role in Role)) for permission, words in WORDS.items())
    return People(lines, at, pending, tuple(Role), matrix, names.scopes(), problem, given)


async def one(tx: Tx, who: PersonId, rp_id: str, now: datetime, *, problem: str = "") -> One:
    """Raises `PersonUnknown`."""
    found, names = await identity.person(tx, who), await _names(tx)
    seen = max((each.seen_at for each in await sessions.sessions_of(tx, who, now)), default=None)
    ways = await accounts.ways(tx, who)
    theirs = tuple([await _answered(tx, each) for each in await tokens.tokens_of(tx, who)])
    return One(await _line(tx, found, names, rp_id), ways, seen, theirs, names.scopes(), problem)


async def _answered(tx: Tx, token: Token) -> Answered:
    offered = "" if token.offered_to is None else (await identity.anybody(tx, token.offered_to)).name
    return Answered(token, (await identity.anybody(tx, token.made_by)).name, offered)


async def all_clients(tx: Tx, *, problem: str = "") -> Clients:
    of, known = await clients.client_of(tx), await clients.clients(tx)
    paired = {each.id for each in await sites.list_sites(tx)}
    counted = Counter(client for site, client in of.items() if site in paired)
    choices = (*((each.id, each.name) for each in known), ("", "No client"))
    return Clients(tuple((each, counted[each.id]) for each in known), len(paired - of.keys()), choices, problem)


async def _names(tx: Tx) -> _Names:
    return _Names({each.id: each.label for each in await sites.list_sites(tx)}, {each.id: each.name for each in await clients.clients(tx)})


async def _line(tx: Tx, person: Person, names: _Names, rp_id: str) -> Line:
    held = sorted((names.held(grant) for grant in person.grants), key=lambda each: each.text)
    keys = len(await approvals.passkeys_of(tx, person.id))
    return Line(person, tuple(held), keys, (await accounts.ways(tx, person.id)).any(rp_id))


def _roles_for(visit: Visit) -> tuple[tuple[str, str], ...]:
    """What this visitor can give: an owner's role is an owner's to give."""
    return tuple((role.value, role.value.capitalize()) for role in Role if role is not Role.OWNER or visit.may(Permission.OWNERS_MANAGE))
