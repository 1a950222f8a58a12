"""Tables of pinned site keys and of the pool of control keys. Limits: SQL only; who may pin what is told in `sites.service`."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, LargeBinary, String, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, InstallationId, KeyId, OrgId
from presswarden.sites.model import Algorithm, ControlKey, SiteKey


class SiteKeyRow(Tenant, Base):
    """`sealed` holds the site-direction key of HMAC mode under the web process's own KEK."""

    __tablename__ = "site_keys"
    __table_args__ = (ForeignKeyConstraint(["org", "installation"], ["installations.org", "installations.installation"]),)
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    kid: Mapped[str] = mapped_column(String(16), primary_key=True)
    alg: Mapped[str] = mapped_column(String(12))
    public: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    epoch: Mapped[int]
    not_after: Mapped[datetime | None]


class PooledKeyRow(Base):
    """Public halves that the dispatcher made ahead. One is taken for each pairing string, and never given back."""

    __tablename__ = "control_key_pool"
    kid: Mapped[str] = mapped_column(String(16), primary_key=True)
    public: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    taken_by: Mapped[str | None] = mapped_column(String(36))


async def add_site_key(org: OrgId, tx: Tx, of: InstallationId, key: SiteKey, sealed: bytes | None) -> None:
    tx.add(SiteKeyRow(org=org, installation=of, kid=key.kid, alg=key.alg.value, public=key.public, sealed=sealed, epoch=key.epoch))
    await tx.flush()


_SITE_KEYS = (  # asked with every call
    select(SiteKeyRow)
    .where(SiteKeyRow.org == bindparam("of_org"), SiteKeyRow.installation == bindparam("of"))
    .order_by(SiteKeyRow.epoch.desc())
)


async def site_keys(org: OrgId, tx: Tx, of: InstallationId) -> tuple[tuple[SiteKey, bytes | None], ...]:
    """Each pinned key with its sealed HMAC half, newest first."""
    rows = await tx.rows(_SITE_KEYS, of=of, of_org=org)
    return tuple((SiteKey(KeyId(r.kid), Algorithm(r.alg), r.public, r.epoch, r.not_after), r.sealed) for r in rows)


async def expire_site_key(org: OrgId, tx: Tx, of: InstallationId, kid: KeyId, not_after: datetime) -> None:
    mine = (SiteKeyRow.org == org, SiteKeyRow.installation == of, SiteKeyRow.kid == kid)
    await tx.execute(update(SiteKeyRow).where(*mine).values(not_after=not_after))


async def drop_site_keys(org: OrgId, tx: Tx, of: InstallationId, keep: tuple[KeyId, ...] = ()) -> None:
    mine = (SiteKeyRow.org == org, SiteKeyRow.installation == of, SiteKeyRow.kid.not_in(keep))
    await tx.execute(delete(SiteKeyRow).where(*mine))


async def add_pooled(everyone: Everyone, tx: Tx, keys: tuple[ControlKey, ...], now: datetime) -> None:
    _ = everyone
    tx.add_all([PooledKeyRow(kid=key.id, public=key.public, made_at=now) for key in keys])
    await tx.flush()


async def pool_size(everyone: Everyone, tx: Tx) -> int:
    _ = everyone
    return await tx.scalar(select(func.count()).select_from(PooledKeyRow).where(PooledKeyRow.taken_by.is_(None))) or 0


async def take_pooled(org: OrgId, tx: Tx) -> ControlKey | None:
    """Two takers never get one key: PostgreSQL skips rows that another transaction holds, SQLite has one writer."""
    free = select(PooledKeyRow).where(PooledKeyRow.taken_by.is_(None)).order_by(PooledKeyRow.made_at, PooledKeyRow.kid).limit(1)
    row = await tx.scalar(free.with_for_update(skip_locked=True))
    if row is None:
        return None
    row.taken_by = org
    await tx.flush()
    return ControlKey(KeyId(row.kid), row.public)
