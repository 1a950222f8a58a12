"""The letter that brings an invitation, for whichever surface made it. Limits: queues it; the courier sends, and whether one runs is the caller's to know."""

from datetime import datetime

from presswarden.identity.invitations.model import Invitation
from presswarden.kernel.db import Tx
from presswarden.reports.notices import service as notices


async def invite(tx: Tx, made: Invitation, url: str, *, by: str, organisation: str, now: datetime) -> None:
    """Raises `NoCourier`."""
    text = (
        f"This link works once, for whoever opens it first, until {made.until:%Y-%m-%d %H:%M} UTC:\n\n{url}\n\n"
        "If you expect no invitation, ignore this mail.\n"
    )
    await notices.write(tx, made.mail, f"{by} invites you to {organisation}", text, now=now)
