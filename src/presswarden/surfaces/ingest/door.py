"""A site's signed message from its bytes to a judged body: the checks of the wire in their order, each answering with its code and nothing more.

What was read of an installation is remembered for some minutes, so that a heartbeat costs one transaction. A yes from memory is checked again by the UPDATE
that claims the message; a no is never said from memory. Limits: writes only what a refusal leaves behind (a count, a signal).
"""

from collections import OrderedDict
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
from presswarden.kernel.ids import Everyone, InstallationId, KeyId
from presswarden.kernel.sealing import Kek
from presswarden.sites import service as sites
from presswarden.sites.model import Installation, MessageKey, MessageMark
from presswarden.surfaces.ingest.bodies import sequence
from presswarden.surfaces.ingest.message import SignedMessage, in_window, judge_bind, nonce_of, open_body, signer
from presswarden.surfaces.ingest.refusals import Refusal
from presswarden.surfaces.limits import PER_INSTALLATION, Limit

FAILURES: Final = 5
FAILURES_WITHIN: Final = timedelta(minutes=10)
REMEMBERED: Final = timedelta(minutes=10)
"""Two heartbeats long."""
MOST_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Known:
    """An installation that listens and the keys of its site, as they were read at `at`."""

    found: Installation
    keys: tuple[MessageKey, ...]
    at: datetime

    def valid_keys(self, now: datetime) -> list[MessageKey]:
        return [key for key in self.keys if key.valid(now)]


@dataclass(frozen=True, slots=True)
class Verified:
    """A message whose signature, binding and form are right. Whether it is new is told when it is claimed.

    `from_memory`: judged by what was remembered; a refusal must look again first.
    """

    found: Installation
    message: SignedMessage
    kid: KeyId
    body: Mapping[str, Json]
    now: datetime
    from_memory: bool

    def mark(self, seq: int, kind: str) -> MessageMark:
        return MessageMark(self.message.id, nonce_of(self.body), seq, kind, from_unix(self.message.timestamp))


class Door:
    """Judges signed messages. One for each process: it counts messages of each installation, and remembers installations, in memory."""

    def __init__(self, database: Database, clock: Clock, kek: Kek, everyone: Everyone) -> None:
        self._database = database
        self._clock = clock
        self._kek = kek
        self._everyone = everyone
        self._limit = Limit(PER_INSTALLATION)
        self._known: OrderedDict[InstallationId, Known] = OrderedDict()

    async def judge(self, message: SignedMessage, encoding: str, direction: str) -> Verified | Refusal:
        """Raises `Malformed` and `TooLarge` for a body that is not of the form; only after its signature was right."""
        now = self._clock.now()
        remembered = self._known.get(message.installation)
        if remembered is not None and now - remembered.at < REMEMBERED:
            kid = self._signer(remembered, message, now)
            body = open_body(message, encoding) if kid is not None else {}
            if kid is not None and judge_bind(body, remembered.found, kid, direction) is None:
                good = Verified(remembered.found, message, kid, body, now, from_memory=True)
                return good if self._limit.allows(message.installation, now) else Refusal("ingest.rate")
        known = await self._look_up(message.installation, now)
        return known if isinstance(known, Refusal) else await self._judge(known, message, encoding, direction, now)

    def forget(self, installation: InstallationId) -> None:
        """The next message of this installation is judged by the database again."""
        self._known.pop(installation, None)

    async def tell_of_clone(self, found: Installation, why: str, now: datetime, **more: Json) -> None:
        """Two senders with one key, as far as anybody can tell from here: reads only until a person decides."""
        async with self._database.transaction(found.org) as tx:
            await incidents.raise_signal(tx, SignalKind.CLONE, found.site, {"why": why, **more}, now)

    async def _look_up(self, installation: InstallationId, now: datetime) -> Known | Refusal:
        self.forget(installation)
        async with self._database.reading(self._everyone) as tx:
            found = await sites.installation_of(self._everyone, tx, installation)
            if found is None or found.paired_at is None:
                return Refusal("ingest.installation")
            if not found.listens:
                return Refusal("ingest.revoked")
            return Known(found, await sites.message_keys(found.org, tx, found.id, self._kek), now)

    async def _judge(self, known: Known, message: SignedMessage, encoding: str, direction: str, now: datetime) -> Verified | Refusal:
        if not in_window(message, unix(now)):
            await self._tell_of_skew(known, message, encoding, now)
            return Refusal("ingest.window", extra={"control_time": unix(now)})
        if message.alg is not known.found.alg:
            return Refusal("ingest.algorithm")
        kid = self._signer(known, message, now)
        if kid is None:
            await self._count_refused(known.found, now)
            return Refusal("ingest.signature")
        if not self._limit.allows(message.installation, now):
            return Refusal("ingest.rate")
        body = open_body(message, encoding)
        refusal = judge_bind(body, known.found, kid, direction)
        if refusal is not None:
            return refusal
        self._remember(known)
        return Verified(known.found, message, kid, body, now, from_memory=False)

    def _remember(self, known: Known) -> None:
        self._known[known.found.id] = known
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def _signer(self, known: Known, message: SignedMessage, now: datetime) -> KeyId | None:
        """The key under which the message is right in time, algorithm and signature."""
        if message.alg is not known.found.alg or not in_window(message, unix(now)):
            return None
        return signer(message, known.valid_keys(now))

    async def _count_refused(self, found: Installation, now: datetime) -> None:
        async with self._database.transaction(found.org) as tx:
            count = await sites.count_refused_signature(tx, found.id, now=now, within=FAILURES_WITHIN)
            if count == FAILURES:
                await incidents.raise_signal(tx, SignalKind.SIGNATURE_FAILURES, found.site, {"seen_by": "control", "count": count}, now)

    async def _tell_of_skew(self, known: Known, message: SignedMessage, encoding: str, now: datetime) -> None:
        """Only for a message that is right but for its time, and newer than all before: an old one sent again says nothing of the clock."""
        found = known.found
        if message.alg is not found.alg or signer(message, known.valid_keys(now)) is None or not self._limit.allows(found.id, now):
            return
        try:
            newer = sequence(open_body(message, encoding)) > found.seq
        except PresswardenError:
            return
        if newer:
            ahead = message.timestamp - unix(now)
            async with self._database.transaction(found.org) as tx:
                await incidents.raise_signal(tx, SignalKind.CLOCK_SKEW, found.site, {"site_ahead_seconds": ahead}, now)
