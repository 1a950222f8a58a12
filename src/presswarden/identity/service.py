"""Verbs of identity: make an organisation, add people, give and take roles, and the one check every door calls: `require`.

Limits: knows no session and no password; the caller says who acts, and has proved it.
"""

import unicodedata
from datetime import datetime

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry, Recorded
from presswarden.identity import store
from presswarden.identity.model import (
    ALLOWED,
    ClientUnknown,
    Forbidden,
    Grant,
    LastOwner,
    MailTaken,
    NameRefused,
    NoOrganisation,
    Organisation,
    Permission,
    Person,
    PersonUnknown,
    Role,
    WhichOrganisation,
    may,
)
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, Everyone, PersonId, SiteId, new_id


async def create_organisation(tx: Tx, name: str, owner_name: str, owner_mail: str, now: datetime) -> Organisation:
    """Make the organisation of this transaction, which the caller opened for a fresh `OrgId`, with its first owner. Raises `NameRefused`."""
    await store.add_organisation(tx.org, tx, plain_text(name, 200), now)
    new = store.NewPerson(PersonId(new_id()), plain_text(owner_name, 200), mail_address(owner_mail))
    await store.add_person(tx.org, tx, new, now)
    await store.add_grant(tx.org, tx, new.id, Grant(Role.OWNER))
    await _record(tx, "organisation.created", Actor("person", new.id), f"organisation:{tx.org}", {"owner": new.id}, now)
    made = await store.organisation(tx.org, tx)
    if made is None:
        raise RuntimeError("the organisation just written can't be read")
    return made


async def organisations(everyone: Everyone, tx: Tx) -> tuple[Organisation, ...]:
    return await store.organisations(everyone, tx)


async def default_organisation(everyone: Everyone, tx: Tx) -> Organisation:
    """The only organisation there is. Raises `NoOrganisation` when there is none, `WhichOrganisation` when there are several."""
    found = await store.organisations(everyone, tx)
    if not found:
        raise NoOrganisation("There is no organisation yet.", do="Start `presswarden serve` once; it makes the first one.")
    if len(found) > 1:
        raise WhichOrganisation(f"There are {len(found)} organisations.", do="Name the one you mean with --org.")
    return found[0]


async def choose_organisation(everyone: Everyone, tx: Tx, wanted: str) -> Organisation:
    """The one with this id or name; the only one when `wanted` is empty. Raises `NoOrganisation`, `WhichOrganisation`."""
    if not wanted:
        return await default_organisation(everyone, tx)
    found = [one for one in await store.organisations(everyone, tx) if wanted in (one.id, one.name)]
    if not found:
        raise NoOrganisation("There is no organisation of that name or id.", do="Check the spelling after --org.")
    if len(found) > 1:
        raise WhichOrganisation(f"{len(found)} organisations have that name.", do="Use the id instead.")
    return found[0]


async def people(tx: Tx) -> tuple[Person, ...]:
    """Everyone who belongs to the organisation now."""
    return tuple(one for one in await store.people(tx.org, tx) if one.removed_at is None)


async def person(tx: Tx, who: PersonId) -> Person:
    """Raises `PersonUnknown`; another organisation's person is unknown too."""
    found = await store.people(tx.org, tx, person=who)
    if not found or found[0].removed_at is not None:
        raise PersonUnknown("There is no such person in this organisation.", do="List the people and use the id shown.")
    return found[0]


async def anybody(tx: Tx, text: str) -> Person:
    """By id or mail address, also somebody who was removed. Raises `PersonUnknown`."""
    for one in await store.people(tx.org, tx):
        if one.id == text or one.mail == text.strip().lower():
            return one
    raise PersonUnknown("There never was such a person in this organisation.", do="Use the id, or the mail address they had.")


async def find_person(tx: Tx, text: str) -> Person:
    """By id or mail address. Raises `PersonUnknown`."""
    for one in await people(tx):
        if one.id == text or one.mail == text.strip().lower():
            return one
    raise PersonUnknown("There is no such person in this organisation.", do="List the people and use the id or the mail address shown.")


