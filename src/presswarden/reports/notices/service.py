"""Verbs of notices: look through what was recorded since the last time, say who is told, keep what could not be sent yet.

The record is the one source: nothing has to remember to tell anybody, and nothing is told that is not recorded. Entries are taken in the order of the signed
tree, which has no gaps; so what the janitor has not integrated yet is told of a second later. Limits: queues; the courier sends.
"""

import base64
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry, Recorded
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel import store as kernel
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import OrgId, PersonId, ProposalId, new_id
from presswarden.kernel.sealing import Box, seal_to
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal
from presswarden.reports.notices import finding, store
from presswarden.reports.notices.model import (
    BY_ITSELF,
    KEPT,
    Delivery,
    Given,
    NoCourier,
    Notice,
    Occasion,
    Way,
    Webhook,
    WebhookRefused,
    WebhookUnknown,
    delivery_of,
    next_try,
)

COURIER: Final = "courier"
"""The bell of whoever sends; shared with what else the courier does."""
MOST_AT_ONCE: Final = 200
MOST_WEBHOOKS: Final = 10
LONGEST_LETTER: Final = 4_000


async def is_news(tx: Tx) -> bool:
    """Something was recorded that was not looked through yet."""
    return await store.reached(tx.org, tx) != await audit.size(tx)


async def gather(tx: Tx, *, mail: bool, now: datetime) -> int:
    """Look through what was recorded since the last time, and queue what somebody is to be told. How many deliveries that made.

    In one transaction with the place that was reached: none is lost and none is queued twice. `mail`: a mail server is set.
    """
    first = await store.cursor(tx.org, tx)
    if first is None:  # what happened before anybody listened is not news
        await store.put_cursor(tx.org, tx, await audit.size(tx))
        return 0
    entries, after = await audit.placed(tx, finding.KINDS, first=first, limit=MOST_AT_ONCE)
    if after == first:
        return 0
    made: dict[str, Delivery] = {}
    for entry in entries:
        about = await _proposal(tx, entry)
        notice = finding.notice_of(entry, about)
        if notice is not None:
            made |= {one.id: one for one in await _to_whom(tx, notice, about, mail=mail)}
    await store.add(tx.org, tx, tuple(made.values()), now)
    await store.put_cursor(tx.org, tx, after)
    return len(made)


async def write(tx: Tx, to: str, says: str, text: str, *, now: datetime) -> None:
    """Queue a letter of its own to one address: an invitation, a word to an owner. Its text is kept, sealed, until it is sent or given up.

    Raises `NoCourier`.
    """
    named = f"msg_{secrets.token_hex(16)}"
    sealed = seal_to(await _courier(tx), text[:LONGEST_LETTER].encode(), _bound(tx.org, "letter", named))
    letter = Delivery(named, Way.LETTER, to, "letter", says[:300], sealed, "", "", "", now)
    await store.add(tx.org, tx, (letter,), now)


async def due(tx: Tx, now: datetime, *, limit: int = MOST_AT_ONCE) -> tuple[Delivery, ...]:
    """What is to be sent now, the longest waiting first."""
    return await store.due(tx.org, tx, now, limit)


async def sent(tx: Tx, ids: Collection[str], now: datetime) -> None:
    await store.sent(tx.org, tx, ids, now)


async def missed(tx: Tx, one: Delivery, now: datetime) -> bool:
    """A try failed. False when that was the last: it is given up, and counted on the settings page."""
    again = next_try(one.tries + 1, now)
    await store.missed(tx.org, tx, one, again, now)
    return again is not None


async def place_of(tx: Tx, box: Box, webhook: str) -> tuple[str, str] | None:
    """Where a webhook is reached and the key it is signed with; None when it was taken away meanwhile. For the courier alone. Raises `SealBroken`."""
    found = await store.place_of(tx.org, tx, webhook)
    return None if found is None else (found[0], box.open(found[1], _bound(tx.org, "webhook", webhook)).decode())


def text_of(org: OrgId, box: Box, letter: Delivery) -> str:
    """What a letter says. For the courier alone. Raises `SealBroken`."""
    return box.open(letter.sealed or b"", _bound(org, "letter", letter.id)).decode()


async def seal_what_is_open(tx: Tx, box: Box) -> int:
    """What an older program kept unsealed is sealed now. For the courier, when it starts. How many."""
    keys, texts = await store.in_the_open(tx.org, tx)
    for named, key in keys.items():
        await store.seal_key(tx.org, tx, named, seal_to(box.public, key.encode(), _bound(tx.org, "webhook", named)))
    for named, text in texts.items():
        await store.seal_text(tx.org, tx, named, seal_to(box.public, text.encode(), _bound(tx.org, "letter", named)))
    return len(keys) + len(texts)


async def tried(tx: Tx, webhook: str, says: str, now: datetime) -> None:
    await store.put_webhook_result(tx.org, tx, webhook, now, says)


async def given(tx: Tx) -> Given:
    return await store.given(tx.org, tx)


