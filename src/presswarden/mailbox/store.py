"""SQL of the mailbox's tables. `look_at` is the moment from which a dispatcher should look at a request; it is empty once nothing is left to do."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, Executable, Index, Row, String, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.audit.model import Actor
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import CorrelationId, Everyone, InstallationId, OrgId, ProposalId, RequestId, SiteId
from presswarden.mailbox.model import SETTLED, Carried, Due, Outcome, PlannedCall, Request, RequestState, lease_of


class RequestRow(Tenant, Base):
    __tablename__ = "mailbox_requests"
    __table_args__ = (Index("ix_mailbox_requests_look_at", "look_at"), Index("ix_mailbox_requests_site", "org", "site", "asked_at"))
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    site: Mapped[str] = mapped_column(String(36))
    installation: Mapped[str] = mapped_column(String(36))
    tool: Mapped[str] = mapped_column(String(64))
    args: Mapped[dict[str, Any]] = mapped_column(JSON)
    by_kind: Mapped[str] = mapped_column(String(16))
    by_id: Mapped[str] = mapped_column(String(64))
    correlation: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    deadline: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    look_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    settled_by: Mapped[str | None] = mapped_column(String(36))
    planned: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    held_by: Mapped[str | None] = mapped_column(String(128), index=True)
    """The dispatcher whose lease runs; when it is gone, its lease ends with it."""
    turn: Mapped[str] = mapped_column(String(128), default="", server_default="")
    """Which asking of the same request this is."""


# The statements of every call: built once.
_THIS = (RequestRow.org == bindparam("of_org"), RequestRow.id == bindparam("of"))
_ONE = select(RequestRow).where(*_THIS)
_TO_CLAIM = _ONE.where(RequestRow.look_at <= bindparam("by")).with_for_update(skip_locked=True)
_CLAIM = update(RequestRow).where(*_THIS).values(look_at=bindparam("until"), state=RequestState.SENT.value, held_by=bindparam("holder"))
_STILL_OPEN = select(RequestRow.id).where(*_THIS, RequestRow.look_at.is_not(None)).with_for_update()
_PUT_STATE = (
    update(RequestRow)
    .where(*_THIS)
    .values(
        state=bindparam("to"), look_at=bindparam("at"), held_by=None, settled_at=bindparam("settled"),
        outcome=bindparam("told", type_=JSON(none_as_null=True)),
    )
)  # fmt: skip
_OPEN_COUNT = select(func.count()).where(
    RequestRow.org == bindparam("of_org"),
    RequestRow.installation == bindparam("of"),
    RequestRow.state.in_([RequestState.WAITING.value, RequestState.SENT.value]),
)
_OPEN = (
    select(RequestRow)
    .where(RequestRow.state.in_([RequestState.WAITING.value, RequestState.SENT.value]))
    .order_by(RequestRow.asked_at, RequestRow.id)
)
_DUE = (
    select(RequestRow.org, RequestRow.id, RequestRow.installation)
    .where(
        RequestRow.look_at <= bindparam("by"),
        RequestRow.installation.not_in(bindparam("busy", expanding=True)),
        RequestRow.id.not_in(bindparam("held", expanding=True)),
    )
    .order_by(RequestRow.look_at)
    .limit(bindparam("most"))
)


async def add_request(org: OrgId, tx: Tx, request: Request, *, turn: str = "", holder: str | None = None) -> None:
    await tx.direct.execute(_adding(once=False, on_postgresql=False), _row(org, request, turn, holder))


async def add_once(org: OrgId, tx: Tx, request: Request, *, turn: str, holder: str | None = None) -> bool:
    """False when somebody else wrote a request with this id down at the same moment."""
    built = _adding(once=True, on_postgresql=tx.direct.dialect.name == "postgresql")
    return (await tx.direct.execute(built, _row(org, request, turn, holder))).rowcount == 1


@cache
def _adding(*, once: bool, on_postgresql: bool) -> Executable:
    if not once:
        return insert(RequestRow)
    return (postgresql.insert if on_postgresql else sqlite.insert)(RequestRow).on_conflict_do_nothing()


def _row(org: OrgId, request: Request, turn: str, holder: str | None) -> dict[str, object]:
    """With a holder it lies there as if it had been claimed."""
    taken = holder is not None
    return {
            "org": org, "id": request.id, "site": request.site, "installation": request.installation, "tool": request.tool, "args": dict(request.args),
            "by_kind": request.by.kind, "by_id": request.by.id, "correlation": request.correlation, "asked_at": request.asked_at,
            "deadline": request.deadline, "state": RequestState.SENT if taken else request.state, "held_by": holder or None,
            "look_at": request.asked_at + lease_of(request.tool) if taken else request.asked_at,
            "planned": None if request.planned is None else asdict(request.planned), "turn": turn,
    }  # fmt: skip


async def request(org: OrgId, tx: Tx, request_id: RequestId) -> Request | None:
    _ = org
    return next((_request(row) for row in await tx.rows(_ONE, of=request_id)), None)


async def reopen(org: OrgId, tx: Tx, request_id: RequestId, turn: str, *, deadline: datetime, now: datetime) -> bool:
    """Let a settled request be looked at once more. False when it was opened for this turn already, or is open."""
    opened = await tx.execute(
        update(RequestRow)
        .where(RequestRow.org == org, RequestRow.id == request_id, RequestRow.look_at.is_(None), RequestRow.turn != turn)
        .values(state=RequestState.SENT.value, look_at=now, deadline=deadline, settled_at=None, outcome=JSON.NULL, turn=turn)
        .returning(RequestRow.id)
        .execution_options(synchronize_session=False)
    )
    return opened.scalar_one_or_none() is not None


async def depth(org: OrgId, tx: Tx) -> int:
    """Requests that somebody still has to look at."""
    return await tx.scalar(select(func.count()).select_from(RequestRow).where(RequestRow.org == org, RequestRow.look_at.is_not(None))) or 0


async def requests_of(org: OrgId, tx: Tx, site: SiteId, limit: int) -> tuple[Request, ...]:
    newest = select(RequestRow).where(RequestRow.org == org, RequestRow.site == site).order_by(RequestRow.asked_at.desc()).limit(limit)
    return tuple(_request(row) for row in await tx.scalars(newest))


async def newest_done(org: OrgId, tx: Tx, tool: str) -> tuple[Request, ...]:
    """Of each site, the newest request with this tool that was answered; the last that was asked first."""
    mine = (RequestRow.org == org, RequestRow.tool == tool, RequestRow.state == RequestState.DONE.value)
    newest = select(RequestRow.site, func.max(RequestRow.asked_at).label("at")).where(*mine).group_by(RequestRow.site).subquery()
    same = (RequestRow.site == newest.c.site) & (RequestRow.asked_at == newest.c.at)
    rows = await tx.scalars(select(RequestRow).join(newest, same).where(*mine).order_by(RequestRow.asked_at.desc(), RequestRow.id))
    return tuple(_request(row) for row in rows)


async def open_count(org: OrgId, tx: Tx, installation: InstallationId) -> int:
    _ = org
    return int((await tx.rows(_OPEN_COUNT, of=installation))[0][0])


async def open_ones(org: OrgId, tx: Tx) -> tuple[Request, ...]:
    """Every request of the organisation that has no outcome yet, oldest first."""
    return tuple(_request(row) for row in await tx.scalars(_OPEN.where(RequestRow.org == org)))


async def due(
    everyone: Everyone, tx: Tx, *, now: datetime, limit: int, busy: Collection[InstallationId], held: Collection[RequestId]
) -> tuple[Due, ...]:
    """Requests to look at now, oldest first; none of a `busy` installation, so that one slow site can't fill the list."""
    _across(everyone, tx)
    rows = await tx.direct.execute(_DUE, {"by": now, "most": limit, "busy": list(busy), "held": list(held)})
    return tuple(Due(OrgId(org), RequestId(id_), InstallationId(installation)) for org, id_, installation in rows)


