"""What people are told of, in which words, and what waits to be sent. Pure.

A notice says that something happened and where to look: never what a site, a model or a person wrote, and never a secret. Limits: a notice may come twice; its
id stays the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import EventId, PersonId, SiteId


class Occasion(StrEnum):
    APPROVAL_WANTED = "approval_wanted"
    EXECUTED = "executed"
    ROLLED_BACK = "rolled_back"
    UNREACHABLE = "unreachable"
    INCIDENT = "incident"
    STOP = "stop"
    ALONE = "alone"
    """Somebody said yes to what is grave with nobody beside them: it waits fifteen minutes, in which it can be stopped."""


MEANINGS: Final[Mapping[Occasion, str]] = {
    Occasion.APPROVAL_WANTED: "A proposal waits for approval",
    Occasion.EXECUTED: "A change was carried out",
    Occasion.ROLLED_BACK: "A change was rolled back",
    Occasion.UNREACHABLE: "A site can't be reached",
    Occasion.INCIDENT: "An incident was opened",
    Occasion.STOP: "Something was stopped or resumed",
    Occasion.ALONE: "The only approver approved something grave",
}
BY_ITSELF: Final = frozenset(Occasion) - {Occasion.EXECUTED}
"""What people are told of unless they choose otherwise: whatever may need them."""

TRIES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""How long after each failed try the next one comes; after the last it is given up."""
MANY: Final = 3
"""From so many waiting mails to one person on, they are one."""
KEPT: Final = timedelta(days=30)


class Way(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"
    LETTER = "letter"
    """A mail of its own, written by a surface: an invitation, a word to an owner."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something happened. `path`: the page of the console where it can be looked at."""

    event: EventId
    occasion: Occasion
    says: str
    path: str
    at: datetime
    site: SiteId | None = None
    subject: str = ""
    """The thing's kind and id, as the record names it: `proposal:<id>`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one recipient."""

    id: str
    """The same at every try: a receiver drops the second."""
    way: Way
    to: str
    """A person's id, a webhook's id; of a letter the address itself."""
    occasion: str
    says: str
    sealed: bytes | None
    """The text of a letter, which the courier alone opens; gone as soon as it is sent or given up."""
    path: str
    site: str
    subject: str
    at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    url: str
    made_at: datetime
    made_by: PersonId
    last_at: datetime | None
    """When the last try ended."""
    last_says: str
    """Why it failed; "" when it did not."""


@dataclass(frozen=True, slots=True)
class Given:
    """How the last days' notices went, for the settings page."""

    waiting: int
    sent: int
    given_up: int


class WebhookUnknown(NotFound):
    code = "notice.webhook_unknown"


class NoCourier(PresswardenError):
    """Nobody could open what would be sealed: the courier never ran here."""

    code = "notice.no_courier"


class WebhookRefused(PresswardenError):
    """An address that no webhook may have, or one too many."""

    code = "notice.webhook"


def delivery_of(notice: Notice, way: Way, to: str) -> Delivery:
    named = hashlib.sha256(f"{notice.event}\n{way}\n{to}".encode()).hexdigest()[:32]
    return Delivery(
        f"msg_{named}", way, to, notice.occasion.value, notice.says, None, notice.path, notice.site or "", notice.subject, notice.at
    )


def next_try(tries: int, now: datetime) -> datetime | None:
    """When it is tried again after `tries` failures; None when it is given up."""
    return now + TRIES[tries - 1] if 0 < tries <= len(TRIES) else None


def body_of(one: Delivery, url: str) -> dict[str, Json]:
    """What a webhook is sent (Standard Webhooks): type, moment and what to look at."""
    told: dict[str, Json] = {"says": one.says, "url": url + one.path, "subject": one.subject, "site": one.site}
    return {"type": f"presswarden.{one.occasion}", "timestamp": one.at.strftime("%Y-%m-%dT%H:%M:%SZ"), "data": told}
