"""What an approval sets off. Limits: who releases work stands after this stage in the order, so the surfaces hand it in."""

from datetime import datetime, timedelta
from typing import Protocol

from presswarden.kernel.db import Tx
from presswarden.proposals.model import Proposal


class Releases(Protocol):
    """`rollouts.service.release`: file the work of an approved proposal, in the transaction of the last consent."""

    async def __call__(self, tx: Tx, proposal: Proposal, *, delay: timedelta, now: datetime) -> object: ...
