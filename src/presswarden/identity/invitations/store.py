"""Table of links that let somebody in once. Limits: SQL only; the link's secret is kept as its hash, and a used row stays as long as it would have lived."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, ForeignKeyConstraint, Index, String, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.identity.invitations.model import Invitation, Kind
from presswarden.identity.model import Grant, Role
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import ClientId, Everyone, OrgId, PersonId, SiteId

_QUIET = {"synchronize_session": False}


class InvitationRow(Tenant, Base):
    """`person` is empty for somebody who is to join; `role`, `site` and `client` are empty for a way back."""

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(["org", "made_by"], ["people.org", "people.person"]),
        UniqueConstraint("digest"),
        Index("ix_invitations_until", "until"),
    )
    invitation: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    mail: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(36))
    client: Mapped[str] = mapped_column(String(36))
    person: Mapped[str] = mapped_column(String(36))
    made_by: Mapped[str] = mapped_column(String(36))
    made_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]


async def add(org: OrgId, tx: Tx, made: Invitation, digest: str) -> None:
    grant = made.grant
    tx.add(
        InvitationRow(
            org=org, invitation=made.id, kind=made.kind.value, digest=digest, name=made.name, mail=made.mail, role=grant.role.value if grant else "",
            site=(grant.site or "") if grant else "", client=(grant.client or "") if grant else "", person=made.person or "",
            made_by=made.made_by, made_at=made.made_at, until=made.until, used_at=None,
        )
    )  # fmt: skip
    await tx.flush()


async def open_ones(org: OrgId, tx: Tx, now: datetime) -> tuple[Invitation, ...]:
    """Newest first."""
    mine = (InvitationRow.org == org, InvitationRow.used_at.is_(None), InvitationRow.until > now)
    rows = await tx.scalars(select(InvitationRow).where(*mine).order_by(InvitationRow.made_at.desc(), InvitationRow.invitation))
    return tuple(_invitation(row) for row in rows)


async def by_digest(everyone: Everyone, tx: Tx, digest: str) -> Invitation | None:
    _ = everyone
    row = await tx.scalar(select(InvitationRow).where(InvitationRow.digest == digest))
    return None if row is None else _invitation(row)


async def use(org: OrgId, tx: Tx, invitation: str, now: datetime) -> bool:
    """False when it was used, or is over: however many use it at once, one gets in."""
    mine = (InvitationRow.org == org, InvitationRow.invitation == invitation, InvitationRow.used_at.is_(None), InvitationRow.until > now)
    changed = await tx.execute(update(InvitationRow).where(*mine).values(used_at=now).execution_options(**_QUIET))
    return cast("CursorResult[Any]", changed).rowcount == 1


async def drop(org: OrgId, tx: Tx, *, invitation: str = "", mail: str = "", person: str = "", used: bool = False) -> int:
    """Take back the open ones with this id, mail address or person; `used`: those that were taken, too."""
    which = [InvitationRow.org == org] + ([] if used else [InvitationRow.used_at.is_(None)])
    if invitation:
        which.append(InvitationRow.invitation == invitation)
    if mail:
        which.append(InvitationRow.mail == mail)
    if person:
        which.append(InvitationRow.person == person)
    return cast("CursorResult[Any]", await tx.execute(delete(InvitationRow).where(*which).execution_options(**_QUIET))).rowcount


async def forget(org: OrgId, tx: Tx, before: datetime) -> int:
    old = (InvitationRow.org == org, InvitationRow.until < before)
    return cast("CursorResult[Any]", await tx.execute(delete(InvitationRow).where(*old).execution_options(**_QUIET))).rowcount


def _invitation(row: InvitationRow) -> Invitation:
    grant = None
    if row.role:
        grant = Grant(Role(row.role), SiteId(row.site) if row.site else None, ClientId(row.client) if row.client else None)
    who = PersonId(row.person) if row.person else None
    return Invitation(
        row.invitation, OrgId(row.org), Kind(row.kind), row.name, row.mail, grant, who, PersonId(row.made_by), row.made_at, row.until, row.used_at
    )  # fmt: skip
