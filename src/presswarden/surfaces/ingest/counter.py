"""What a verified message leads to: facts, signals, a receipt for the dispatcher, a move for a person; and the bytes a site is answered with.

Limits: one transaction for each message. Every signed byte in an answer was signed by the dispatcher before the site asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from presswarden.audit import service as audit
from presswarden.audit.model import Returned
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.db import Database, Tx
from presswarden.kernel.ids import OrgId
from presswarden.mailbox import service as mailbox
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.sites import service as sites
from presswarden.sites.model import InstallationChanged, InstallationState, MessageRefusal, UrlRefused
from presswarden.surfaces.ingest import bodies
from presswarden.surfaces.ingest.door import Door, Verified
from presswarden.surfaces.ingest.refusals import Refusal
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Heartbeat, Need

COMPARE_AGAIN: Final = timedelta(minutes=10)
_NEWS: Final = (packages.COURIER, proposals.ANALYST)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the site is answered, and whom to wake now that it is committed."""

    answer: bytes
    rings: tuple[str, ...] = ()


class Counter:
    """Takes verified messages."""

    def __init__(self, database: Database, door: Door) -> None:
        self._database = database
        self._door = door
        self._compared: dict[OrgId, tuple[str, datetime]] = {}

    async def take_heartbeat(self, good: Verified) -> Taken | Refusal:
        """The answer, or why the heartbeat does not count. Raises `Malformed` or `TooLarge` for a body of another form."""
        heard = telemetry.read_heartbeat(good.body)
        if heard.home != good.found.home:
            return await self._from_elsewhere(good, heard.home)
        async with self._database.transaction(good.found.org) as tx:
            refusal = await self._claim(tx, good, heard.seq, "heartbeat")
            if refusal is not None:
                return refusal
            need = await self._learn(tx, good, heard) if good.found.state is InstallationState.PAIRED else Need.NOTHING
            answer = await self._answer(tx, good, need)
        return Taken(answer, () if heard.inventory is None and heard.delta is None else _NEWS)

    async def take_receipt(self, good: Verified) -> Taken | Refusal:
        """Keeps the answer for the dispatcher, which verifies it."""
        posted = bodies.posted_receipt(good.body)
        async with self._database.transaction(good.found.org) as tx:
            refusal = await self._claim(tx, good, posted.seq, "receipt")
            if refusal is not None:
                return refusal
            await mailbox.take_receipt(
                tx, good.found.id, posted.call, status=posted.status, body=posted.body, signature=posted.signature, now=good.now
            )
        return Taken(encode({"v": 1}), (mailbox.DISPATCH,))

    async def take_move(self, good: Verified) -> Taken | Refusal:
        """Files the move for a person to confirm."""
        told = bodies.moved(good.body)
        if told.old_home != good.found.home:
            return await self._from_elsewhere(good, told.old_home)
        async with self._database.transaction(good.found.org) as tx:
            refusal = await self._claim(tx, good, told.seq, "moved")
            if refusal is not None:
                return refusal
            try:
                await sites.file_move(tx, good.found, old_home=told.old_home, new_home=told.home, now=good.now)
            except UrlRefused as fault:
                return Refusal("ingest.home", fault.says, fault.do)
        return Taken(encode({"v": 1}))

    async def _claim(self, tx: Tx, good: Verified, seq: int, kind: str) -> Refusal | None:
        mark = good.mark(seq, kind)
        refused = await sites.claim_message(tx, good.found, mark, now=good.now)
        if refused is None:
            return None
        if refused is MessageRefusal.SEQUENCE and not await sites.is_late_arrival(tx, good.found, mark):
            highest = (await sites.installation(tx, good.found.id)).seq
            detail: dict[str, Json] = {"why": "sequence", "seq": seq, "highest": highest}
            await incidents.raise_signal(tx, SignalKind.CLONE, good.found.site, detail, good.now)
        return Refusal(refused.value)

    async def _from_elsewhere(self, good: Verified, home: str) -> Refusal:
        if good.from_memory:
            raise InstallationChanged("The home may have changed since it was read.")
        await self._door.tell_of_clone(good.found, "home", good.now, home=home, pinned=good.found.home)
        return Refusal("ingest.home")

    async def _learn(self, tx: Tx, good: Verified, heard: Heartbeat) -> Need:
        need = await telemetry.take_heartbeat(tx, good.found, heard, good.now)
        await incidents.observe(tx, good.found, heard, good.now)
        await self._compare(tx, good, heard.checkpoint)
        if heard.unpaired:
            await sites.ended_by_site(tx, good.found.id, now=good.now)
        return need

    async def _compare(self, tx: Tx, good: Verified, checkpoint: str) -> None:
        """Compare the checkpoint that came back with our log. Many sites return the same one; it is compared once in ten minutes."""
        last = self._compared.get(tx.org)
        if not checkpoint or (last is not None and last[0] == checkpoint and good.now - last[1] < COMPARE_AGAIN):
            return
        verdict = await audit.compare_returned(tx, checkpoint)
        match verdict:
            case Returned.AHEAD | Returned.FORKED | Returned.FOREIGN:
                # Foreign too: the site took it from an order of ours, so either the site lies or our log was begun anew under another key.
                await incidents.raise_signal(tx, SignalKind.CHECKPOINT_FORK, good.found.site, {"returned": verdict.value}, good.now)
            case Returned.CONSISTENT:
                self._compared[tx.org] = (checkpoint, good.now)
            case _:
                assert_never(verdict)

    async def _answer(self, tx: Tx, good: Verified, need: Need) -> bytes:
        order = await mailbox.standing_order(tx, good.found.id)
        calls = await mailbox.waiting_calls(tx, good.found.id, now=good.now)
        return encode(
            {
                "calls": [_call(one.headers, one.body) for one in calls],
                "need": need.value,
                "order": order.text if order else "",
                "order_signature": order.signature if order else "",
                "v": 1,
            }
        )


def _call(headers: Mapping[str, str], body: str) -> dict[str, Json]:
    return {"body": body, "headers": dict(headers)}