async def last_removal(tx: Tx) -> datetime | None:
    """When somebody last lost a say: was removed, had a role withdrawn that approves, or had one for a client that a site was taken from.

    As the record has it; None when nobody ever did.
    """
    removed, taken = await audit.newest(tx, "person.removed"), await audit.newest(tx, "client.site_taken")
    withdrawn = await _last_withdrawn(tx) if await audit.newest(tx, "role.withdrawn") else []
    return max((at for at in (removed, taken, *(one.at for one in withdrawn)) if at is not None), default=None)


async def _last_withdrawn(tx: Tx) -> list[Recorded]:
    """The newest loss of a role that approves, however many others were withdrawn after it."""
    approving = {role.value for role, allowed in ALLOWED.items() if Permission.APPROVE in allowed}
    page = await audit.events(tx, kind="role.withdrawn", newest_first=True)
    while page:
        found = [one for one in page if one.payload is None or one.payload.get("role") in approving]
        if found:
            return found[:1]
        page = await audit.events(tx, kind="role.withdrawn", newest_first=True, after=page[-1].id)
    return []


async def owner(tx: Tx) -> Person:
    """The organisation's owner when there is exactly one: whom the command line acts for unless it is told. Raises `PersonUnknown`."""
    owners = [one for one in await people(tx) if Role.OWNER in one.roles]
    if len(owners) != 1:
        raise PersonUnknown(f"This organisation has {len(owners)} owners.", do="Name the person who acts.")
    return owners[0]


async def require(tx: Tx, who: PersonId, permission: Permission, *, site: SiteId | None = None) -> Person:
    """The person, when a role of theirs allows `permission` (for `site`, when given). Raises `Forbidden`; unknown people are forbidden too."""
    found = await store.people(tx.org, tx, person=who)
    if not found or not may(found[0], permission, site):
        raise Forbidden(f"This needs the permission «{permission}», which your role does not give.", do="Ask an owner of the organisation.")
    return found[0]


async def add_person(tx: Tx, *, name: str, mail: str, grant: Grant, by: PersonId, now: datetime) -> Person:
    """Raises `Forbidden`, `MailTaken`, `NameRefused`."""
    await require_granting(tx, by, grant)
    new = store.NewPerson(PersonId(new_id()), plain_text(name, 200), mail_address(mail))
    if await store.people(tx.org, tx, mail=new.mail):
        raise MailTaken("Somebody in this organisation has that mail address already.", do="Give that person the role instead.")
    await store.add_person(tx.org, tx, new, now)
    await store.add_grant(tx.org, tx, new.id, grant)
    await _record(tx, "person.added", Actor("person", by), f"person:{new.id}", _shown(grant), now)
    return await person(tx, new.id)


async def grant_role(tx: Tx, who: PersonId, grant: Grant, *, by: PersonId, now: datetime) -> Person:
    """Give a role; giving it twice changes nothing. Raises `Forbidden`, `PersonUnknown`."""
    await require_granting(tx, by, grant)
    subject = await person(tx, who)
    if grant in subject.grants:
        return subject
    await store.add_grant(tx.org, tx, who, grant)
    await _record(tx, "role.granted", Actor("person", by), f"person:{who}", _shown(grant), now)
    return await person(tx, who)


async def withdraw_role(tx: Tx, who: PersonId, grant: Grant, *, by: PersonId, now: datetime) -> Person:
    """Take a role away. Raises `LastOwner` rather than leave an organisation without one, `Forbidden`, `PersonUnknown`."""
    await require_granting(tx, by, grant)
    subject = await person(tx, who)
    if grant not in subject.grants:
        return subject
    if grant == Grant(Role.OWNER):
        await _keep_an_owner(tx, who)
    await store.drop_grant(tx.org, tx, who, grant)
    await _record(tx, "role.withdrawn", Actor("person", by), f"person:{who}", _shown(grant), now)
    return await person(tx, who)


