"""What the pages of settings show. Limits: values gathered; what the operator sets stands in files of the machine and is only shown here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import BOUNDS, FOR_EVER, NEVER, OF_KEEPING, OF_SESSIONS, Limit, Limits
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import MEANINGS, Given, Occasion, Webhook
from presswarden.reports.pulse.model import Pulse
from presswarden.surfaces.console.visit import Visit

PROCESSES: Final[Mapping[str, str]] = {
    "web": "answers sites, this console and the API",
    "dispatcher": "signs and sends to sites",
    "janitor": "signs the record and lets old things go",
    "analyst": "recommends; reaches no site",
    "courier": "sends mails and webhooks, fetches packages",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """How long one kind of thing is kept."""

    what: str
    now: str
    floor: str
    ceiling: str
    where: str


@dataclass(frozen=True, slots=True)
class Running:
    name: str
    does: str
    seen_at: datetime | None
    alive: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One occasion: what it means, and whether it is told."""

    key: str
    says: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class SettingsPage:
    url: str
    may_set: bool
    told: tuple[Told, ...]
    webhooks: tuple[Webhook, ...]
    most_webhooks: int
    given: Given
    mail: bool | None
    """A mail server is set; None while no courier runs."""
    kept: tuple[Kept, ...]
    processes: tuple[Running, ...]
    problem: str = ""
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class NoticesPage:
    """What one person is told of."""

    told: tuple[Told, ...]
    off: tuple[str, ...]
    """What the organisation tells nobody of."""
    mail: bool | None
    saved: bool


@dataclass(frozen=True, slots=True)
class MadeWebhook:
    url: str
    key: str


async def settings(
    tx: Tx, visit: Visit, pulses: tuple[Pulse, ...], now: datetime, *, url: str, problem: str = "", name: str = "", address: str = ""
) -> SettingsPage:
    sent = await notices.sent_at_all(tx)
    return SettingsPage(
        url,
        visit.may(Permission.OWNERS_MANAGE),
        tuple(Told(each.value, MEANINGS[each], sent[each]) for each in Occasion),
        await notices.webhooks(tx),
        notices.MOST_WEBHOOKS,
        await notices.given(tx),
        mail_of(pulses, now),
        kept(pulses, await limits.limits(tx)),
        running(pulses, now),
        problem,
        name or visit.organisation.name,
        address,
    )


async def own_notices(tx: Tx, visit: Visit, pulses: tuple[Pulse, ...], now: datetime, *, saved: bool) -> NoticesPage:
    wanted, sent = await notices.wanted_by(tx, visit.person.id), await notices.sent_at_all(tx)
    told = tuple(Told(each.value, MEANINGS[each], wanted[each]) for each in Occasion if sent[each])
    return NoticesPage(told, tuple(MEANINGS[each] for each in Occasion if not sent[each]), mail_of(pulses, now), saved)


def mail_of(pulses: tuple[Pulse, ...], now: datetime) -> bool | None:
    courier = next((one for one in pulses if one.name == "courier" and one.is_alive(now)), None)
    return None if courier is None else courier.told.get("mail") is True


def running(pulses: tuple[Pulse, ...], now: datetime) -> tuple[Running, ...]:
    known = {one.name: one for one in pulses}
    return tuple(
        Running(name, does, known[name].seen_at if name in known else None, name in known and known[name].is_alive(now))
        for name, does in PROCESSES.items()
    )


def kept(pulses: tuple[Pulse, ...], holding: Limits) -> tuple[Kept, ...]:
    """W13, as it holds here."""
    janitor = next((one.told for one in pulses if one.name == "janitor"), {})
    found = []
    for each in (*OF_KEEPING, *OF_SESSIONS):
        of, now = BOUNDS[each], f"{holding.value(each)} {BOUNDS[each].unit}"
        where = ""
        if each is Limit.TELEMETRY and each not in holding.chosen:
            now, where = _days(janitor.get("retention_days")), "retention_days"
        found.append(Kept(of.says, now, f"{of.floor} {of.unit}", f"{of.ceiling} {of.unit}", where))
    fixed = Kept("Answers of the API to keys", "24 hours", "24 hours", "24 hours", "")
    ever = tuple(Kept(each, "for ever", "", "", "") for each in FOR_EVER)
    return (*found, fixed, *ever, Kept(NEVER, "never here", "", "", ""))


def _days(told: Json) -> str:
    return f"{told} days" if isinstance(told, int) else "not known: no janitor runs"
