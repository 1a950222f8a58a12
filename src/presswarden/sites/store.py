"""Tables of sites and their installations. Limits: SQL only; the rules stand in `service` and `pairing`.

Keys, what waits for the dispatcher, and what arrives from sites have their own rooms: `keys.store`, `pending.store`, `arrivals.store`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    Update,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import Everyone, InstallationId, KeyId, OrgId, SiteId
from presswarden.sites.model import Algorithm, Installation, InstallationState, Site

_PAIRED = text("state = 'paired'")
# Rows are read again after a change (populate_existing); the session need not keep its copies in step.
_AS_ROWS = {"synchronize_session": False}
_FRESH = {"populate_existing": True}


class SiteRow(Tenant, Base):
    __tablename__ = "sites"
    __table_args__ = (UniqueConstraint("org", "label"),)
    site: Mapped[str] = mapped_column(String(36), primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    installation: Mapped[str | None] = mapped_column(String(36))
    pause_reason: Mapped[str | None] = mapped_column(String(200))
    paused_at: Mapped[datetime | None]
    health_pages: Mapped[str | None] = mapped_column(Text)


class InstallationRow(Tenant, Base):
    """At most one paired installation of a site: a partial unique index, not a check in code."""

    __tablename__ = "installations"
    __table_args__ = (
        ForeignKeyConstraint(["org", "site"], ["sites.org", "sites.site"]),
        UniqueConstraint("installation"),
        Index("uq_installations_live", "org", "site", unique=True, sqlite_where=_PAIRED, postgresql_where=_PAIRED),
    )
    installation: Mapped[str] = mapped_column(String(36), primary_key=True)
    site: Mapped[str] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(12))
    alg: Mapped[str] = mapped_column(String(12))
    home: Mapped[str] = mapped_column(String(200))
    control_url: Mapped[str] = mapped_column(String(200))
    control_key: Mapped[str] = mapped_column(String(16))
    control_public: Mapped[bytes] = mapped_column(LargeBinary)
    control_epoch: Mapped[int]
    site_epoch: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger)
    last_message_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    paired_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revocation_told_at: Mapped[datetime | None]
    tries: Mapped[int]
    verifier: Mapped[bytes | None] = mapped_column(LargeBinary)
    words: Mapped[str] = mapped_column(String(100))
    connector: Mapped[str] = mapped_column(String(40))
    php: Mapped[str] = mapped_column(String(40))
    wordpress: Mapped[str] = mapped_column(String(40))
    restored_at: Mapped[datetime | None]


_OF_NEWEST = (InstallationRow.installation, InstallationRow.home, InstallationRow.state, InstallationRow.paired_at)
_LISTENS = (InstallationRow.state == InstallationState.PAIRED.value) | (
    InstallationRow.paired_at.is_not(None) & InstallationRow.revoked_at.is_not(None) & InstallationRow.revocation_told_at.is_(None)
)


async def add_site(org: OrgId, tx: Tx, site: SiteId, label: str, now: datetime) -> None:
    tx.add(SiteRow(org=org, site=site, label=label, created_at=now))
    await tx.flush()


_NEWEST = (InstallationRow.org == SiteRow.org) & (InstallationRow.installation == SiteRow.installation)
# Asked at every decision.
_SOME_SITES = (
    select(SiteRow.org, SiteRow.site, SiteRow.label, SiteRow.created_at, SiteRow.pause_reason, SiteRow.paused_at, *_OF_NEWEST)
    .outerjoin(InstallationRow, _NEWEST)
    .where(SiteRow.org == bindparam("of_org"), SiteRow.site.in_(bindparam("of", expanding=True)))
)
_PAIRED_COUNT = (
    select(func.count())
    .select_from(SiteRow)
    .join(InstallationRow, _NEWEST)
    .where(SiteRow.org == bindparam("of_org"), InstallationRow.state == InstallationState.PAIRED.value)
)


async def some_sites(org: OrgId, tx: Tx, wanted: Collection[SiteId]) -> tuple[Site, ...]:
    _ = org
    return tuple(_site(row, row if row.installation else None) for row in await tx.rows(_SOME_SITES, of=list(wanted)))


async def page(org: OrgId, tx: Tx, *, after: SiteId | None, limit: int) -> tuple[Site, ...]:
    """By id, from the one after `after` on."""
    query = (
        select(SiteRow, InstallationRow).outerjoin(InstallationRow, _NEWEST).where(SiteRow.org == org).order_by(SiteRow.site).limit(limit)
    )
    if after is not None:
        query = query.where(SiteRow.site > after)
    return tuple(_site(row, newest) for row, newest in (await tx.execute(query, execution_options=_FRESH)).all())


async def paired_count(org: OrgId, tx: Tx) -> int:
    _ = org
    return int((await tx.rows(_PAIRED_COUNT))[0][0])


async def paired_by_algorithm(org: OrgId, tx: Tx) -> dict[Algorithm, int]:
    paired = select(InstallationRow.alg, func.count()).where(
        InstallationRow.org == org, InstallationRow.state == InstallationState.PAIRED.value
    )
    return {Algorithm(alg): count for alg, count in await tx.execute(paired.group_by(InstallationRow.alg))}


async def sites(org: OrgId, tx: Tx, site: SiteId | None = None) -> tuple[Site, ...]:
    """All sites of the organisation by label, or the one named."""
    query = select(SiteRow, InstallationRow).outerjoin(InstallationRow, _NEWEST).where(SiteRow.org == org).order_by(SiteRow.label)
    if site is not None:
        query = query.where(SiteRow.site == site)
    return tuple(_site(row, newest) for row, newest in (await tx.execute(query, execution_options=_FRESH)).all())


_PAGES = select(SiteRow.health_pages).where(SiteRow.org == bindparam("of_org"), SiteRow.site == bindparam("of"))


async def health_pages(org: OrgId, tx: Tx, site: SiteId) -> str | None:
    """As they were written; None where nobody chose any."""
    _ = org
    return next((row.health_pages for row in await tx.rows(_PAGES, of=site)), None)


async def set_site(org: OrgId, tx: Tx, site: SiteId, **values: Any) -> None:
    await tx.execute(update(SiteRow).where(SiteRow.org == org, SiteRow.site == site).values(**values), execution_options=_AS_ROWS)


async def add_installation(org: OrgId, tx: Tx, new: Installation, verifier: bytes) -> None:
    tx.add(InstallationRow(org=org, installation=new.id, site=new.site, state=new.state.value, alg=new.alg.value, home=new.home,
                           control_url=new.control_url, control_key=new.control_key, control_public=new.control_public,
                           control_epoch=new.control_epoch, site_epoch=new.site_epoch, seq=new.seq, created_at=new.created_at,
                           expires_at=new.expires_at, tries=0, verifier=verifier, words="", connector="", php="", wordpress=""))  # fmt: skip
    await tx.flush()
    await set_site(org, tx, new.site, installation=new.id)


async def find_installation(everyone: Everyone, tx: Tx, installation: InstallationId) -> Installation | None:
    _ = everyone
    return next(iter(await _read(tx, _with_site().where(InstallationRow.installation == installation))), None)


async def installation(org: OrgId, tx: Tx, wanted: InstallationId) -> Installation | None:
    _ = org
    found = await tx.rows(_INSTALLATION, of=wanted)
    return next((_installation(row, wanted_paused=row.paused_at is not None) for row in found), None)


async def installations(org: OrgId, tx: Tx, *, site: SiteId | None = None, home: str | None = None) -> tuple[Installation, ...]:
    query = _with_site().where(InstallationRow.org == org).order_by(InstallationRow.created_at)
    if site is not None:
        query = query.where(InstallationRow.site == site)
    if home is not None:
        query = query.where(InstallationRow.home == home)
    return await _read(tx, query)


async def to_be_served(everyone: Everyone, tx: Tx) -> tuple[Installation, ...]:
    """Paired ones, and revoked ones that have not been told so."""
    _ = everyone
    return await _read(tx, _with_site().where(_LISTENS).order_by(InstallationRow.installation))


async def verifier(org: OrgId, tx: Tx, of: InstallationId) -> bytes | None:
    return await tx.scalar(select(InstallationRow.verifier).where(InstallationRow.org == org, InstallationRow.installation == of))


async def set_installation(org: OrgId, tx: Tx, of: InstallationId, **values: Any) -> None:
    mine = (InstallationRow.org == org, InstallationRow.installation == of)
    await tx.execute(update(InstallationRow).where(*mine).values(**values), execution_options=_AS_ROWS)


async def hold_all(org: OrgId, tx: Tx, now: datetime) -> int:
    """Every installation that is or may yet be called waits for its site to be heard. How many."""
    live = InstallationRow.state != InstallationState.WAITING.value
    held = update(InstallationRow).where(InstallationRow.org == org, live).values(restored_at=now)
    return cast("CursorResult[Any]", await tx.execute(held, execution_options=_AS_ROWS)).rowcount


async def spend_try(org: OrgId, tx: Tx, of: InstallationId, most: int) -> bool:
    """One UPDATE: False when `most` tries are spent. Others at the same code wait here until this transaction ends."""
    code = (InstallationRow.org == org, InstallationRow.installation == of, InstallationRow.tries < most)
    return await _changed(tx, update(InstallationRow).where(*code).values(tries=InstallationRow.tries + 1))


async def give_try_back(org: OrgId, tx: Tx, of: InstallationId) -> None:
    code = (InstallationRow.org == org, InstallationRow.installation == of)
    await tx.execute(update(InstallationRow).where(*code).values(tries=InstallationRow.tries - 1), execution_options=_AS_ROWS)


async def burn(org: OrgId, tx: Tx, of: InstallationId, now: datetime, **values: Any) -> bool:
    """The one UPDATE that redeems a pairing string; False for whoever comes second."""
    code = (InstallationRow.org == org, InstallationRow.installation == of, InstallationRow.used_at.is_(None))
    waiting = InstallationRow.state == InstallationState.WAITING.value
    return await _changed(tx, update(InstallationRow).where(*code, waiting).values(used_at=now, **values))


# The two statements of every heartbeat are built once: building them anew cost more than running them.
_INSTALLATIONS = cast("Table", InstallationRow.__table__)
_ADVANCE = (
    update(_INSTALLATIONS)
    .where(
        _INSTALLATIONS.c.org == bindparam("of_org"),
        _INSTALLATIONS.c.installation == bindparam("of"),
        _INSTALLATIONS.c.seq < bindparam("to_seq"),
        _INSTALLATIONS.c.state == bindparam("known_state"),
        _INSTALLATIONS.c.home == bindparam("known_home"),
        _INSTALLATIONS.c.site_epoch == bindparam("known_epoch"),
        _INSTALLATIONS.c.revocation_told_at.is_(None),
    )
    .values(seq=bindparam("to_seq"), last_message_at=bindparam("at"))
)


async def advance(org: OrgId, tx: Tx, known: Installation, seq: int, sent_at: datetime) -> bool:
    """One UPDATE: False when `seq` is not above the highest taken, or state, home or key epoch are no longer what the message was judged by."""
    values = {"of_org": org, "of": known.id, "to_seq": seq, "at": sent_at, "known_state": known.state.value, "known_home": known.home,
              "known_epoch": known.site_epoch}  # fmt: skip
    return cast("CursorResult[Any]", await (await tx.connection()).execute(_ADVANCE, values)).rowcount == 1


async def forget_verifiers(everyone: Everyone, tx: Tx, now: datetime, late: tuple[InstallationId, ...]) -> None:
    """Of codes that ran out unredeemed, and of the `late` ones, whose confirmation never came."""
    _ = everyone
    unused = InstallationRow.used_at.is_(None) & (InstallationRow.expires_at <= now)
    stale = InstallationRow.verifier.is_not(None) & (unused | InstallationRow.installation.in_(late))
    await tx.execute(update(InstallationRow).where(stale).values(verifier=None), execution_options=_AS_ROWS)


async def _changed(tx: Tx, statement: Update) -> bool:
    return cast("CursorResult[Any]", await tx.execute(statement, execution_options=_AS_ROWS)).rowcount == 1


def _site(row: SiteRow | Row[Any], newest: InstallationRow | Row[Any] | None) -> Site:
    return Site(
        OrgId(row.org), SiteId(row.site), row.label, newest.home if newest else "", row.created_at,
        InstallationId(newest.installation) if newest else None, InstallationState(newest.state) if newest else None,
        newest.paired_at if newest else None, row.pause_reason, row.paused_at,
    )  # fmt: skip


def _with_site() -> Select[InstallationRow, datetime | None]:
    joined = (InstallationRow.org == SiteRow.org) & (InstallationRow.site == SiteRow.site)
    return select(InstallationRow, SiteRow.paused_at).join(SiteRow, joined)


_INSTALLATION = _with_site().where(InstallationRow.org == bindparam("of_org"), InstallationRow.installation == bindparam("of"))


async def _read(tx: Tx, query: Select[InstallationRow, datetime | None]) -> tuple[Installation, ...]:
    rows = (await tx.execute(query, execution_options=_FRESH)).all()
    return tuple(_installation(row, wanted_paused=paused_at is not None) for row, paused_at in rows)


def _installation(row: InstallationRow | Row[Any], *, wanted_paused: bool) -> Installation:
    return Installation(
        org=OrgId(row.org), id=InstallationId(row.installation), site=SiteId(row.site), state=InstallationState(row.state),
        alg=Algorithm(row.alg), home=row.home, control_url=row.control_url, control_key=KeyId(row.control_key),
        control_public=row.control_public, control_epoch=row.control_epoch, site_epoch=row.site_epoch, seq=row.seq,
        last_message_at=row.last_message_at, created_at=row.created_at, expires_at=row.expires_at, used_at=row.used_at,
        paired_at=row.paired_at, revoked_at=row.revoked_at, revocation_told_at=row.revocation_told_at, words=row.words,
        connector=row.connector, php=row.php, wordpress=row.wordpress, wanted_paused=wanted_paused, restored_at=row.restored_at,
    )  # fmt: skip
