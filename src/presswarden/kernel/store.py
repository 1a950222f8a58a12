"""Where wrapped organisation keys lie: one row for each organisation and owner (process). Limits: rows are useless without the owner's KEK."""

from sqlalchemy import LargeBinary, String, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, OrgId
from presswarden.kernel.sealing import Kek, OrgKey, new_key


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


async def require_opening(everyone: Everyone, tx: Tx, kek: Kek) -> None:
    """Raises `SealBroken` when this database's keys of the KEK's owner were wrapped by another KEK. Nothing wrapped yet fits every KEK."""
    if tx.scope is not everyone:
        raise RuntimeError("this look-up spans organisations; the transaction does not")
    first = select(OrgKeyRow.org, OrgKeyRow.wrapped).where(OrgKeyRow.owner == kek.owner).order_by(OrgKeyRow.org).limit(1)
    for org, wrapped in await tx.execute(first):
        kek.unwrap(wrapped, org)
