"""SQL of the proposals' tables. A plan is kept as the very texts that were hashed; reading it back never builds them anew."""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any  # what the JSON columns hold, as it was written here

from sqlalchemy import (
    ColumnElement,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    Row,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.kernel.canonical import encode
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import CallId, ChangeId, CorrelationId, InstallationId, OrgId, ProposalId, SiteId, SnapshotId
from presswarden.proposals.model import Evidence, Item, Leaf, LeafRole, Plan, Proposal, ProposalState, Source, Wish


class ProposalRow(Tenant, Base):
    __tablename__ = "proposals"
    __table_args__ = (UniqueConstraint("org", "digest"), Index(None, "org", "state", "filed_at"), Index(None, "org", "state", "approve_by"))
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    source: Mapped[str] = mapped_column(String(12))
    by_kind: Mapped[str] = mapped_column(String(16))
    by_id: Mapped[str] = mapped_column(String(64))
    adopted_by_kind: Mapped[str | None] = mapped_column(String(16))
    adopted_by_id: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    items: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float | None] = mapped_column(Float)
    risk: Mapped[str] = mapped_column(String(12))
    header: Mapped[str] = mapped_column(Text)
    leaves: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    correlation: Mapped[str] = mapped_column(String(64))
    filed_at: Mapped[datetime]
    approve_by: Mapped[datetime]
    execute_by: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class ItemRow(Tenant, Base):
    __tablename__ = "proposal_items"
    __table_args__ = (
        ForeignKeyConstraint(["org", "proposal"], ["proposals.org", "proposals.id"]),
        Index(None, "org", "site", "component"),
    )
    proposal: Mapped[str] = mapped_column(String(36), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    site: Mapped[str] = mapped_column(String(36))
    component: Mapped[str] = mapped_column(String(400))


async def add(org: OrgId, tx: Tx, proposal: Proposal) -> None:
    plan = proposal.plan
    row = {
        "org": org, "id": proposal.id, "source": proposal.source, "by_kind": proposal.by.kind, "by_id": proposal.by.id,
        "title": proposal.title, "items": _text([_item_out(item) for item in proposal.items]),
        "evidence": _text([[one.code, one.says, one.against] for one in proposal.evidence]), "confidence": proposal.confidence,
        "risk": proposal.risk, "header": plan.header, "leaves": _text([_leaf_out(leaf) for leaf in plan.leaves]), "digest": plan.digest,
        "not_before": plan.not_before, "not_after": plan.not_after, "state": proposal.state, "correlation": proposal.correlation,
        "filed_at": proposal.filed_at, "approve_by": proposal.approve_by, "execute_by": proposal.execute_by, "decided_at": None,
    }  # fmt: skip
    await tx.execute(insert(ProposalRow).values(**row))
    items = [
        {"org": org, "proposal": proposal.id, "position": position, "site": item.site, "component": item.component}
        for position, item in enumerate(proposal.items)
    ]
    await tx.execute(insert(ItemRow), items)


_ONE = select(ProposalRow).where(ProposalRow.org == bindparam("of_org"), ProposalRow.id == bindparam("of"))  # read at every step
_LOCKED = _ONE.with_for_update()


async def find(org: OrgId, tx: Tx, proposal: ProposalId, *, lock: bool = False) -> Proposal | None:
    """`lock`: nobody else moves it until this transaction ends."""
    found = await tx.rows(_LOCKED if lock else _ONE, of=proposal)
    return next((_proposal(org, row) for row in found), None)


async def untaken(org: OrgId, tx: Tx, before: datetime, limit: int) -> tuple[ProposalId, ...]:
    """Recommendations that nobody adopted and that ended so long ago: no consent was ever given to one."""
    over = (ProposalRow.state.in_([ProposalState.EXPIRED.value, ProposalState.REPLACED.value]), ProposalRow.adopted_by_id.is_(None))
    old = select(ProposalRow.id).where(
        ProposalRow.org == org, *over, ProposalRow.source == Source.ANALYST.value, ProposalRow.approve_by < before
    )
    return tuple(ProposalId(each) for each in await tx.scalars(old.order_by(ProposalRow.approve_by).limit(limit)))


async def forget(org: OrgId, tx: Tx, gone: Collection[ProposalId]) -> None:
    for row, named in ((ItemRow, ItemRow.proposal), (ProposalRow, ProposalRow.id)):
        await tx.execute(delete(row).where(row.org == org, named.in_(gone)).execution_options(synchronize_session=False))


async def listed(
    org: OrgId, tx: Tx, *, states: Collection[ProposalState] | None, site: SiteId | None, component: str | None, limit: int
) -> tuple[Proposal, ...]:
    """Newest first."""
    wanted = select(ProposalRow).where(ProposalRow.org == org)
    if states is not None:
        wanted = wanted.where(ProposalRow.state.in_([state.value for state in states]))
    if site is not None:
        touched = select(ItemRow.proposal).where(ItemRow.org == org, ItemRow.site == site)
        if component is not None:
            touched = touched.where(ItemRow.component == component)
        wanted = wanted.where(ProposalRow.id.in_(touched))
    newest = wanted.order_by(ProposalRow.filed_at.desc(), ProposalRow.id).limit(limit).execution_options(populate_existing=True)
    return tuple(_proposal(org, row) for row in await tx.scalars(newest))


async def ids(org: OrgId, tx: Tx, *, states: Collection[ProposalState]) -> tuple[ProposalId, ...]:
    """Newest first."""
    here = (ProposalRow.org == org, ProposalRow.state.in_([state.value for state in states]))
    found = await tx.scalars(select(ProposalRow.id).where(*here).order_by(ProposalRow.filed_at.desc(), ProposalRow.id))
    return tuple(ProposalId(one) for one in found)


async def page(org: OrgId, tx: Tx, wish: Wish, *, before: tuple[datetime, str] | None, limit: int) -> tuple[Proposal, ...]:
    """Newest first, from `before` on: the last one of the page before."""
    wanted = select(ProposalRow).where(ProposalRow.org == org, *_fitting(org, wish))
    if before is not None:
        wanted = wanted.where(tuple_(ProposalRow.filed_at, ProposalRow.id) < tuple_(*before))
    newest = wanted.order_by(ProposalRow.filed_at.desc(), ProposalRow.id.desc()).limit(limit).execution_options(populate_existing=True)
    return tuple(_proposal(org, row) for row in await tx.scalars(newest))


async def soonest(org: OrgId, tx: Tx, *, states: Collection[ProposalState], limit: int) -> tuple[Proposal, ...]:
    """Those whose first clock ends soonest."""
    wanted = select(ProposalRow).where(ProposalRow.org == org, ProposalRow.state.in_([state.value for state in states]))
    first = wanted.order_by(ProposalRow.approve_by, ProposalRow.id).limit(limit).execution_options(populate_existing=True)
    return tuple(_proposal(org, row) for row in await tx.scalars(first))


async def waiting(org: OrgId, tx: Tx, state: ProposalState) -> tuple[int, datetime | None]:
    """How many stand there, and since when the first of them does."""
    wanted = select(func.count(), func.min(ProposalRow.filed_at)).where(ProposalRow.org == org, ProposalRow.state == state.value)
    number, first = (await tx.execute(wanted)).one()
    return number, first


async def count(org: OrgId, tx: Tx, *, states: Collection[ProposalState]) -> int:
    wanted = select(func.count()).select_from(ProposalRow)
    return await tx.scalar(wanted.where(ProposalRow.org == org, ProposalRow.state.in_([state.value for state in states]))) or 0


def _fitting(org: OrgId, wish: Wish) -> Iterator[ColumnElement[bool]]:
    if wish.states is not None:
        yield ProposalRow.state.in_([state.value for state in wish.states])
    if wish.text:
        of_people = [column.in_(list(wish.people)) for column in (ProposalRow.by_id, ProposalRow.adopted_by_id)] if wish.people else []
        touched = select(ItemRow.proposal).where(ItemRow.org == org, ItemRow.site.in_(list(wish.sites)))
        yield or_(
            ProposalRow.title.icontains(wish.text, autoescape=True),
            ProposalRow.id.startswith(wish.text.lower(), autoescape=True),
            *of_people,
            *([ProposalRow.id.in_(touched)] if wish.sites else []),
        )


async def overdue(org: OrgId, tx: Tx, *, states: Collection[ProposalState], now: datetime, limit: int) -> tuple[ProposalId, ...]:
    """Those of which one of both clocks has run out, oldest first."""
    late = (ProposalRow.approve_by <= now) | (ProposalRow.execute_by <= now)
    wanted = select(ProposalRow.id).where(ProposalRow.org == org, ProposalRow.state.in_([state.value for state in states]), late)
    return tuple(ProposalId(found) for found in await tx.scalars(wanted.order_by(ProposalRow.filed_at, ProposalRow.id).limit(limit)))


async def put(org: OrgId, tx: Tx, proposal: Proposal) -> None:
    """Write where it stands and who adopted it; the rest is fixed."""
    adopted = proposal.adopted_by
    moved = update(ProposalRow).where(ProposalRow.org == org, ProposalRow.id == proposal.id)
    moved = moved.values(
        state=proposal.state.value,
        decided_at=proposal.decided_at,
        adopted_by_kind=adopted.kind if adopted else None,
        adopted_by_id=adopted.id if adopted else None,
    )
    await tx.execute(moved.execution_options(synchronize_session=False))


def _text(value: Any) -> str:
    return encode(value).decode()


def _item_out(item: Item) -> dict[str, Any]:
    return {
        "site": item.site, "installation": item.installation, "home": item.home, "tool": item.tool, "component": item.component,
        "version": item.version, "before": dict(item.before), "package": item.package, "args": dict(item.args),
    }  # fmt: skip


def _item_in(kept: Mapping[str, Any]) -> Item:
    return Item(
        site=SiteId(kept["site"]), installation=InstallationId(kept["installation"]), home=kept["home"], tool=kept["tool"],
        component=kept["component"], version=kept["version"], before=kept["before"], package=kept["package"], args=kept["args"],
    )  # fmt: skip


def _leaf_out(leaf: Leaf) -> dict[str, Any]:
    return {
        "role": leaf.role, "site": leaf.site, "installation": leaf.installation, "call": leaf.call, "text": leaf.text, "change": leaf.change,
        "snapshot": leaf.snapshot, "component": leaf.component,
    }  # fmt: skip


def _leaf_in(index: int, kept: Mapping[str, Any]) -> Leaf:
    said = json.loads(kept["text"])  # tool and arguments stand in the approved text alone
    return Leaf(
        index=index, role=LeafRole(kept["role"]), site=SiteId(kept["site"]), installation=InstallationId(kept["installation"]),
        call=CallId(kept["call"]), tool=said["tool"], args=said["args"], text=kept["text"], change=ChangeId(kept["change"]),
        snapshot=None if kept["snapshot"] is None else SnapshotId(kept["snapshot"]), component=kept["component"],
    )  # fmt: skip


# These texts never change and are read again at each step of a change: the newest few are read once.
@lru_cache(maxsize=32)
def _leaves(text: str) -> tuple[Leaf, ...]:
    return tuple(_leaf_in(index, kept) for index, kept in enumerate(json.loads(text), start=1))


@lru_cache(maxsize=32)
def _items(text: str) -> tuple[Item, ...]:
    return tuple(_item_in(kept) for kept in json.loads(text))


def _proposal(org: OrgId, row: ProposalRow | Row[Any]) -> Proposal:
    leaves = _leaves(row.leaves)
    adopted = None if row.adopted_by_kind is None or row.adopted_by_id is None else Actor(row.adopted_by_kind, row.adopted_by_id)
    return Proposal(
        org=org,
        id=ProposalId(row.id),
        source=Source(row.source),
        by=Actor(row.by_kind, row.by_id),
        adopted_by=adopted,
        title=row.title,
        items=_items(row.items),
        evidence=tuple(Evidence(code, says, against) for code, says, against in json.loads(row.evidence)),
        confidence=row.confidence,
        risk=Risk(row.risk),
        plan=Plan(row.header, leaves, row.digest, row.not_before, row.not_after),
        state=ProposalState(row.state),
        correlation=CorrelationId(row.correlation),
        filed_at=row.filed_at,
        approve_by=row.approve_by,
        execute_by=row.execute_by,
        decided_at=row.decided_at,
    )