async def webhooks(tx: Tx) -> tuple[Webhook, ...]:
    return await store.webhooks(tx.org, tx)


async def add_webhook(tx: Tx, url: str, *, by: PersonId, now: datetime) -> tuple[Webhook, str]:
    """A new webhook and its key in the form of Standard Webhooks, which is shown this once. Raises `Forbidden`, `WebhookRefused`, `NoCourier`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    if len(await store.webhooks(tx.org, tx)) >= MOST_WEBHOOKS:
        raise WebhookRefused(f"An organisation has at most {MOST_WEBHOOKS} webhooks.", do="Remove one first.")
    made = Webhook(new_id(), _url(url), now, by, None, "")
    key = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    sealed = seal_to(await _courier(tx), key.encode(), _bound(tx.org, "webhook", made.id))
    await store.add_webhook(tx.org, tx, made, sealed)
    await _record(tx, "notice.webhook_added", by, f"webhook:{made.id}", {"host": urlsplit(made.url).netloc}, now)
    return made, key


async def remove_webhook(tx: Tx, webhook: str, *, by: PersonId, now: datetime) -> None:
    """Raises `Forbidden`, `WebhookUnknown`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    if not await store.drop_webhook(tx.org, tx, webhook):
        raise WebhookUnknown("There is no such webhook.", do="Look at the list again.")
    await _record(tx, "notice.webhook_removed", by, f"webhook:{webhook}", {}, now)


async def wanted_by(tx: Tx, person: PersonId) -> Mapping[Occasion, bool]:
    """What this person is told of, where they may see it."""
    chosen = await store.preferences(tx.org, tx)
    return {each: chosen.get((person, each.value), each in BY_ITSELF) for each in Occasion}


async def sent_at_all(tx: Tx) -> Mapping[Occasion, bool]:
    """What the organisation tells anybody of."""
    chosen = await store.preferences(tx.org, tx)
    return {each: chosen.get(("", each.value), True) for each in Occasion}


async def choose(tx: Tx, person: PersonId, wanted: Mapping[Occasion, bool]) -> None:
    """What a person wants to be told of: their own to say."""
    await store.put_preferences(tx.org, tx, person, wanted)


async def choose_for_all(tx: Tx, wanted: Mapping[Occasion, bool], *, by: PersonId, now: datetime) -> None:
    """What the organisation tells anybody of. Raises `Forbidden`."""
    await identity.require(tx, by, Permission.OWNERS_MANAGE)
    await store.put_preferences(tx.org, tx, "", wanted)
    await _record(tx, "notice.chosen", by, f"org:{tx.org}", {"told": [each.value for each, said in wanted.items() if said]}, now)


async def forget_person(tx: Tx, person: PersonId, mail: str) -> None:
    """Somebody is erased: what they chose, and what was sent to them or waits."""
    await store.forget_person(tx.org, tx, person, mail)


async def drop_waiting(tx: Tx) -> int:
    """What waits to be told is not told any more. How many."""
    return await store.drop_waiting(tx.org, tx)


async def expire(tx: Tx, now: datetime, keep: timedelta = KEPT) -> None:
    """What was sent or given up long ago goes."""
    await store.expire(tx.org, tx, now - keep)


async def _to_whom(tx: Tx, notice: Notice, about: Proposal | None, *, mail: bool) -> list[Delivery]:
    chosen = await store.preferences(tx.org, tx)
    hooks = await store.webhooks(tx.org, tx) if chosen.get(("", notice.occasion.value), True) else ()
    made = [delivery_of(notice, Way.WEBHOOK, one.id) for one in hooks]
    people = await identity.people(tx) if mail else ()
    return made + [delivery_of(notice, Way.MAIL, one.id) for one in people if finding.is_told(one, notice, about, chosen)]


async def _courier(tx: Tx) -> bytes:
    """Raises `NoCourier`."""
    found = await kernel.public_of(tx.org, tx, COURIER)
    if found is None:
        raise NoCourier("No courier ever ran here, so nothing can be sealed for it.", do="Start the courier, then do it again.")
    return found


def _bound(org: OrgId, what: str, named: str) -> str:
    return f"{org}|{what}|{named}"


async def _proposal(tx: Tx, entry: Recorded) -> Proposal | None:
    if entry.kind not in finding.OF_PROPOSALS:
        return None
    try:
        return await proposals.proposal(tx, ProposalId(entry.subject.partition(":")[2]))
    except NotFound:
        return None


def _url(text: str) -> str:
    """Raises `WebhookRefused`. Where it leads is judged each time it is called."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 500
    if not plain or parts.scheme not in {"https", "http"} or not parts.hostname or parts.username is not None or parts.fragment:
        raise WebhookRefused(
            "That is not an address a webhook can have.", do="Write it as https://host/path, without a name and password in it."
        )
    return url


async def _record(tx: Tx, kind: str, by: PersonId, subject: str, payload: Mapping[str, Json], now: datetime) -> None:
    await audit.record(tx, Entry(kind, Actor("person", by), subject, new_id(), payload), now=now)
