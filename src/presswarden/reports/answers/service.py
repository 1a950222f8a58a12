"""Verbs of answers: use a key for one request, keep what was answered to it for a day. Limits: a request that failed leaves nothing, and may be sent again."""

import hashlib
from datetime import datetime

from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, PersonId
from presswarden.reports.answers import store
from presswarden.reports.answers.model import KEPT, MOST, Answer, KeyReused, TooManyKeys


async def begin(tx: Tx, person: PersonId, key: str, request: bytes, *, now: datetime) -> Answer | None:
    """The answer that this very request got before; None when it is new. Raises `KeyReused`, `TooManyKeys`."""
    digest = hashlib.sha256(request).hexdigest()
    kept = await store.claim(tx.org, tx, person, _named(key), digest, now, now - KEPT)
    if kept is None:
        if await store.count(tx.org, tx, person) > MOST:
            raise TooManyKeys(f"More than {MOST} requests in a day.", do="Wait; keys are kept for 24 hours.")
        return None
    if kept[0] != digest:
        raise KeyReused("This key came before with another request.", do="Use a new key for a new request.")
    return kept[1]


async def known(tx: Tx, person: PersonId, key: str, request: bytes, *, now: datetime) -> Answer | None:
    """The same look without using the key: for work of many transactions, after which `begin` and `keep` follow. Raises `KeyReused`."""
    kept = await store.find(tx.org, tx, person, _named(key), now - KEPT)
    if kept is not None and kept[0] != hashlib.sha256(request).hexdigest():
        raise KeyReused("This key came before with another request.", do="Use a new key for a new request.")
    return None if kept is None else kept[1]


async def keep(tx: Tx, person: PersonId, key: str, answer: Answer) -> None:
    await store.put(tx.org, tx, person, _named(key), answer)


async def expire(everyone: Everyone, tx: Tx, now: datetime) -> None:
    await store.expire(everyone, tx, now - KEPT)


def _named(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
