"""What every page of the console works at. Limits: opens transactions, decides nothing; each route opens its own, inside the visitor's organisation."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import Everyone, OrgId
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import Wake
from presswarden.surfaces.console.pages import Pages


class OfOrganisation(Protocol):
    @property
    def org(self) -> OrgId: ...


@dataclass(frozen=True, slots=True)
class Desk:
    database: Database
    clock: Clock
    wake: Wake
    kek: Kek
    url: str
    """The public URL, without a slash: what people type, and what passkeys are bound to."""
    pages: Pages
    everyone: Everyone

    def reading(self, visit: OfOrganisation) -> AbstractAsyncContextManager[Tx]:
        return self.database.reading(visit.org)

    def transaction(self, visit: OfOrganisation) -> AbstractAsyncContextManager[Tx]:
        return self.database.transaction(visit.org)
