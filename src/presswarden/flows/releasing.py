"""What needs no person: proposals that the policy lets run by themselves are released, as soon as nothing holds them back.

Looked at without a lock first: most of them wait for a person, round after round. So what is new comes first, then what was looked at longest ago, until so
many looks came to nothing: ten thousand that wait cost a round no more than forty. Limits: the policy decides, and the gate asks it again at each call.
"""

import logging
from typing import Final

from presswarden.approvals import service as approvals
from presswarden.gate import service as gate
from presswarden.identity import service as identity
from presswarden.kernel.clock import Clock
from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, OrgId, ProposalId
from presswarden.kernel.wake import Wake
from presswarden.mailbox import service as mailbox
from presswarden.policy.model import Stage, Verdict
from presswarden.proposals import service as proposals
from presswarden.proposals.model import ProposalState
from presswarden.rollouts import service as rollouts

log = logging.getLogger(__name__)

MOST_IN_VAIN: Final = 40
_OPEN: Final = (ProposalState.RECOMMENDED, ProposalState.WAITING)


class Releasing:
    def __init__(self, database: Database, clock: Clock, wake: Wake, *, everyone: Everyone, in_vain: int = MOST_IN_VAIN) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake
        self._everyone = everyone
        self._in_vain = in_vain
        self._rounds = 0
        self._looked_at: dict[ProposalId, int] = {}
        """In which round last."""

    async def round(self) -> int:
        """Look at open proposals, at all of them where they are few. How many were released."""
        self._rounds += 1
        async with self._database.reading(self._everyone) as tx:
            organisations = await identity.organisations(self._everyone, tx)
        released, open_now = 0, set[ProposalId]()
        for organisation in organisations:
            async with self._database.reading(organisation.id) as tx:
                waiting = await proposals.ids(tx, states=_OPEN)
            open_now.update(waiting)
            in_vain = 0
            for proposal in sorted(waiting, key=lambda one: self._looked_at.get(one, 0)):
                self._looked_at[proposal] = self._rounds
                was_released = await self._release(organisation.id, proposal)
                released, in_vain = released + was_released, in_vain + (not was_released)
                if in_vain >= self._in_vain:
                    break
        self._looked_at = {one: looked for one, looked in self._looked_at.items() if one in open_now}
        if released:
            await self._wake.ring(mailbox.DISPATCH)
        return released

    async def _release(self, org: OrgId, proposal: ProposalId) -> bool:
        try:
            now = self._clock.now()
            async with self._database.reading(org) as tx:
                asked = await proposals.proposal(tx, proposal)
                if await gate.bearing(tx, asked.sites, gate.begun_by(asked), now=now):
                    return False  # it waits, and runs when the stop is lifted in time
                found = await approvals.decision(tx, asked, Stage.APPROVAL, now=now)
            if found.verdict is not Verdict.ALLOW or found.needs.people:
                return False
            async with self._database.transaction(org) as tx:
                await gate.require_running(tx, asked.sites, gate.begun_by(asked), now=now)
                return (await approvals.by_itself(tx, proposal, release=rollouts.release, now=self._clock.now())).verdict is Verdict.ALLOW
        except DatabaseGone:
            raise
        except PresswardenError as against:  # withdrawn or moved meanwhile
            log.info("proposal %s was not released: %s", proposal, against.says)
            return False
