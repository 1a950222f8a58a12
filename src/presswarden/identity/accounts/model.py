"""Nouns of signing in: what a person can sign in with, and why they can't. Limits: pure; a refusal at the login never says which part was wrong."""

from dataclasses import dataclass, field
from datetime import datetime

from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import OrgId, PersonId


class LoginRefused(PresswardenError):
    """One answer for an unknown mail address, a wrong password and a wrong code."""

    code = "login.refused"


class LoginSlow(PresswardenError):
    """Too many tries; a passkey, or a browser that signed in before, still works."""

    code = "login.slow"


class LoginBusy(PresswardenError):
    """More people sign in at this moment than passwords are compared for at once."""

    code = "login.busy"


class PasswordRefused(PresswardenError):
    code = "login.password"


class CodeRefused(PresswardenError):
    """A code that is wrong, or was taken before."""

    code = "login.code"


class KeyRefused(PresswardenError):
    """A passkey's answer that does not verify; `where` is the kind of fault."""

    code = "login.passkey"


class KeyUnknown(NotFound):
    """A passkey that is not one's own: another's, or nobody's; both are absent."""

    code = "login.passkey_unknown"


class LastWay(PresswardenError):
    """Without it the person could not sign in any more."""

    code = "login.last_way"


class SetupRefused(PresswardenError):
    """The first start is over, or the code is not the one that was printed."""

    code = "login.setup"


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept for a person's password and codes."""

    org: OrgId
    person: PersonId
    password: str = field(default="", repr=False)
    """Argon2id, in its own form; empty without one."""
    seed: bytes = field(default=b"", repr=False)
    """The seed of their codes, sealed under the web process's KEK; empty without one."""
    step: int = 0
    """Of the code taken last; it and every older one is spent."""


@dataclass(frozen=True, slots=True)
class LoginKey:
    """A passkey to sign in with: public half only. It works as long as `rp_id` is the control plane's name; `origin` tells where it was made."""

    id: str
    person: PersonId
    name: str
    rp_id: str
    origin: str
    public: bytes = field(repr=False)
    sign_count: int
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person can sign in."""

    password: bool
    codes: bool
    recovery: int
    """Recovery codes left."""
    passkeys: tuple[LoginKey, ...]

    def any(self, rp_id: str) -> bool:
        """There is one that works under this name."""
        return (self.password and self.codes) or any(key.rp_id == rp_id for key in self.passkeys)
