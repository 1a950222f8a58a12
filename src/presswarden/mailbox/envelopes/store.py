"""SQL of the envelopes: the bytes of each call, kept from before its first sending until a week after its request was settled."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import CallId, Everyone, InstallationId, OrgId, RequestId
from presswarden.mailbox.model import Envelope, EnvelopeState, Returned, WaitingCall
from presswarden.mailbox.store import RequestRow


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


_ADD = insert(EnvelopeRow)
_OF_REQUEST = (
    select(EnvelopeRow)
    .where(EnvelopeRow.org == bindparam("of_org"), EnvelopeRow.request == bindparam("of"))
    .order_by(EnvelopeRow.made_at, EnvelopeRow.call)
)
_END = (
    update(EnvelopeRow)
    .where(EnvelopeRow.org == bindparam("of_org"), EnvelopeRow.call == bindparam("of"))
    .values(state=EnvelopeState.ENDED.value, headers=None)
)


async def end(org: OrgId, tx: Tx, call: CallId) -> None:
    _ = org
    await tx.change(_END, of=call)


async def add_envelope(org: OrgId, tx: Tx, envelope: Envelope) -> None:
    await tx.change(
            _ADD, org=org, call=envelope.call, request=envelope.request, installation=envelope.installation, home=envelope.home,
            tool=envelope.tool, args_hash=envelope.args_hash, body=envelope.body, nonce=envelope.nonce, kid=envelope.kid,
            state=envelope.state, made_at=envelope.made_at, sendings=envelope.sendings, first_sent_at=envelope.first_sent_at,
    )  # fmt: skip


async def envelopes_of(org: OrgId, tx: Tx, request_id: RequestId) -> tuple[Envelope, ...]:
    _ = org
    return tuple(_envelope(row) for row in await tx.rows(_OF_REQUEST, of=request_id))


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
    rows = (await tx.direct.execute(_OFFERED, values)).all()
    return tuple(WaitingCall(headers, body.decode()) for headers, body in rows if headers)


async def forget(org: OrgId, tx: Tx, *, settled_before: datetime) -> None:
    """Drop the envelopes of requests that were settled before that moment."""
    old = select(RequestRow.id).where(RequestRow.org == org, RequestRow.settled_at < settled_before, RequestRow.look_at.is_(None))
    await tx.execute(
        delete(EnvelopeRow).where(EnvelopeRow.org == org, EnvelopeRow.request.in_(old)).execution_options(synchronize_session=False)
    )


def _across(everyone: Everyone, tx: Tx) -> None:
    if tx.scope is not everyone:
        raise RuntimeError("this look-up runs across organisations")


def _envelope(row: EnvelopeRow | Row[Any]) -> Envelope:
    returned = None
    if row.returned_status is not None:
        returned = Returned(row.returned_status, row.returned_body or "", row.returned_signature or "")
    return Envelope(
        CallId(row.call), RequestId(row.request), InstallationId(row.installation), row.home, row.tool, row.args_hash, row.body, row.nonce,
        row.kid, EnvelopeState(row.state), row.made_at, row.first_sent_at, row.sendings, row.signed_at, returned,
    )  # fmt: skip
