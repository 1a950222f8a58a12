"""Tables of notices: how far the record was looked through, who wants what, webhooks, and what waits to be sent. Limits: SQL of its own tables only."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, String, Text, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from presswarden.kernel.db import Base, Tenant, Tx
from presswarden.kernel.ids import OrgId, PersonId
from presswarden.reports.notices.model import Delivery, Given, Occasion, Way, Webhook

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given_up"


class CursorRow(Tenant, Base):
    """The place in the log of the first entry that was not looked at yet."""

    __tablename__ = "notice_cursors"
    position: Mapped[int] = mapped_column(BigInteger)


class PreferenceRow(Tenant, Base):
    """`person` is empty for what the organisation sends at all."""

    __tablename__ = "notice_preferences"
    person: Mapped[str] = mapped_column(String(36), primary_key=True)
    occasion: Mapped[str] = mapped_column(String(24), primary_key=True)
    wanted: Mapped[bool] = mapped_column(Boolean)


class WebhookRow(Tenant, Base):
    __tablename__ = "notice_webhooks"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    url: Mapped[str] = mapped_column(String(500))
    key: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(36))
    last_at: Mapped[datetime | None]
    last_says: Mapped[str] = mapped_column(String(300))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class DeliveryRow(Tenant, Base):
    __tablename__ = "notice_deliveries"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    way: Mapped[str] = mapped_column(String(8))
    to: Mapped[str] = mapped_column(String(254))
    occasion: Mapped[str] = mapped_column(String(24))
    says: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(String(300))
    site: Mapped[str] = mapped_column(String(36))
    subject: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12))
    tries: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    __table_args__ = (Index(None, "state", "due_at"), Index(None, "ended_at"))


async def cursor(org: OrgId, tx: Tx) -> int | None:
    return await tx.scalar(select(CursorRow.position).where(CursorRow.org == org).with_for_update())


async def reached(org: OrgId, tx: Tx) -> int | None:
    return await tx.scalar(select(CursorRow.position).where(CursorRow.org == org))


async def put_cursor(org: OrgId, tx: Tx, position: int) -> None:
    if not (await tx.execute(update(CursorRow).where(CursorRow.org == org).values(position=position))).rowcount:  # type: ignore[attr-defined]  # of a statement that changes
        tx.add(CursorRow(org=org, position=position))
        await tx.flush()


async def preferences(org: OrgId, tx: Tx) -> dict[tuple[str, str], bool]:
    """By person (or "" for the organisation) and occasion, where somebody chose."""
    rows = await tx.scalars(select(PreferenceRow).where(PreferenceRow.org == org))
    return {(row.person, row.occasion): row.wanted for row in rows}


async def put_preferences(org: OrgId, tx: Tx, person: str, wanted: Mapping[Occasion, bool]) -> None:
    await tx.execute(delete(PreferenceRow).where(PreferenceRow.org == org, PreferenceRow.person == person))
    tx.add_all([PreferenceRow(org=org, person=person, occasion=each.value, wanted=said) for each, said in wanted.items()])
    await tx.flush()


async def webhooks(org: OrgId, tx: Tx) -> tuple[Webhook, ...]:
    rows = await tx.scalars(select(WebhookRow).where(WebhookRow.org == org).order_by(WebhookRow.made_at, WebhookRow.id))
    return tuple(Webhook(row.id, row.url, row.made_at, PersonId(row.made_by), row.last_at, row.last_says) for row in rows)


async def add_webhook(org: OrgId, tx: Tx, made: Webhook, sealed: bytes) -> None:
    tx.add(
        WebhookRow(
            org=org, id=made.id, url=made.url, key="", sealed=sealed, made_at=made.made_at, made_by=made.made_by, last_at=None, last_says=""
        )
    )
    await tx.flush()


async def drop_webhook(org: OrgId, tx: Tx, webhook: str) -> bool:
    gone = await tx.execute(delete(WebhookRow).where(WebhookRow.org == org, WebhookRow.id == webhook))
    await tx.execute(delete(DeliveryRow).where(DeliveryRow.org == org, DeliveryRow.to == webhook, DeliveryRow.state == WAITING))
    return bool(gone.rowcount)  # type: ignore[attr-defined]  # of a statement that deletes


async def place_of(org: OrgId, tx: Tx, webhook: str) -> tuple[str, bytes] | None:
    """Where it is reached, and its key, sealed."""
    row = (await tx.execute(select(WebhookRow.url, WebhookRow.sealed).where(WebhookRow.org == org, WebhookRow.id == webhook))).first()
    return None if row is None else (row[0], row[1] or b"")


async def in_the_open(org: OrgId, tx: Tx) -> tuple[dict[str, str], dict[str, str]]:
    """Keys of webhooks and texts of letters that an older program left unsealed, by id."""
    keys = await tx.execute(select(WebhookRow.id, WebhookRow.key).where(WebhookRow.org == org, WebhookRow.key != ""))
    texts = await tx.execute(select(DeliveryRow.id, DeliveryRow.text).where(DeliveryRow.org == org, DeliveryRow.text != ""))
    return {row[0]: row[1] for row in keys}, {row[0]: row[1] for row in texts}


async def seal_key(org: OrgId, tx: Tx, webhook: str, sealed: bytes) -> None:
    await tx.execute(update(WebhookRow).where(WebhookRow.org == org, WebhookRow.id == webhook).values(key="", sealed=sealed))


async def seal_text(org: OrgId, tx: Tx, delivery: str, sealed: bytes) -> None:
    await tx.execute(update(DeliveryRow).where(DeliveryRow.org == org, DeliveryRow.id == delivery).values(text="", sealed=sealed))


async def put_webhook_result(org: OrgId, tx: Tx, webhook: str, at: datetime, says: str) -> None:
    await tx.execute(update(WebhookRow).where(WebhookRow.org == org, WebhookRow.id == webhook).values(last_at=at, last_says=says[:300]))


async def add(org: OrgId, tx: Tx, made: Sequence[Delivery], now: datetime) -> None:
    tx.add_all(
        [
            DeliveryRow(
                org=org, id=one.id, way=one.way.value, to=one.to, occasion=one.occasion, says=one.says, text="", sealed=one.sealed, path=one.path,
                site=one.site, subject=one.subject, at=one.at, state=WAITING, tries=0, due_at=now, ended_at=None,
            )
            for one in made
        ]
    )  # fmt: skip
    await tx.flush()


async def due(org: OrgId, tx: Tx, now: datetime, limit: int) -> tuple[Delivery, ...]:
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.org == org, DeliveryRow.state == WAITING, DeliveryRow.due_at <= now)
        .order_by(DeliveryRow.due_at, DeliveryRow.at, DeliveryRow.id)
        .limit(limit)
    )
    return tuple(
        Delivery(row.id, Way(row.way), row.to, row.occasion, row.says, row.sealed, row.path, row.site, row.subject, row.at, row.tries)
        for row in rows
    )


async def sent(org: OrgId, tx: Tx, ids: Collection[str], now: datetime) -> None:
    await tx.execute(
        update(DeliveryRow).where(DeliveryRow.org == org, DeliveryRow.id.in_(ids)).values(state=SENT, ended_at=now, sealed=None)
    )


async def missed(org: OrgId, tx: Tx, one: Delivery, due_at: datetime | None, now: datetime) -> None:
    tried: dict[str, object] = {"tries": one.tries + 1}
    tried |= {"state": GIVEN_UP, "ended_at": now, "sealed": None} if due_at is None else {"due_at": due_at}
    await tx.execute(update(DeliveryRow).where(DeliveryRow.org == org, DeliveryRow.id == one.id).values(**tried))


async def forget_person(org: OrgId, tx: Tx, person: PersonId, mail: str) -> None:
    await tx.execute(delete(PreferenceRow).where(PreferenceRow.org == org, PreferenceRow.person == person))
    await tx.execute(delete(DeliveryRow).where(DeliveryRow.org == org, DeliveryRow.to.in_([person, mail])))


async def drop_waiting(org: OrgId, tx: Tx) -> int:
    gone = await tx.execute(delete(DeliveryRow).where(DeliveryRow.org == org, DeliveryRow.state == WAITING))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # of a statement that deletes


async def given(org: OrgId, tx: Tx) -> Given:
    rows = await tx.execute(select(DeliveryRow.state, func.count()).where(DeliveryRow.org == org).group_by(DeliveryRow.state))
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    return Given(counts.get(WAITING, 0), counts.get(SENT, 0), counts.get(GIVEN_UP, 0))


async def expire(org: OrgId, tx: Tx, before: datetime) -> None:
    await tx.execute(delete(DeliveryRow).where(DeliveryRow.org == org, DeliveryRow.ended_at < before))
