"""SQL of the mailbox's tables. `look_at` is the moment from which a dispatcher should look at a request; it is empty once nothing is left to do."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, ForeignKeyConstraint, Index, Integer, LargeBinary, String, Table, Text, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.audit.model import Actor
from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import CallId, CorrelationId, Everyone, InstallationId, OrgId, RequestId, SiteId
from presswarden.mailbox.model import (
    LEASE,
    SETTLED,
    Carried,
    Due,
    Envelope,
    EnvelopeState,
    Outcome,
    Request,
    RequestState,
    Returned,
    WaitingCall,
)


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


class EnvelopeRow(Tenant, Base):
    __tablename__ = "mailbox_envelopes"
    __table_args__ = (
        ForeignKeyConstraint(["org", "request"], ["mailbox_requests.org", "mailbox_requests.id"]),
        Index("ix_mailbox_envelopes_request", "org", "request"),
        Index("ix_mailbox_envelopes_offered", "state", "signed_at"),
    )
    call: Mapped[str] = mapped_column(String(36), primary_key=True)
    request: Mapped[str] = mapped_column(String(36))
    installation: Mapped[str] = mapped_column(String(36))
    home: Mapped[str] = mapped_column(String(200))
    tool: Mapped[str] = mapped_column(String(64))
    args_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[str] = mapped_column(String(32))
    kid: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime]
    first_sent_at: Mapped[datetime | None]
    sendings: Mapped[int] = mapped_column(Integer)
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    signed_at: Mapped[datetime | None]
    returned_status: Mapped[int | None] = mapped_column(Integer)
    returned_body: Mapped[str | None] = mapped_column(Text)
    returned_signature: Mapped[str | None] = mapped_column(String(128))


async def add_request(org: OrgId, tx: Tx, request: Request) -> None:
    tx.add(
        RequestRow(
            org=org, id=request.id, site=request.site, installation=request.installation, tool=request.tool, args=dict(request.args),
            by_kind=request.by.kind, by_id=request.by.id, correlation=request.correlation, asked_at=request.asked_at,
            deadline=request.deadline, state=request.state, look_at=request.asked_at,
        )
    )  # fmt: skip
    await tx.flush()


async def request(org: OrgId, tx: Tx, request_id: RequestId) -> Request | None:
    row = await tx.scalar(select(RequestRow).where(RequestRow.org == org, RequestRow.id == request_id))
    return None if row is None else _request(row)


async def requests_of(org: OrgId, tx: Tx, site: SiteId, limit: int) -> tuple[Request, ...]:
    newest = select(RequestRow).where(RequestRow.org == org, RequestRow.site == site).order_by(RequestRow.asked_at.desc()).limit(limit)
    return tuple(_request(row) for row in await tx.scalars(newest))


async def open_count(org: OrgId, tx: Tx, installation: InstallationId) -> int:
    counted = select(func.count()).where(
        RequestRow.org == org, RequestRow.installation == installation, RequestRow.state.in_([RequestState.WAITING, RequestState.SENT])
    )
    return await tx.scalar(counted) or 0


async def due(
    everyone: Everyone, tx: Tx, *, now: datetime, limit: int, busy: Collection[InstallationId], held: Collection[RequestId]
) -> tuple[Due, ...]:
    """Requests to look at now, oldest first; none of a `busy` installation, so that one slow site can't fill the list."""
    _across(everyone, tx)
    rows = await tx.execute(
        select(RequestRow.org, RequestRow.id, RequestRow.installation)
        .where(RequestRow.look_at <= now, RequestRow.installation.not_in(busy), RequestRow.id.not_in(held))
        .order_by(RequestRow.look_at)
        .limit(limit)
    )
    return tuple(Due(OrgId(org), RequestId(id_), InstallationId(installation)) for org, id_, installation in rows)


