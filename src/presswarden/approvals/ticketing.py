"""Verbs of tickets: the way from the console, where a person is signed in, to the origin for consents, where nobody is.

Limits: a ticket says who was sent and for what, while the session lives that it was made in; whoever holds it can do nothing without that person's passkey,
except enrol the first one.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from presswarden.approvals.model import Purpose, Ticket, TicketRefused
from presswarden.approvals.tickets import store
from presswarden.identity import service as identity
from presswarden.identity.sessions import service as sessions
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId, ProposalId, SessionId

TICKET_LIVES: Final = timedelta(minutes=10)


async def make_ticket(
    tx: Tx,
    person: PersonId,
    purpose: Purpose,
    *,
    session: SessionId,
    proposal: ProposalId | None = None,
    digest: str = "",
    reason: str = "",
    read_seconds: int | None = None,
    now: datetime,
) -> str:
    """The text of a new ticket, which is kept nowhere. The one before, for the same purpose, is void. Raises `PersonUnknown`."""
    await identity.person(tx, person)
    text = secrets.token_urlsafe(32)
    made = Ticket(tx.org, _hash(text), person, purpose, proposal, digest, reason[:500], read_seconds, now + TICKET_LIVES, session)
    await store.put(tx.org, tx, made)
    return text


async def organisation_of_ticket(everyone: Everyone, tx: Tx, text: str) -> OrgId:
    """In whose transaction the ticket is to be looked at. Raises `TicketRefused`."""
    found = await store.organisation_of(everyone, tx, _hash(text))
    if found is None:
        raise _refused()
    return found


async def ticket(tx: Tx, text: str, purpose: Purpose, *, now: datetime) -> Ticket:
    """The ticket, where it is good still and for this. Raises `TicketRefused`."""
    found = await store.find(tx.org, tx, _hash(text), now)
    if found is None or found.purpose is not purpose or not await sessions.is_alive(tx, found.person, found.session, now):
        raise _refused()
    return found


async def spend_ticket(tx: Tx, text: str, purpose: Purpose, *, now: datetime) -> Ticket:
    """The same, and nobody uses it again once this transaction is through. Raises `TicketRefused`."""
    found = await store.find(tx.org, tx, _hash(text), now, lock=True)
    if found is None or found.purpose is not purpose or not await sessions.is_alive(tx, found.person, found.session, now):
        raise _refused()
    await store.spend(tx.org, tx, found.hash, now)
    return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refused() -> TicketRefused:
    return TicketRefused("This way here is used up, or its ten minutes are over.", do="Go back to the console and begin again.")
