"""Table of named filters. Limits: SQL only."""

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId
from presswarden.sites.views.model import View


class ViewRow(Tenant, Base):
    __tablename__ = "site_views"
    __table_args__ = (ForeignKeyConstraint(["org", "person"], ["people.org", "people.person"]), UniqueConstraint("org", "person", "name"))
    view: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(1000))


_OF_PERSON = (
    select(ViewRow.view, ViewRow.name, ViewRow.query)
    .where(ViewRow.org == bindparam("of_org"), ViewRow.person == bindparam("of"))
    .order_by(ViewRow.name)
)


async def of_person(org: OrgId, tx: Tx, person: PersonId) -> tuple[View, ...]:
    _ = org
    return tuple(View(row.view, row.name, row.query) for row in await tx.rows(_OF_PERSON, of=person))


async def add(org: OrgId, tx: Tx, person: PersonId, view: View) -> None:
    tx.add(ViewRow(org=org, view=view.id, person=person, name=view.name, query=view.query))
    await tx.flush()


async def drop_all(org: OrgId, tx: Tx, person: PersonId) -> None:
    await tx.execute(delete(ViewRow).where(ViewRow.org == org, ViewRow.person == person).execution_options(synchronize_session=False))


async def drop(org: OrgId, tx: Tx, person: PersonId, view: str) -> None:
    which = (ViewRow.org == org, ViewRow.person == person, ViewRow.view == view)
    await tx.execute(delete(ViewRow).where(*which).execution_options(synchronize_session=False))
