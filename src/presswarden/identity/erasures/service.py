"""Verbs of erasing somebody who left: their name and address go now, payloads about them when the janitor comes by. What they did stays, under their id.

Limits: of its own tables and those of people; what later stages keep of a person, they let go themselves, in the same transaction.
"""

from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity import store as people
from presswarden.identity.erasures import store
from presswarden.identity.invitations import store as invitations
from presswarden.identity.model import Permission, Person
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, OrgId, PersonId, new_id

ERASED = "person.erased"


class ErasureRefused(PresswardenError):
    """Still there, or erased before."""

    code = "identity.erasure"


async def erase(tx: Tx, who: Person, *, by: PersonId, now: datetime) -> None:
    """Somebody who was removed. Raises `Forbidden`, `ErasureRefused`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    if who.removed_at is None:
        raise ErasureRefused("This person belongs to the organisation.", do="Remove them first: roles and ways to sign in end with that.")
    if await store.is_asked(tx.org, tx, who.id):
        raise ErasureRefused("This person was erased before.", do="Look at the record: it says when.")
    await invitations.drop(tx.org, tx, mail=who.mail, used=True)
    await invitations.drop(tx.org, tx, person=who.id, used=True)
    await people.pseudonymise(tx.org, tx, who.id, name=f"Erased person {who.id[:8]}", mail=f"{who.id}@erased.invalid")
    await store.add(tx.org, tx, who.id, by, now)
    await audit.record(tx, Entry(ERASED, Actor("person", by), f"person:{who.id}", new_id(), {}), now=now)


async def waiting(everyone: Everyone, tx: Tx) -> tuple[tuple[OrgId, PersonId], ...]:
    """Whose payloads the janitor has to let go."""
    return await store.waiting(everyone, tx)


async def finish(tx: Tx, who: PersonId, now: datetime) -> bool:
    """Let payloads about them go, some at once. True when none is left."""
    done = await audit.erase_payloads(tx, f"person:{who}", kept=ERASED, now=now)
    if done:
        await store.done(tx.org, tx, who, now)
    return done
