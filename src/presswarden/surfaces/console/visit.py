"""Who looks at a page: a signed-in person, with their organisation and session. Limits: a value; how one comes to be is `door`'s."""

from dataclasses import dataclass

from presswarden.identity import model as identity
from presswarden.identity.model import Organisation, Permission, Person
from presswarden.identity.sessions.model import Session
from presswarden.kernel.ids import OrgId, SiteId


@dataclass(frozen=True, slots=True)
class Visit:
    organisation: Organisation
    person: Person
    session: Session

    @property
    def org(self) -> OrgId:
        return self.organisation.id

    def may(self, permission: Permission, site: SiteId | None = None) -> bool:
        """For what a page shows. What a verb does is asked again by the stage, in the transaction that does it."""
        return identity.may(self.person, permission, site)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whoever is not signed in, with the token that this browser's forms carry until then."""

    token: str
    source: str
    browser: str
    known: str
    """What this browser was given at an earlier sign-in; empty for one never seen."""
