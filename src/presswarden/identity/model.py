"""Organisations, people, roles and permissions, and the pure question "may this person?".

Roles are data: `ALLOWED` is the whole table (REQUIREMENTS X10). Limits: a permission opens a door of the control plane; what may happen to a site is decided
by policy, consent and the gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import ClientId, OrgId, PersonId, SiteId


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    APPROVER = "approver"
    OPERATOR = "operator"
    VIEWER = "viewer"
    AUDITOR = "auditor"


class Permission(StrEnum):
    SITE_SEE = "site.see"
    SITE_PAIR = "site.pair"
    SITE_READ = "site.read"
    """Ask a site with a signed read."""
    SITE_PAUSE = "site.pause"
    SITE_RESUME = "site.resume"
    SITE_REVOKE = "site.revoke"
    SITE_MOVE = "site.move"
    SITE_MODE = "site.mode"
    """Give a site more freedom; to make it quieter is a pause."""
    INCIDENT_SEE = "incident.see"
    INCIDENT_DECIDE = "incident.decide"
    PROPOSE = "proposal.file"
    APPROVE = "approval.give"
    POLICY_SEE = "policy.see"
    POLICY_SET = "policy.set"
    CONTENT_SEE = "content.see"
    """See the content arguments of a proposal."""
    AUDIT_SEE = "audit.see"
    AUDIT_PAYLOAD = "audit.payload"
    AUDIT_EXPORT = "audit.export"
    PEOPLE_SEE = "people.see"
    PEOPLE_MANAGE = "people.manage"
    OWNERS_MANAGE = "owners.manage"


_P = Permission
_LOOK: Final = frozenset({_P.SITE_SEE, _P.INCIDENT_SEE})
_OPERATE: Final = _LOOK | {
    _P.POLICY_SEE,
    _P.SITE_PAIR,
    _P.SITE_READ,
    _P.SITE_PAUSE,
    _P.PROPOSE,
    _P.CONTENT_SEE,
    _P.AUDIT_SEE,
    _P.PEOPLE_SEE,
}

# A stop is cheap, a resume is the owner's (POLICY). An auditor sees all and changes nothing; a viewer sees neither content nor payloads.
ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.OWNER: frozenset(Permission),
        Role.ADMIN: _OPERATE
        | {_P.SITE_REVOKE, _P.SITE_MOVE, _P.SITE_MODE, _P.INCIDENT_DECIDE, _P.APPROVE, _P.AUDIT_PAYLOAD, _P.AUDIT_EXPORT, _P.PEOPLE_MANAGE},
        Role.APPROVER: _LOOK | {_P.POLICY_SEE, _P.APPROVE, _P.CONTENT_SEE, _P.AUDIT_SEE, _P.PEOPLE_SEE, _P.SITE_PAUSE},
        Role.OPERATOR: _OPERATE,
        Role.VIEWER: _LOOK,
        Role.AUDITOR: _LOOK | {_P.POLICY_SEE, _P.CONTENT_SEE, _P.AUDIT_SEE, _P.AUDIT_PAYLOAD, _P.AUDIT_EXPORT, _P.PEOPLE_SEE},
    }
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One role of a person: for the whole organisation, for one client, or for one site."""

    role: Role
    site: SiteId | None = None
    client: ClientId | None = None
    sites: frozenset[SiteId] = field(default=frozenset(), compare=False, repr=False)
    """The client's sites, as they are at this moment; no part of what was granted."""

    @property
    def everywhere(self) -> bool:
        return self.site is None and self.client is None

    def covers(self, site: SiteId | None) -> bool:
        """An organisation-wide grant covers every site, and what belongs to none."""
        return self.everywhere or (site is not None and (site == self.site or site in self.sites))


@dataclass(frozen=True, slots=True)
class Client:
    id: ClientId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Organisation:
    id: OrgId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    id: PersonId
    name: str
    mail: str
    grants: frozenset[Grant]
    created_at: datetime
    removed_at: datetime | None = None

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that hold for the whole organisation."""
        return frozenset(grant.role for grant in self.grants if grant.everywhere)


def may(person: Person, permission: Permission, site: SiteId | None = None) -> bool:
    """True when one of the person's grants covers `site` and allows `permission`."""
    if person.removed_at is not None:
        return False
    return any(permission in ALLOWED[grant.role] for grant in person.grants if grant.covers(site))


def reach(person: Person, permission: Permission) -> frozenset[SiteId] | None:
    """The sites for which `may` says yes; None for every site of the organisation."""
    if person.removed_at is not None:
        return frozenset()
    giving = [grant for grant in person.grants if permission in ALLOWED[grant.role]]
    if any(grant.everywhere for grant in giving):
        return None
    return frozenset(site for grant in giving for site in ((grant.site,) if grant.site else grant.sites))


class Forbidden(PresswardenError):
    """The person's roles do not allow it."""

    code = "identity.forbidden"


class NoOrganisation(PresswardenError):
    code = "identity.no_organisation"


class WhichOrganisation(PresswardenError):
    code = "identity.which_organisation"


class PersonUnknown(NotFound):
    code = "identity.person_unknown"


class ClientUnknown(NotFound):
    code = "identity.client_unknown"


class ClientTaken(PresswardenError):
    code = "identity.client_taken"


class MailTaken(PresswardenError):
    code = "identity.mail_taken"


class LastOwner(PresswardenError):
    code = "identity.last_owner"


class NameRefused(PresswardenError):
    """A name or mail address that is empty, too long, or not plain text."""

    code = "identity.name"
