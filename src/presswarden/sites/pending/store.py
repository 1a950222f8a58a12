"""Tables of confirmations and moves. Limits: SQL only; a row here is a wish, never a right."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Select, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, InstallationId, KeyId, OrgId, PersonId, SiteId
from presswarden.sites.model import Algorithm, Confirmation, Move
from presswarden.sites.store import InstallationRow


class ConfirmationRow(Tenant, Base):
    __tablename__ = "confirmations"
    __table_args__ = (ForeignKeyConstraint(["org", "installation"], ["installations.org", "installations.installation"]),)
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    transcript: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[datetime]
    deadline: Mapped[datetime]


class MoveRow(Tenant, Base):
    """The newest move that a site told of, until it is done."""

    __tablename__ = "site_moves"
    __table_args__ = (ForeignKeyConstraint(["org", "installation"], ["installations.org", "installations.installation"]),)
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    old_home: Mapped[str] = mapped_column(String(200))
    new_home: Mapped[str] = mapped_column(String(200))
    filed_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(String(36))


async def add_confirmation(org: OrgId, tx: Tx, of: InstallationId, transcript: str, now: datetime, deadline: datetime) -> None:
    tx.add(ConfirmationRow(org=org, installation=of, transcript=transcript, filed_at=now, deadline=deadline))
    await tx.flush()


async def drop_confirmation(org: OrgId, tx: Tx, of: InstallationId) -> None:
    await tx.execute(delete(ConfirmationRow).where(ConfirmationRow.org == org, ConfirmationRow.installation == of))


async def confirmations(everyone: Everyone, tx: Tx) -> tuple[Confirmation, ...]:
    _ = everyone
    joined = (ConfirmationRow.org == InstallationRow.org) & (ConfirmationRow.installation == InstallationRow.installation)
    rows = (
        await tx.execute(select(ConfirmationRow, InstallationRow).join(InstallationRow, joined).order_by(ConfirmationRow.filed_at))
    ).all()
    return tuple(_confirmation(row, of) for row, of in rows)


async def put_move(org: OrgId, tx: Tx, of: InstallationId, old_home: str, new_home: str, now: datetime) -> None:
    await drop_move(org, tx, of)
    tx.add(MoveRow(org=org, installation=of, old_home=old_home, new_home=new_home, filed_at=now))
    await tx.flush()


async def drop_move(org: OrgId, tx: Tx, of: InstallationId) -> None:
    await tx.execute(delete(MoveRow).where(MoveRow.org == org, MoveRow.installation == of))


async def set_move(org: OrgId, tx: Tx, of: InstallationId, by: PersonId, now: datetime) -> None:
    mine = (MoveRow.org == org, MoveRow.installation == of)
    await tx.execute(update(MoveRow).where(*mine).values(confirmed_at=now, confirmed_by=by))


async def moves(org: OrgId, tx: Tx) -> tuple[Move, ...]:
    return await _read_moves(tx, _with_site().where(MoveRow.org == org))


async def confirmed_moves(everyone: Everyone, tx: Tx) -> tuple[Move, ...]:
    _ = everyone
    return await _read_moves(tx, _with_site().where(MoveRow.confirmed_at.is_not(None)))


def _with_site() -> Select[MoveRow, str]:
    joined = (MoveRow.org == InstallationRow.org) & (MoveRow.installation == InstallationRow.installation)
    return select(MoveRow, InstallationRow.site).join(InstallationRow, joined).order_by(MoveRow.filed_at)


async def _read_moves(tx: Tx, query: Select[MoveRow, str]) -> tuple[Move, ...]:
    rows = (await tx.execute(query, execution_options={"populate_existing": True})).all()
    return tuple(
        Move(OrgId(row.org), InstallationId(row.installation), SiteId(site), row.old_home, row.new_home, row.filed_at, row.confirmed_at,
             PersonId(row.confirmed_by) if row.confirmed_by else None)
        for row, site in rows
    )  # fmt: skip


def _confirmation(row: ConfirmationRow, of: InstallationRow) -> Confirmation:
    return Confirmation(
        OrgId(row.org), InstallationId(row.installation), SiteId(of.site), Algorithm(of.alg), of.home, KeyId(of.control_key),
        row.transcript, of.verifier if of.alg == Algorithm.HMAC.value else None, row.filed_at, row.deadline,
    )  # fmt: skip