async def claim(org: OrgId, tx: Tx, request_id: RequestId, *, now: datetime) -> Request | None:
    """Take the request for one try, as it stood before. None when it is somebody else's, or nothing is left to do."""
    found = await tx.scalar(
        select(RequestRow)
        .where(RequestRow.org == org, RequestRow.id == request_id, RequestRow.look_at <= now)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        return None
    before = _request(found)
    found.look_at, found.state = now + LEASE, RequestState.SENT.value
    await tx.flush()
    return before


async def hold_open(org: OrgId, tx: Tx, request_id: RequestId) -> bool:
    """False when the request is settled; else nobody settles it before this transaction ends."""
    open_one = (RequestRow.org == org, RequestRow.id == request_id, RequestRow.look_at.is_not(None))
    return await tx.scalar(select(RequestRow.id).where(*open_one).with_for_update()) is not None


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
    await tx.execute(
        update(RequestRow)
        .where(RequestRow.org == org, RequestRow.id == request_id)
        .values(
            state=state, look_at=look_at, settled_at=now if state in SETTLED else None, outcome=None if outcome is None else _plain(outcome)
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


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


async def add_envelope(org: OrgId, tx: Tx, envelope: Envelope) -> None:
    tx.add(
        EnvelopeRow(
            org=org, call=envelope.call, request=envelope.request, installation=envelope.installation, home=envelope.home,
            tool=envelope.tool, args_hash=envelope.args_hash, body=envelope.body, nonce=envelope.nonce, kid=envelope.kid,
            state=envelope.state, made_at=envelope.made_at, sendings=envelope.sendings, first_sent_at=envelope.first_sent_at,
        )
    )  # fmt: skip
    await tx.flush()


async def envelopes_of(org: OrgId, tx: Tx, request_id: RequestId) -> tuple[Envelope, ...]:
    rows = await tx.scalars(
        select(EnvelopeRow).where(EnvelopeRow.org == org, EnvelopeRow.request == request_id).order_by(EnvelopeRow.made_at, EnvelopeRow.call)
    )
    return tuple(_envelope(row) for row in rows)


async def put_envelope(org: OrgId, tx: Tx, call: CallId, **values: object) -> bool:
    """Set columns of one envelope. False when there is none."""
    changed = await tx.execute(
        update(EnvelopeRow)
        .where(EnvelopeRow.org == org, EnvelopeRow.call == call)
        .values(**values)
        .returning(EnvelopeRow.call)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar_one_or_none() is not None


async def offered_envelope(org: OrgId, tx: Tx, installation: InstallationId, call: CallId) -> Envelope | None:
    """An offered call of this very installation; no other installation can answer for it."""
    row = await tx.scalar(
        select(EnvelopeRow)
        .where(EnvelopeRow.org == org, EnvelopeRow.call == call, EnvelopeRow.installation == installation)
        .where(EnvelopeRow.state == EnvelopeState.OFFERED)
        .with_for_update()
    )
    return None if row is None else _envelope(row)


async def stale_offers(everyone: Everyone, tx: Tx, *, signed_before: datetime, limit: int) -> tuple[tuple[OrgId, CallId, RequestId], ...]:
    _across(everyone, tx)
    rows = await tx.execute(
        select(EnvelopeRow.org, EnvelopeRow.call, EnvelopeRow.request)
        .where(EnvelopeRow.state == EnvelopeState.OFFERED, EnvelopeRow.signed_at <= signed_before)
        .order_by(EnvelopeRow.signed_at)
        .limit(limit)
    )
    return tuple((OrgId(org), CallId(call), RequestId(request_id)) for org, call, request_id in rows)


# Asked with every heartbeat: built once, and without rows that the session keeps.
_ENVELOPES = cast("Table", EnvelopeRow.__table__)
_OFFERED = (
    select(_ENVELOPES.c.headers, _ENVELOPES.c.body)
    .where(
        _ENVELOPES.c.org == bindparam("of_org"),
        _ENVELOPES.c.installation == bindparam("of"),
        _ENVELOPES.c.state == EnvelopeState.OFFERED.value,
        _ENVELOPES.c.signed_at > bindparam("signed_after"),
    )
    .order_by(_ENVELOPES.c.made_at)
    .limit(bindparam("most"))
)


async def offered(org: OrgId, tx: Tx, installation: InstallationId, *, signed_after: datetime, limit: int) -> tuple[WaitingCall, ...]:
    values = {"of_org": org, "of": installation, "signed_after": signed_after, "most": limit}
    rows = (await (await tx.connection()).execute(_OFFERED, values)).all()
    return tuple(WaitingCall(headers, body.decode()) for headers, body in rows if headers)


async def forget(everyone: Everyone, tx: Tx, *, settled_before: datetime) -> None:
    """Drop settled requests and their envelopes."""
    _across(everyone, tx)
    old = select(RequestRow.id).where(RequestRow.settled_at < settled_before, RequestRow.look_at.is_(None))
    await tx.execute(delete(EnvelopeRow).where(EnvelopeRow.request.in_(old)).execution_options(synchronize_session=False))
    await tx.execute(
        delete(RequestRow)
        .where(RequestRow.settled_at < settled_before, RequestRow.look_at.is_(None))
        .execution_options(synchronize_session=False)
    )


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


def _request(row: RequestRow) -> Request:
    return Request(
        OrgId(row.org), RequestId(row.id), SiteId(row.site), InstallationId(row.installation), row.tool, row.args,
        Actor(row.by_kind, row.by_id), CorrelationId(row.correlation), row.asked_at, row.deadline, RequestState(row.state), row.settled_at,
        None if row.outcome is None else _outcome(row.outcome), None if row.settled_by is None else RequestId(row.settled_by),
    )  # fmt: skip


def _envelope(row: EnvelopeRow) -> Envelope:
    returned = None
    if row.returned_status is not None:
        returned = Returned(row.returned_status, row.returned_body or "", row.returned_signature or "")
    return Envelope(
        CallId(row.call), RequestId(row.request), InstallationId(row.installation), row.home, row.tool, row.args_hash, row.body, row.nonce,
        row.kid, EnvelopeState(row.state), row.made_at, row.first_sent_at, row.sendings, row.signed_at, returned,
    )  # fmt: skip