async def introduce(tx: Tx, who: PersonId, *, organisation: str, name: str, mail: str, now: datetime) -> Person:
    """The first owner says who they are, and what the organisation is called. Raises `NameRefused`, `MailTaken`, `PersonUnknown`."""
    await store.rename_organisation(tx.org, tx, plain_text(organisation, 200))
    await change_person(tx, who, name=name, mail=mail, now=now)
    await _record(tx, "organisation.named", Actor("person", who), f"organisation:{tx.org}", {}, now)
    return await person(tx, who)


async def rename_organisation(tx: Tx, name: str, *, by: PersonId, now: datetime) -> None:
    """Raises `Forbidden`, `NameRefused`."""
    await require(tx, by, Permission.OWNERS_MANAGE)
    await store.rename_organisation(tx.org, tx, plain_text(name, 200))
    await _record(tx, "organisation.named", Actor("person", by), f"organisation:{tx.org}", {}, now)


async def change_person(tx: Tx, who: PersonId, *, name: str, mail: str, now: datetime) -> None:
    """Their own name and mail address. Raises `NameRefused`, `MailTaken`, `PersonUnknown`."""
    await person(tx, who)
    wanted = mail_address(mail)
    if any(one.id != who for one in await store.people(tx.org, tx, mail=wanted)):
        raise MailTaken("Somebody in this organisation has that mail address already.", do="Use another one.")
    await store.change_person(tx.org, tx, who, name=plain_text(name, 200), mail=wanted)
    await _record(tx, "person.changed", Actor("person", who), f"person:{who}", {}, now)


async def remove_person(tx: Tx, who: PersonId, *, by: PersonId, now: datetime) -> None:
    """All roles end now; the row stays, so that old records can name the person. Raises `LastOwner`, `Forbidden`, `PersonUnknown`."""
    subject = await person(tx, who)
    await require(tx, by, Permission.OWNERS_MANAGE if Role.OWNER in subject.roles else Permission.PEOPLE_MANAGE)
    if Role.OWNER in subject.roles:
        await _keep_an_owner(tx, who)
    await store.remove_person(tx.org, tx, who, now)
    await _record(tx, "person.removed", Actor("person", by), f"person:{who}", {}, now)


async def require_granting(tx: Tx, by: PersonId, grant: Grant) -> None:
    """This person may give and take this role. Raises `Forbidden`, `ClientUnknown`."""
    if grant.client is not None and grant.client not in {one.id for one in await store.clients(tx.org, tx)}:
        raise ClientUnknown("There is no such client in this organisation.", do="List the clients and use the name shown.")
    await require(tx, by, Permission.OWNERS_MANAGE if grant.role is Role.OWNER else Permission.PEOPLE_MANAGE)


async def _keep_an_owner(tx: Tx, leaving: PersonId) -> None:
    if not any(Role.OWNER in one.roles for one in await people(tx) if one.id != leaving):
        raise LastOwner("An organisation keeps at least one owner.", do="Make somebody else an owner first.")


async def _record(tx: Tx, kind: str, actor: Actor, subject: str, payload: dict[str, Json], now: datetime) -> None:
    entry = Entry(kind=kind, actor=actor, subject=subject, correlation=CorrelationId(new_id()), payload=payload)
    await audit.record(tx, entry, now=now)


def _shown(grant: Grant) -> dict[str, Json]:
    return {"role": grant.role.value, "site": grant.site or "", **({"client": grant.client} if grant.client else {})}


def plain_text(text: str, longest: int) -> str:
    """A name as it is kept. Raises `NameRefused`."""
    name = text.strip()
    if not name or len(name) > longest or any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in name):
        raise NameRefused(f"A name is 1 to {longest} characters of plain text.", do="Leave out control and direction characters.")
    return name


def mail_address(text: str) -> str:
    """A mail address as it is kept. Raises `NameRefused`."""
    mail = plain_text(text, 254).lower()
    local, _, domain = mail.rpartition("@")
    if not local or not domain or any(char.isspace() for char in mail):
        raise NameRefused("That is not a mail address.", do="Write it as name@domain.")
    return mail
