"""What the pages of entry show. Limits: values; secrets among them (a new code, a new token, a link) are shown by one answer and kept nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from presswarden.identity.accounts.model import Ways
from presswarden.identity.invitations.model import Invitation
from presswarden.identity.model import Organisation, Person
from presswarden.identity.sessions.model import Session
from presswarden.identity.tokens.model import Token
from presswarden.kernel.ids import PersonId
from presswarden.surfaces.console.entry.passkeys import Asked


@dataclass(frozen=True, slots=True)
class Login:
    next: str
    mail: str
    passkey: Asked
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    next: str
    passkey: Asked | None
    """None for somebody without a passkey of this place."""
    codes: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    url: str
    local: bool
    """Reached by plain HTTP on this machine alone."""
    organisation: str = ""
    name: str = ""
    mail: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    secret: str
    invitation: Invitation
    organisation: Organisation
    by: str
    scope: str
    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Welcome:
    passkey: Asked
    ways: Ways


@dataclass(frozen=True, slots=True)
class PasswordPage:
    needs_app: bool
    """No app is set up yet, or a new one was asked for."""
    seed: str
    """As it is typed into an app."""
    sealed: str
    """The same, sealed: the form brings it back."""
    picture: str
    """Path of the picture that a phone reads; empty where no app is set up."""
    size: int
    has_password: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Secrets that are shown once."""

    title: str
    says: str
    secrets: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Account:
    person: Person
    ways: Ways
    rp_id: str
    passkey: Asked
    sessions: tuple[Session, ...]
    tokens: tuple[Token, ...]
    offers: tuple[Token, ...]
    """What this person is asked to answer for."""
    names: Mapping[PersonId, str]
    now: datetime
    problem: str = ""
