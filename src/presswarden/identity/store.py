"""Tables of identity: organisations, people and their grants, clients and their sites. Limits: SQL only, no rule.

Removed people keep their row, so that old records can name them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any  # rows, whole or column by column

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.model import Client, Grant, Organisation, Person, Role
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import ClientId, Everyone, OrgId, PersonId, SiteId


class OrganisationRow(Tenant, Base):
    __tablename__ = "organisations"
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class PersonRow(Tenant, Base):
    __tablename__ = "people"
    __table_args__ = (ForeignKeyConstraint(["org"], ["organisations.org"]), UniqueConstraint("org", "mail"))
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    mail: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class GrantRow(Tenant, Base):
    """`site` is empty for a grant over the whole organisation: part of the key, so never NULL."""

    __tablename__ = "role_grants"
    __table_args__ = (ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),)
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)


class ClientRow(Tenant, Base):
    __tablename__ = "clients"
    __table_args__ = (ForeignKeyConstraint(["org"], ["organisations.org"]), UniqueConstraint("org", "name"))
    client: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class ClientSiteRow(Tenant, Base):
    """A site belongs to one client, or to none."""

    __tablename__ = "client_sites"
    __table_args__ = (ForeignKeyConstraint(["org", "client"], ["clients.org", "clients.client"]),)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    client: Mapped[str] = mapped_column(String(36), index=True)


class ClientGrantRow(Tenant, Base):
    __tablename__ = "client_grants"
    __table_args__ = (
        ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]),
        ForeignKeyConstraint(["org", "client"], ["clients.org", "clients.client"], name="fk_client_grants_org_client"),
    )
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    client: Mapped[str] = mapped_column(String(36), primary_key=True)


@dataclass(frozen=True, slots=True)
class NewPerson:
    id: PersonId
    name: str
    mail: str


async def organisations(everyone: Everyone, tx: Tx) -> tuple[Organisation, ...]:
    _ = everyone
    rows = await tx.scalars(select(OrganisationRow).order_by(OrganisationRow.created_at, OrganisationRow.org))
    return tuple(_organisation(row) for row in rows)


async def organisation(org: OrgId, tx: Tx) -> Organisation | None:
    row = await tx.scalar(select(OrganisationRow).where(OrganisationRow.org == org))
    return None if row is None else _organisation(row)


async def add_organisation(org: OrgId, tx: Tx, name: str, now: datetime) -> None:
    tx.add(OrganisationRow(org=org, name=name, created_at=now))
    await tx.flush()


async def add_person(org: OrgId, tx: Tx, new: NewPerson, now: datetime) -> None:
    tx.add(PersonRow(org=org, person=new.id, name=new.name, mail=new.mail, created_at=now))
    await tx.flush()


async def add_grant(org: OrgId, tx: Tx, person: PersonId, grant: Grant) -> None:
    if grant.client is not None:
        tx.add(ClientGrantRow(org=org, person=person, role=grant.role.value, client=grant.client))
    else:
        tx.add(GrantRow(org=org, person=person, role=grant.role.value, site=grant.site or ""))
    await tx.flush()


async def drop_grant(org: OrgId, tx: Tx, person: PersonId, grant: Grant) -> None:
    if grant.client is not None:
        theirs = (ClientGrantRow.org == org, ClientGrantRow.person == person, ClientGrantRow.role == grant.role.value)
        await tx.execute(delete(ClientGrantRow).where(*theirs, ClientGrantRow.client == grant.client))
        return
    mine = (GrantRow.org == org, GrantRow.person == person, GrantRow.role == grant.role.value, GrantRow.site == (grant.site or ""))
    await tx.execute(delete(GrantRow).where(*mine))


async def remove_person(org: OrgId, tx: Tx, person: PersonId, now: datetime) -> None:
    await tx.execute(delete(GrantRow).where(GrantRow.org == org, GrantRow.person == person))
    await tx.execute(delete(ClientGrantRow).where(ClientGrantRow.org == org, ClientGrantRow.person == person))
    await tx.execute(update(PersonRow).where(PersonRow.org == org, PersonRow.person == person).values(removed_at=now))


async def pseudonymise(org: OrgId, tx: Tx, person: PersonId, *, name: str, mail: str) -> None:
    """Of somebody who was removed."""
    mine = (PersonRow.org == org, PersonRow.person == person, PersonRow.removed_at.is_not(None))
    await tx.execute(update(PersonRow).where(*mine).values(name=name, mail=mail))


async def change_person(org: OrgId, tx: Tx, person: PersonId, *, name: str, mail: str) -> None:
    await tx.execute(update(PersonRow).where(PersonRow.org == org, PersonRow.person == person).values(name=name, mail=mail))


async def rename_organisation(org: OrgId, tx: Tx, name: str) -> None:
    await tx.execute(update(OrganisationRow).where(OrganisationRow.org == org).values(name=name))


async def mail_everywhere(everyone: Everyone, tx: Tx, mail: str) -> tuple[tuple[OrgId, PersonId], ...]:
    """Whoever has this mail address now, in any organisation; the oldest organisation first."""
    _ = everyone
    query = (
        select(PersonRow.org, PersonRow.person)
        .join(OrganisationRow, OrganisationRow.org == PersonRow.org)
        .where(PersonRow.mail == mail, PersonRow.removed_at.is_(None))
        .order_by(OrganisationRow.created_at, PersonRow.org)
    )
    return tuple((OrgId(row.org), PersonId(row.person)) for row in await tx.execute(query))


_PEOPLE = select(PersonRow).where(PersonRow.org == bindparam("of_org")).order_by(PersonRow.created_at, PersonRow.person)
_PERSON = _PEOPLE.where(PersonRow.person == bindparam("of_person"))
_BY_MAIL = _PEOPLE.where(PersonRow.mail == bindparam("of_mail"))
_GRANTS = select(GrantRow.person, GrantRow.role, GrantRow.site).where(GrantRow.org == bindparam("of_org"))
_GRANTS_OF = _GRANTS.where(GrantRow.person == bindparam("of_person"))
_CLIENT_GRANTS = (
    select(ClientGrantRow.person, ClientGrantRow.role, ClientGrantRow.client, ClientSiteRow.site)
    .outerjoin(ClientSiteRow, (ClientSiteRow.org == ClientGrantRow.org) & (ClientSiteRow.client == ClientGrantRow.client))
    .where(ClientGrantRow.org == bindparam("of_org"))
)
_CLIENT_GRANTS_OF = _CLIENT_GRANTS.where(ClientGrantRow.person == bindparam("of_person"))


async def people(org: OrgId, tx: Tx, *, person: PersonId | None = None, mail: str | None = None) -> tuple[Person, ...]:
    """All people of the organisation, or those with this id or mail address; removed ones too."""
    if person is not None:
        rows = await tx.rows(_PERSON, of_org=org, of_person=person)
    elif mail is not None:
        rows = await tx.rows(_BY_MAIL, of_org=org, of_mail=mail)
    else:
        rows = await tx.rows(_PEOPLE, of_org=org)
    if not rows:
        return ()
    if len(rows) == 1:
        grants = await tx.rows(_GRANTS_OF, of_org=org, of_person=rows[0].person)
        of_clients = await tx.rows(_CLIENT_GRANTS_OF, of_org=org, of_person=rows[0].person)
    else:
        grants, of_clients = await tx.rows(_GRANTS, of_org=org), await tx.rows(_CLIENT_GRANTS, of_org=org)
    held: dict[str, set[Grant]] = {row.person: set() for row in rows}
    for grant in grants:
        held.setdefault(grant.person, set()).add(Grant(Role(grant.role), SiteId(grant.site) if grant.site else None))
    for who, given in _by_client(of_clients).items():
        held.setdefault(who, set()).update(given)
    return tuple(_person(row, frozenset(held[row.person])) for row in rows)


def _by_client(rows: Sequence[Any]) -> Mapping[str, list[Grant]]:
    sites: dict[tuple[str, str, str], set[SiteId]] = {}
    for row in rows:
        sites.setdefault((row.person, row.role, row.client), set()).update([SiteId(row.site)] if row.site else [])
    found: dict[str, list[Grant]] = {}
    for (person, role, client), theirs in sites.items():
        found.setdefault(person, []).append(Grant(Role(role), client=ClientId(client), sites=frozenset(theirs)))
    return found


async def clients(org: OrgId, tx: Tx) -> tuple[Client, ...]:
    rows = await tx.scalars(select(ClientRow).where(ClientRow.org == org).order_by(ClientRow.name, ClientRow.client))
    return tuple(Client(ClientId(row.client), row.name, row.created_at) for row in rows)


async def put_client(org: OrgId, tx: Tx, client: Client) -> bool:
    """Add it, or give it its new name. False when another one has that name."""
    try:
        async with tx.begin_nested():
            known = await tx.scalar(select(ClientRow).where(ClientRow.org == org, ClientRow.client == client.id))
            if known is None:
                tx.add(ClientRow(org=org, client=client.id, name=client.name, created_at=client.created_at))
            else:
                known.name = client.name
            await tx.flush()
    except IntegrityError:
        return False
    return True


async def client_sites(org: OrgId, tx: Tx) -> Mapping[SiteId, ClientId]:
    rows = await tx.execute(select(ClientSiteRow.site, ClientSiteRow.client).where(ClientSiteRow.org == org))
    return {SiteId(row.site): ClientId(row.client) for row in rows}


async def assign(org: OrgId, tx: Tx, site: SiteId, client: ClientId | None) -> None:
    await tx.execute(delete(ClientSiteRow).where(ClientSiteRow.org == org, ClientSiteRow.site == site))
    if client is not None:
        tx.add(ClientSiteRow(org=org, site=site, client=client))
        await tx.flush()


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation(OrgId(row.org), row.name, row.created_at)


def _person(row: Any, grants: frozenset[Grant]) -> Person:
    return Person(PersonId(row.person), row.name, row.mail, grants, row.created_at, row.removed_at)
