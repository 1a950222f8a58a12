"""A site's signed message from its bytes to a judged body: the checks of the wire in their order, each answering with its code and nothing more.

Limits: opens one reading transaction; writes only what a refusal leaves behind (a count, a signal). What a good message means is the counter's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import Clock, from_unix, unix
from presswarden.kernel.db import Database
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import Everyone, KeyId
from presswarden.kernel.sealing import Kek
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, MessageKey, MessageMark
from presswarden.surfaces.ingest.bodies import sequence
from presswarden.surfaces.ingest.limits import PER_INSTALLATION, Limit
from presswarden.surfaces.ingest.message import SignedMessage, in_window, judge_bind, nonce_of, open_body, signer
from presswarden.surfaces.ingest.refusals import Refusal

FAILURES: Final = 5
FAILURES_WITHIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Verified:
    """A message whose signature, binding and form are right. Whether it is new is told when it is claimed."""

    found: Installation
    message: SignedMessage
    kid: KeyId
    body: Mapping[str, Json]
    now: datetime

    def mark(self, seq: int, kind: str) -> MessageMark:
        return MessageMark(self.message.id, nonce_of(self.body), seq, kind, from_unix(self.message.timestamp))


class Door:
    """Judges signed messages. One for each process: it counts messages of each installation in memory."""

    def __init__(self, database: Database, clock: Clock, kek: Kek, everyone: Everyone) -> None:
        self._database = database
        self._clock = clock
        self._kek = kek
        self._everyone = everyone
        self._limit = Limit(PER_INSTALLATION)

    async def judge(self, message: SignedMessage, encoding: str, direction: str) -> Verified | Refusal:
        """Raises `Malformed` and `TooLarge` for a body that is not of the form; only after its signature was right."""
        now = self._clock.now()
        async with self._database.reading(self._everyone) as tx:
            found = await sites.installation_of(self._everyone, tx, message.installation)
            if found is None or (found.paired_at is None):
                return Refusal("ingest.installation")
            if not found.listens:
                return Refusal("ingest.revoked")
            keys = await sites.message_keys(found.org, tx, found.id, self._kek, now)
        if not in_window(message, unix(now)):
            await self._tell_of_skew(found, message, keys, encoding, now)
            return Refusal("ingest.window", extra={"control_time": unix(now)})
        if message.alg is not found.alg:
            return Refusal("ingest.algorithm")
        kid = signer(message, keys)
        if kid is None:
            await self._count_refused(found, now)
            return Refusal("ingest.signature")
        if not self._limit.allows(found.id, now):
            return Refusal("ingest.rate")
        body = open_body(message, encoding)
        return judge_bind(body, found, kid, direction) or Verified(found, message, kid, body, now)

    async def tell_of_clone(self, found: Installation, why: str, now: datetime, **more: Json) -> None:
        """Two senders with one key, as far as anybody can tell from here: reads only until a person decides."""
        async with self._database.transaction(found.org) as tx:
            await incidents.raise_signal(tx, SignalKind.CLONE, found.site, {"why": why, **more}, now)

    async def _count_refused(self, found: Installation, now: datetime) -> None:
        async with self._database.transaction(found.org) as tx:
            count = await sites.count_refused_signature(tx, found.id, now=now, within=FAILURES_WITHIN)
            if count == FAILURES:
                await incidents.raise_signal(tx, SignalKind.SIGNATURE_FAILURES, found.site, {"seen_by": "control", "count": count}, now)

    async def _tell_of_skew(
        self, found: Installation, message: SignedMessage, keys: tuple[MessageKey, ...], encoding: str, now: datetime
    ) -> None:
        """Only for a message that is right but for its time, and newer than all before: an old one sent again says nothing of the clock."""
        if message.alg is not found.alg or signer(message, keys) is None or not self._limit.allows(found.id, now):
            return
        try:
            newer = sequence(open_body(message, encoding)) > found.seq
        except PresswardenError:
            return
        if newer:
            ahead = message.timestamp - unix(now)
            async with self._database.transaction(found.org) as tx:
                await incidents.raise_signal(tx, SignalKind.CLOCK_SKEW, found.site, {"site_ahead_seconds": ahead}, now)
