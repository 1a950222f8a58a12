"""Table of tags. Limits: SQL only."""

from collections.abc import Sequence

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, SiteId


class TagRow(Tenant, Base):
    __tablename__ = "site_tags"
    __table_args__ = (ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"]), Index("ix_site_tags_org_tag", "org", "tag"))
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)


_IN_USE = select(TagRow.tag).where(TagRow.org == bindparam("of_org")).distinct().order_by(TagRow.tag)
_OF_SITE = select(TagRow.tag).where(TagRow.org == bindparam("of_org"), TagRow.site == bindparam("of")).order_by(TagRow.tag)


async def in_use(org: OrgId, tx: Tx) -> tuple[str, ...]:
    _ = org
    return tuple(row.tag for row in await tx.rows(_IN_USE))


async def of_site(org: OrgId, tx: Tx, site: SiteId) -> tuple[str, ...]:
    _ = org
    return tuple(row.tag for row in await tx.rows(_OF_SITE, of=site))


async def add(org: OrgId, tx: Tx, sites: Sequence[SiteId], tag: str) -> None:
    statement = (postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert)(TagRow).on_conflict_do_nothing()
    await (await tx.connection()).execute(statement, [{"org": org, "site": site, "tag": tag} for site in sites])


async def drop(org: OrgId, tx: Tx, sites: Sequence[SiteId], tag: str) -> None:
    for start in range(0, len(sites), 500):
        which = (TagRow.org == org, TagRow.tag == tag, TagRow.site.in_(sites[start : start + 500]))
        await tx.execute(delete(TagRow).where(*which).execution_options(synchronize_session=False))
