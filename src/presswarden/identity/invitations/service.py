"""Verbs of invitations: make a link, look at what it offers, take it, take it back. A link works once, and only while whoever made it is still allowed to.

Limits: sends nothing; the link is shown to whoever made it, and `notices` may mail it. A way back is an owner's to give: it makes its bearer that person.
"""

import secrets
from datetime import datetime, timedelta

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.invitations import store
from presswarden.identity.invitations.model import BACK_LIVES, LIVES, Invitation, InvitationGone, Kind, digest_of
from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import Limit
from presswarden.identity.model import Forbidden, Grant, MailTaken, Permission, Person
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, PersonId, new_id


async def invite(
    tx: Tx, *, name: str, mail: str, grant: Grant, by: PersonId, now: datetime, lives: timedelta = LIVES
) -> tuple[str, Invitation]:
    """The link's secret, which is kept nowhere, and what is kept; an open invitation to this address is void.

    Raises `Forbidden`, `MailTaken`, `NameRefused`.
    """
    await identity.require_granting(tx, by, grant)
    plain = identity.mail_address(mail)
    if any(one.mail == plain for one in await identity.people(tx)):
        raise MailTaken("Somebody in this organisation has that mail address already.", do="Give that person the role instead.")
    await store.drop(tx.org, tx, mail=plain)
    return await _made(tx, Kind.JOIN, identity.plain_text(name, 200), plain, grant, None, by, now, lives)


async def way_back(tx: Tx, person: PersonId, *, by: PersonId, now: datetime) -> tuple[str, Invitation]:
    """For somebody who lost every way to sign in. When it is used, the old ways are void. Raises `Forbidden`, `PersonUnknown`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    who = await identity.person(tx, person)
    await store.drop(tx.org, tx, person=person)
    return await _made(tx, Kind.BACK, who.name, who.mail, None, person, by, now, BACK_LIVES)


async def open_invitations(tx: Tx, now: datetime) -> tuple[Invitation, ...]:
    return await store.open_ones(tx.org, tx, now)


async def find(everyone: Everyone, tx: Tx, secret: str, now: datetime) -> Invitation:
    """What a link offers. Raises `InvitationGone`, for whatever reason it does not hold."""
    found = await store.by_digest(everyone, tx, digest_of(secret)) if len(secret) == 43 else None
    if found is None or not found.is_open(now):
        raise _gone()
    return found


async def accept(tx: Tx, found: Invitation, *, name: str, now: datetime) -> Person:
    """The person it lets in: a new one with the role it names, or the one who comes back. Raises `InvitationGone`, `NameRefused`, `MailTaken`."""
    if not await store.use(tx.org, tx, found.id, now):
        raise _gone()
    try:
        if found.kind is Kind.BACK and found.person is not None:
            await identity.require(tx, found.made_by, Permission.OWNERS_MANAGE)
            who = await identity.person(tx, found.person)
            await accounts.start_over(tx, who.id, now=now)
        elif found.grant is not None:
            who = await identity.add_person(tx, name=name, mail=found.mail, grant=found.grant, by=found.made_by, now=now)
        else:
            raise _gone()
    except Forbidden as fault:  # whoever made it may not any more
        raise _gone() from fault
    await _record(tx, "invitation.taken", who.id, found.id, {"kind": found.kind.value}, now)
    return who


async def withdraw(tx: Tx, invitation: str, *, by: PersonId, now: datetime) -> None:
    """Raises `Forbidden`, `InvitationGone`."""
    await identity.require(tx, by, Permission.PEOPLE_MANAGE)
    if not await store.drop(tx.org, tx, invitation=invitation):
        raise _gone()
    await _record(tx, "invitation.withdrawn", by, invitation, {}, now)


async def withdraw_all(tx: Tx) -> int:
    """Every link that is out stops working; the caller says why in the record. How many."""
    return await store.drop(tx.org, tx)


async def forget(tx: Tx, now: datetime) -> int:
    """Rows of links that are long over."""
    return await store.forget(tx.org, tx, now - (await limits.limits(tx)).span(Limit.LINKS))


async def _made(
    tx: Tx, kind: Kind, name: str, mail: str, grant: Grant | None, person: PersonId | None, by: PersonId, now: datetime, lives: timedelta
) -> tuple[str, Invitation]:
    secret = secrets.token_urlsafe(32)
    made = Invitation(new_id(), tx.org, kind, name, mail, grant, person, by, now, now + lives, None)
    await store.add(tx.org, tx, made, digest_of(secret))
    shown: dict[str, Json] = {"kind": kind.value, "role": grant.role.value if grant else "", "person": person or ""}
    await _record(tx, "invitation.made", by, made.id, shown, now)
    return secret, made


def _gone() -> InvitationGone:
    return InvitationGone("This link does not hold: it was used, taken back, or is too old.", do="Ask whoever sent it for a new one.")


async def _record(tx: Tx, kind: str, by: PersonId, invitation: str, payload: dict[str, Json], now: datetime) -> None:
    await audit.record(tx, Entry(kind, Actor("person", by), f"invitation:{invitation}", new_id(), payload), now=now)
