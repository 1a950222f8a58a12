"""What lies before all organisations together, in numbers: for graphs and alarms. Told by the process that faces nobody; one look-up in half a minute.

Limits: sums alone, so that no graph names whose a site is; each organisation is asked in a transaction of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from presswarden.identity import service as identity
from presswarden.incidents import service as incidents
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE
from presswarden.mailbox import service as mailbox
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState
from presswarden.reports.notices import service as notices
from presswarden.sites import service as sites
from presswarden.telemetry import service as telemetry

FRESH: Final = timedelta(seconds=30)


@dataclass
class Load:
    """Of one process; what it was asked a moment ago it tells again."""

    database: Database
    clock: Clock
    _at: datetime | None = field(default=None, init=False)
    _told: Mapping[tuple[str, str], float] = field(default_factory=dict, init=False)

    async def now(self) -> Mapping[tuple[str, str], float]:
        """Name of the number and its state ("" where it has none). Raises `DatabaseGone`."""
        now = self.clock.now()
        if self._at is None or now - self._at >= FRESH:
            self._told, self._at = await self._looked(now), now
        return self._told

    async def _looked(self, now: datetime) -> Mapping[tuple[str, str], float]:
        async with self.database.reading(EVERYONE) as tx:
            organisations = await identity.organisations(EVERYONE, tx)
        paired = silent = waiting = requests = queued = given_up = open_ = 0
        oldest: datetime | None = None
        for organisation in organisations:
            async with self.database.reading(organisation.id) as tx:
                paired, silent = paired + await sites.paired_count(tx), silent + await telemetry.silent(tx, now)
                count, since = await proposals.waiting(tx, ProposalState.WAITING)
                waiting, oldest = waiting + count, min((each for each in (oldest, since) if each is not None), default=None)
                requests += await mailbox.depth(tx)
                told = await notices.given(tx)
                queued, given_up = queued + told.waiting, given_up + told.given_up
                open_ += sum((await incidents.open_counts(tx)).values())
        return {
            ("presswarden_sites", "heard"): paired - silent,
            ("presswarden_sites", "silent"): silent,
            ("presswarden_proposals_waiting", ""): waiting,
            ("presswarden_proposals_oldest_waiting_seconds", ""): 0.0 if oldest is None else (now - oldest).total_seconds(),
            ("presswarden_requests_open", ""): requests,
            ("presswarden_incidents_open", ""): open_,
            ("presswarden_notices", "queued"): queued,
            ("presswarden_notices", "given_up"): given_up,
        }
