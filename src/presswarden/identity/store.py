"""Tables of identity: organisations, people and their grants. Limits: SQL only, no rule; removed people keep their row, so that old records can name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any  # rows, whole or column by column

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.model import Grant, Organisation, Person, Role
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId, PersonId, SiteId


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
    tx.add(GrantRow(org=org, person=person, role=grant.role.value, site=grant.site or ""))
    await tx.flush()


async def drop_grant(org: OrgId, tx: Tx, person: PersonId, grant: Grant) -> None:
    mine = (GrantRow.org == org, GrantRow.person == person, GrantRow.role == grant.role.value, GrantRow.site == (grant.site or ""))
    await tx.execute(delete(GrantRow).where(*mine))


async def remove_person(org: OrgId, tx: Tx, person: PersonId, now: datetime) -> None:
    await tx.execute(delete(GrantRow).where(GrantRow.org == org, GrantRow.person == person))
    await tx.execute(update(PersonRow).where(PersonRow.org == org, PersonRow.person == person).values(removed_at=now))


_PEOPLE = select(PersonRow).where(PersonRow.org == bindparam("of_org")).order_by(PersonRow.created_at, PersonRow.person)
_GRANTS = select(GrantRow).where(GrantRow.org == bindparam("of_org"))


async def people(org: OrgId, tx: Tx, *, person: PersonId | None = None, mail: str | None = None) -> tuple[Person, ...]:
    """All people of the organisation, or those with this id or mail address; removed ones too."""
    query = select(PersonRow).where(PersonRow.org == org).order_by(PersonRow.created_at, PersonRow.person)
    if person is not None:
        query = query.where(PersonRow.person == person)
    if mail is not None:
        query = query.where(PersonRow.mail == mail)
    if person is None and mail is None:
        rows, grants = await tx.rows(_PEOPLE), await tx.rows(_GRANTS)
        return tuple(_person(row, [grant for grant in grants if grant.person == row.person]) for row in rows)
    rows = (await tx.scalars(query)).all()
    grants = (await tx.scalars(select(GrantRow).where(GrantRow.org == org, GrantRow.person.in_([row.person for row in rows])))).all()
    return tuple(_person(row, [grant for grant in grants if grant.person == row.person]) for row in rows)


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation(OrgId(row.org), row.name, row.created_at)


def _person(row: Any, grants: Sequence[Any]) -> Person:
    held = frozenset(Grant(Role(grant.role), SiteId(grant.site) if grant.site else None) for grant in grants)
    return Person(PersonId(row.person), row.name, row.mail, held, row.created_at, row.removed_at)
