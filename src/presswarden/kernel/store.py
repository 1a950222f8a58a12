"""Where wrapped organisation keys lie: one row for each organisation and owner (process). Limits: rows are useless without the owner's KEK."""

from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId
from presswarden.kernel.sealing import Kek, OrgKey, new_key


class OrgKeyRow(Tenant, Base):
    __tablename__ = "org_keys"
    owner: Mapped[str] = mapped_column(String(32), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


async def org_key(org: OrgId, tx: Tx, kek: Kek) -> OrgKey:
    """This process's key for `org`; made on first use. Raises `SealBroken` when the KEK is not the one that wrapped it."""
    row = await tx.scalar(select(OrgKeyRow).where(OrgKeyRow.org == org, OrgKeyRow.owner == kek.owner))
    if row is not None:
        return OrgKey(org, kek.unwrap(row.wrapped, org))
    key = new_key()
    tx.add(OrgKeyRow(org=org, owner=kek.owner, wrapped=kek.wrap(key, org)))
    await tx.flush()
    return OrgKey(org, key)
