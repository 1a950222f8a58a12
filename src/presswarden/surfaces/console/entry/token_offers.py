"""Who is asked to answer for a token, as a form names them. Limits: whether it is one's own to offer is asked by `identity.tokens`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from presswarden.identity import service as identity
from presswarden.identity.model import PersonUnknown
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Token
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId
from presswarden.surfaces.console.visit import Visit


async def offer(tx: Tx, visit: Visit, token: str, to: str, *, any_of_them: bool = False, now: datetime) -> None:
    """`to` is a mail address or an id; empty: the offer is taken back. Raises `TokenUnknown`, `TokenRefused`, `PersonUnknown`, `Forbidden`."""
    whom: PersonId | None = None
    if to.strip():
        whom = (await identity.find_person(tx, to)).id
    await tokens.offer(tx, token, whom, by=visit.person.id, any_of_them=any_of_them, now=now)


async def names(tx: Tx, of: Sequence[Token]) -> Mapping[PersonId, str]:
    """Of everybody who made one, answers for one, or is asked to; also of those who left."""
    found: dict[PersonId, str] = {}
    for each in {who for one in of for who in (one.person, one.made_by, one.offered_to) if who is not None}:
        try:
            found[each] = (await identity.anybody(tx, each)).name
        except PersonUnknown:
            found[each] = "somebody who left"
    return found
