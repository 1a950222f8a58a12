"""Where wrapped keys lie: one row for each organisation and owner (process), and the boxes of processes. Limits: rows are useless without the owner's KEK."""

from sqlalchemy import LargeBinary, String, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId
from presswarden.kernel.sealing import Box, Kek, OrgKey, new_key


class OrgKeyRow(Tenant, Base):
    __tablename__ = "org_keys"
    owner: Mapped[str] = mapped_column(String(32), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class BoxRow(Base):
    """Of a process that others leave secrets for: what they seal with, and what alone opens it, wrapped by that process's KEK."""

    __tablename__ = "process_boxes"
    owner: Mapped[str] = mapped_column(String(32), primary_key=True)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


_KEPT = select(OrgKeyRow.wrapped).where(OrgKeyRow.org == bindparam("of_org"), OrgKeyRow.owner == bindparam("of"))


async def org_key(org: OrgId, tx: Tx, kek: Kek) -> OrgKey:
    """This process's key for `org`; made on first use. Raises `SealBroken` when the KEK is not the one that wrapped it."""
    kept = await tx.rows(_KEPT, of=kek.owner, of_org=org)
    if not kept:
        try:
            async with tx.begin_nested():
                tx.add(OrgKeyRow(org=org, owner=kek.owner, wrapped=kek.wrap(new_key(), org)))
        except IntegrityError:  # another process of this owner was first, at the same moment: its key is the one
            pass
        kept = await tx.rows(_KEPT, of=kek.owner, of_org=org)
    return OrgKey(org, kek.unwrap(kept[0].wrapped, org))


async def box(everyone: Everyone, tx: Tx, kek: Kek) -> Box:
    """The box of this KEK's process, of the whole installation; made on first use. Raises `SealBroken` when another KEK wrapped it."""
    _across(everyone, tx)
    mine = select(BoxRow.wrapped).where(BoxRow.owner == kek.owner)
    wrapped = await tx.scalar(mine)
    if wrapped is None:
        made = Box(kek.owner, new_key())
        try:
            async with tx.begin_nested():
                tx.add(BoxRow(owner=kek.owner, public=made.public, wrapped=made.wrapped(kek)))
        except IntegrityError:  # another of this process was first, at the same moment: its box is the one
            pass
        wrapped = await tx.scalar(mine)
    return Box(kek.owner, kek.unwrap(wrapped or b"", "box"))


async def box_made(everyone: Everyone, tx: Tx, owner: str) -> bool:
    _across(everyone, tx)
    return await tx.scalar(select(BoxRow.owner).where(BoxRow.owner == owner)) is not None


async def public_of(org: OrgId, tx: Tx, owner: str) -> bytes | None:
    """What is sealed to for this process; None before it ever ran. It is the same for every organisation."""
    _ = org
    return await tx.scalar(select(BoxRow.public).where(BoxRow.owner == owner))


async def require_box(everyone: Everyone, tx: Tx, kek: Kek) -> None:
    """Raises `SealBroken` when this database's box of the KEK's owner was wrapped by another KEK. No box yet fits every KEK."""
    _across(everyone, tx)
    wrapped = await tx.scalar(select(BoxRow.wrapped).where(BoxRow.owner == kek.owner))
    if wrapped is not None:
        kek.unwrap(wrapped, "box")


async def require_opening(everyone: Everyone, tx: Tx, kek: Kek) -> None:
    """Raises `SealBroken` when this database's keys of the KEK's owner were wrapped by another KEK. Nothing wrapped yet fits every KEK."""
    _across(everyone, tx)
    first = select(OrgKeyRow.org, OrgKeyRow.wrapped).where(OrgKeyRow.owner == kek.owner).order_by(OrgKeyRow.org).limit(1)
    for org, wrapped in await tx.execute(first):
        kek.unwrap(wrapped, org)


def _across(everyone: Everyone, tx: Tx) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up spans organisations; the transaction does not")
