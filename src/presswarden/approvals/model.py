"""Consents, passkeys and policy documents as they are kept. Limits: values; whether a consent is enough is the policy's to say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import OrgId, PersonId, ProposalId


class Way(StrEnum):
    """How a person said it."""

    PASSKEY = "passkey"
    TERMINAL = "terminal"
    """Typed at the terminal of the machine that holds the database, and recorded as such."""


class ApprovalRefused(PresswardenError):
    """This person can't give this consent. The code says why: `approval.own_proposal`, `approval.terminal`, `approval.digest`, ..."""

    code = "approval.refused"


class ApprovalExpired(PresswardenError):
    code = "approval.expired"


class PasskeyRefused(PresswardenError):
    """The assertion or registration does not verify."""

    code = "approval.passkey"


class PolicyUnknown(NotFound):
    code = "policy.unknown"


@dataclass(frozen=True, slots=True)
class Passkey:
    """A person's consent credential: public half only. It signs plan digests under its own RP id, never a login."""

    id: str
    """Credential id, base64url without padding."""
    person: PersonId
    name: str
    rp_id: str
    public: bytes = field(repr=False)
    """COSE key."""
    sign_count: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """A person's yes or no to one exact plan digest. Append-only."""

    org: OrgId
    proposal: ProposalId
    digest: str
    person: PersonId
    yes: bool
    way: Way
    passkey: str
    """Id of the credential; empty at a terminal."""
    policy_version: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One version of one policy document. `scope` is a site's id, or empty for the whole organisation."""

    org: OrgId
    scope: str
    version: int
    digest: str
    document: Mapping[str, Json]
    active: bool
    set_by: PersonId
    set_at: datetime