async def claim(org: OrgId, tx: Tx, request_id: RequestId, *, holder: str, now: datetime) -> Request | None:
    """Take the request for one try, as it stood before. None when it is somebody else's, or nothing is left to do."""
    _ = org
    for row in await tx.rows(_TO_CLAIM, of=request_id, by=now):
        await tx.change(_CLAIM, of=request_id, until=now + lease_of(row.tool), holder=holder or None)
        return _request(row)
    return None


async def hold_open(org: OrgId, tx: Tx, request_id: RequestId) -> bool:
    """False when the request is settled; else nobody settles it before this transaction ends."""
    _ = org
    return bool(await tx.rows(_STILL_OPEN, of=request_id))


async def put_state(
    org: OrgId,
    tx: Tx,
    request_id: RequestId,
    state: RequestState,
    *,
    look_at: datetime | None,
    outcome: Outcome | None = None,
    now: datetime,
) -> None:
    _ = org
    settled, told = now if state in SETTLED else None, None if outcome is None else _plain(outcome)
    await tx.change(_PUT_STATE, of=request_id, to=state.value, at=look_at, settled=settled, told=told)


async def put_request(org: OrgId, tx: Tx, request_id: RequestId, *, unknown: bool = False, **values: object) -> None:
    """Set columns of one request that is open, or whose outcome is unknown; a settled one is not touched."""
    still = RequestRow.state == RequestState.UNKNOWN if unknown else RequestRow.look_at.is_not(None)
    await tx.execute(
        update(RequestRow)
        .where(RequestRow.org == org, RequestRow.id == request_id, still)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def unknown_of(everyone: Everyone, tx: Tx, *, tools: Collection[str], since: datetime, limit: int) -> tuple[Request, ...]:
    """Requests with an unknown outcome, of these tools, settled no longer ago than `since`."""
    _across(everyone, tx)
    rows = await tx.scalars(
        select(RequestRow)
        .where(RequestRow.state == RequestState.UNKNOWN, RequestRow.tool.in_(tools), RequestRow.settled_at >= since)
        .order_by(RequestRow.settled_at)
        .limit(limit)
    )
    return tuple(_request(row) for row in rows)


async def forget(org: OrgId, tx: Tx, *, settled_before: datetime) -> None:
    """Drop settled requests, after their envelopes."""
    await tx.execute(
        delete(RequestRow)
        .where(RequestRow.org == org, RequestRow.settled_at < settled_before, RequestRow.look_at.is_(None))
        .execution_options(synchronize_session=False)
    )


async def let_go(everyone: Everyone, tx: Tx, holder: str, *, now: datetime) -> int:
    """End the leases of a dispatcher that is gone: what it held is looked at now. How many."""
    _across(everyone, tx)
    freed = await tx.execute(
        update(RequestRow)
        .where(RequestRow.held_by == holder, RequestRow.look_at > now, RequestRow.state == RequestState.SENT)
        .values(look_at=now, held_by=None)
        .returning(RequestRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(freed.all())


def _across(everyone: Everyone, tx: Tx) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")


def _plain(outcome: Outcome) -> dict[str, object]:
    return {
        "state": outcome.state, "code": outcome.code, "says": outcome.says, "do": outcome.do, "result": dict(outcome.result),
        "call": outcome.call, "carried_by": outcome.carried_by,
    }  # fmt: skip


def _outcome(stored: Mapping[str, Any]) -> Outcome:
    return Outcome(
        RequestState(stored["state"]), stored["code"], stored["says"], stored["do"], stored["result"], stored["call"], Carried(stored["carried_by"])
    )  # fmt: skip


def _request(row: RequestRow | Row[Any]) -> Request:
    told = None if row.outcome is None else _outcome(row.outcome)
    settled = RequestState(row.state) in SETTLED
    return Request(
        OrgId(row.org), RequestId(row.id), SiteId(row.site), InstallationId(row.installation), row.tool, row.args,
        Actor(row.by_kind, row.by_id), CorrelationId(row.correlation), row.asked_at, row.deadline, RequestState(row.state), row.settled_at,
        told if settled else None, None if row.settled_by is None else RequestId(row.settled_by),
        None if row.planned is None else _planned(row.planned), None if settled else told,
    )  # fmt: skip


def _planned(stored: Mapping[str, Any]) -> PlannedCall:
    return PlannedCall(
        ProposalId(stored["proposal"]), stored["digest"], stored["index"], stored["call"], stored["header"], tuple(stored["header_proof"]),
        stored["leaf"], tuple(stored["proof"]), stored["size"],
    )  # fmt: skip
