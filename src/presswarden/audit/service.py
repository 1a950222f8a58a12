"""Verbs of the record. `record` stands in the business transaction: when it fails, the action fails with it.

Limits: recording neither orders nor signs; the integrator does, later, from the queue. Nothing here updates or deletes an event. The log's key is the
janitor's: `integrate` is the only verb that asks for a KEK.
"""

import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from presswarden.audit import note, signing, store, tree
from presswarden.audit.export import Folder, Line
from presswarden.audit.model import (
    SALT_BYTES,
    Actor,
    Checkpoint,
    Entry,
    ExportRefused,
    NoSuchEntry,
    Proof,
    Recorded,
    Returned,
    Sealed,
    Search,
    member,
    seal,
    seal_batch,
    write_members,
)
from presswarden.audit.reading import recorded
from presswarden.audit.retention import store as retention
from presswarden.audit.search import store as lookups
from presswarden.kernel import merkle
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import EventId, Everyone, OrgId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.kernel.store import org_key

MOST_AT_ONCE: Final = 1_000
"""Events that one transaction gives their place, and one checkpoint covers."""
PAYLOAD_DAYS: Final = 365
_JANITOR: Final = Actor("process", "janitor")


async def record(tx: Tx, entry: Entry, *, now: datetime) -> EventId:
    """Record one entry beside the change it tells of, in the same transaction."""
    sealed = _sealed(entry, now)
    await store.add(tx.org, tx, [sealed])
    return sealed.id


async def record_many(tx: Tx, entries: Sequence[Entry], *, now: datetime) -> tuple[EventId, ...]:
    """Record several entries, each with its own leaf, in one statement."""
    if not entries:
        return ()
    sealed = [_sealed(entry, now) for entry in entries]
    await store.add(tx.org, tx, sealed)
    return tuple(one.id for one in sealed)


async def record_batch(
    tx: Tx,
    kind: str,
    payloads: Sequence[Mapping[str, Json]],
    *,
    now: datetime,
    actor: Actor = _JANITOR,
    subject: str = "",
    correlation: str = "",
) -> EventId:
    """Record up to 1,000 like things (heartbeats) as one leaf over the Merkle root of their commitments; each can still be shown by itself."""
    members = [member(payload, secrets.token_bytes(SALT_BYTES)) for payload in payloads]
    entry = Entry(kind, actor, subject or f"org:{tx.org}", correlation or new_id(), seal_batch(members))
    sealed = _sealed(entry, now)
    await store.add(tx.org, tx, [sealed], write_members(members))
    return sealed.id


async def organisations_waiting(everyone: Everyone, tx: Tx) -> tuple[OrgId, ...]:
    """Organisations with events that have no place yet."""
    return tuple(await store.organisations_waiting(everyone, tx))


async def integrate(tx: Tx, kek: Kek, *, log_host: str, now: datetime) -> int:
    """Give the oldest waiting events of one organisation their places in its tree and sign one checkpoint over it.

    0 when nothing waits or another integrator is at work. Dying anywhere in it changes nothing: the queue is as it was.
    """
    org = tx.org
    head = await store.lock_head(org, tx)
    if head is None:
        return 0
    waiting = await store.waiting(org, tx, MOST_AT_ONCE)
    if not waiting:
        return 0
    key, seed = await _log(org, tx, kek, log_host, now)
    # Hashed anew from the leaf's own bytes: what the tree commits to is what an export will show.
    taken = [(one, merkle.leaf_hash(one.leaf)) for one in waiting]
    grown, nodes = tree.grow(head, [hashed for _, hashed in taken])
    root = grown.root()
    text = signing.checkpoint(key.name, seed, size=grown.size, root=root)
    await store.append(org, tx, taken, nodes, grown, Checkpoint(text, key.name, grown.size, root), now)
    return len(taken)


async def expire_payloads(tx: Tx, *, now: datetime, days: int = PAYLOAD_DAYS) -> int:
    """Let payloads older than `days` go, up to 1,000 at once, and record that they went; entries, hashes and checkpoints stay (W13, W19)."""
    before = now - timedelta(days=days)
    gone = await retention.drop_payloads(tx.org, tx, before=before, limit=MOST_AT_ONCE)
    if gone:
        told: dict[str, Json] = {"count": gone, "before": unix(before)}
        await record(tx, Entry("audit.payloads_expired", _JANITOR, f"org:{tx.org}", new_id(), told), now=now)
    return gone


async def erase_payloads(tx: Tx, subject: str, *, kept: str, now: datetime) -> bool:
    """Let the payloads about somebody go, but of the entry that says why (`kept`), and record that they went. True when none is left.

    Entries, hashes and checkpoints stay, and so does every proof: a payload's hash is salted, and the salt goes with it.
    """
    gone = await retention.drop_payloads_about(tx.org, tx, subject, but=kept, limit=MOST_AT_ONCE)
    if gone:
        told: dict[str, Json] = {"count": gone, "about": subject}
        await record(tx, Entry("audit.payloads_erased", _JANITOR, f"org:{tx.org}", new_id(), told), now=now)
    return gone < MOST_AT_ONCE and not await retention.waits_for_its_place(tx.org, tx, subject)


async def latest_checkpoint(tx: Tx) -> Checkpoint | None:
    return await store.latest_checkpoint(tx.org, tx)


async def log_key(tx: Tx) -> str | None:
    """The public key of this organisation's log as one line (`vkey`), to be kept outside; None before the first checkpoint."""
    log = await store.find_log(tx.org, tx)
    return None if log is None else log[0].text()


async def newest(tx: Tx, kind: str) -> datetime | None:
    """When the newest entry of this kind was made; None when there is none."""
    return await store.newest(tx.org, tx, kind)


async def events(
    tx: Tx,
    *,
    after: EventId | None = None,
    limit: int = 100,
    kind: str | None = None,
    search: Search | None = None,
    newest_first: bool = False,
) -> tuple[Recorded, ...]:
    """A page of the record in order of time; `after` is the last entry of the page before. Raises `NoSuchEntry` for an unknown `after`."""
    asked = search or Search(kind or "")
    place = None
    if after is not None:
        last = await store.find(tx.org, tx, after)
        if last is None:
            raise NoSuchEntry("There is no such entry to go on from.")
        place = (last.at, last.id)
    return tuple(
        recorded(row) for row in await lookups.listed(tx.org, tx, after=place, limit=limit, search=asked, newest_first=newest_first)
    )


async def size(tx: Tx) -> int:
    """How many entries have their place in the tree."""
    return await store.size(tx.org, tx)


async def placed(tx: Tx, kinds: Collection[str], *, first: int, limit: int) -> tuple[tuple[Recorded, ...], int]:
    """Entries of these kinds from the place `first` of the tree on, and the place to go on from: in this order none is ever passed by."""
    before = await store.size(tx.org, tx)
    found = tuple(recorded(row) for row in await lookups.placed(tx.org, tx, kinds, first=first, before=before, limit=limit))
    return found, before if len(found) < limit else (found[-1].index or 0) + 1


async def newest_about(tx: Tx, kind: str, subjects: Sequence[str]) -> Mapping[str, EventId]:
    """The newest entry of this kind about each of `subjects`, where there is one."""
    return await lookups.newest_about(tx.org, tx, kind, subjects) if subjects else {}


async def event(tx: Tx, event_id: EventId) -> Recorded:
    """One entry. Raises `NoSuchEntry`."""
    row = await store.find(tx.org, tx, event_id)
    if row is None:
        raise NoSuchEntry(
            "There is no such entry in this organisation's record.", do="List them with `presswarden audit list` and use the id shown."
        )
    return recorded(row)


async def event_at(tx: Tx, index: int) -> Recorded:
    """The entry at this place of the tree. Raises `NoSuchEntry`."""
    for row in await store.in_tree(tx.org, tx, first=index, limit=1):
        return recorded(row)
    raise NoSuchEntry("There is no entry at this place of the tree.")


async def prove(tx: Tx, event_id: EventId) -> Proof:
    """Proof that the entry is in the newest signed tree. Raises `NoSuchEntry` when it is unknown or not integrated yet."""
    row, checkpoint = await store.find(tx.org, tx, event_id), await store.latest_checkpoint(tx.org, tx)
    if row is None or row.index is None or checkpoint is None:
        raise NoSuchEntry("There is no such entry in the signed tree.", do="New entries get their place within seconds; try again.")
    spans = tree.inclusion_spans(row.index, checkpoint.size)
    return Proof(row.index, row.leaf, tuple([await _span(tx, *span) for span in spans]), checkpoint)


async def consistency(tx: Tx, old_size: int) -> tuple[bytes, ...]:
    """Proof that the newest signed tree extends the tree of `old_size` leaves."""
    checkpoint = await store.latest_checkpoint(tx.org, tx)
    if checkpoint is None or not 0 < old_size <= checkpoint.size:
        raise NoSuchEntry(f"The signed tree does not have {old_size} entries.")
    return tuple([await _span(tx, *span) for span in tree.consistency_spans(old_size, checkpoint.size)])


async def compare_returned(tx: Tx, text: str) -> Returned:
    """Compare a checkpoint that came back from outside with the log as it is now. An empty text says nothing, and is consistent."""
    log = await store.find_log(tx.org, tx)
    if not text:
        return Returned.CONSISTENT
    if log is None:
        return Returned.FOREIGN
    try:
        seen = note.open_checkpoint(text, log[0])
    except note.NoteRefused:
        return Returned.FOREIGN
    newest = await store.latest_checkpoint(tx.org, tx)
    if newest is None or seen.size > newest.size:
        return Returned.AHEAD
    found = newest.root if seen.size == newest.size else await _span(tx, 0, seen.size)
    return Returned.CONSISTENT if hmac.compare_digest(found, seen.root) else Returned.FORKED


async def export(tx: Tx, folder: Path) -> Checkpoint:
    """Write the signed log to an empty or new `folder`: tiles, entries, checkpoints, payloads. The same log gives the same bytes.

    Raises `ExportRefused` when the folder holds something or nothing has been signed yet.
    """
    org, newest, log = tx.org, await store.latest_checkpoint(tx.org, tx), await store.find_log(tx.org, tx)
    if newest is None or log is None:
        raise ExportRefused("Nothing has been signed yet.", do="Let the janitor run once; it signs within seconds of the first entry.")
    out = Folder.begin(folder)
    for number, width in tree.tiles(newest.size, 0):
        rows = await store.in_tree(org, tx, first=number * tree.TILE, limit=width)
        out.bundle(number, [row.leaf for row in rows], width)
        out.payloads([Line(row.index or 0, row.salt, row.document, row.members) for row in rows])
    for level in tree.levels(newest.size):
        for number, width in tree.tiles(newest.size, level):
            out.tile(level, number, await store.hashes(org, tx, tree.Kept(level, number * tree.TILE, width)))
    after = 0
    while page := await store.checkpoints(org, tx, after=after, limit=MOST_AT_ONCE):
        out.checkpoints([text for size, text in page if size <= newest.size])
        after = page[-1][0]
    out.finish(newest, log[0].text())
    return newest


async def first_broken(tx: Tx) -> tuple[int, str] | None:
    """The first entry of the signed tree that the database lost, or no longer holds in the words that its leaf commits to."""
    newest = await store.latest_checkpoint(tx.org, tx)
    for number, width in tree.tiles(newest.size, 0) if newest else ():
        rows = await store.in_tree(tx.org, tx, first=number * tree.TILE, limit=width)
        for place in range(number * tree.TILE, number * tree.TILE + width):
            row = rows[place - number * tree.TILE] if place - number * tree.TILE < len(rows) else None
            if row is None or row.index != place:
                return place, f"Entry {place} is missing from the database."
            if not recorded(row).intact:
                return place, f"Entry {place} stands in the database in other words than its leaf commits to."
    return None


async def _span(tx: Tx, start: int, end: int) -> bytes:
    pieces = []
    for piece in tree.cover(start, end):
        kept = await store.hashes(tx.org, tx, piece)
        if len(kept) != piece.count:
            raise RuntimeError(f"the log lost hashes at level {piece.level} from {piece.first} on")
        pieces.append(merkle.root(kept))
    return tree.fold(pieces)


async def _log(org: OrgId, tx: Tx, kek: Kek, log_host: str, now: datetime) -> tuple[note.LogKey, bytes]:
    """This organisation's key; made the first time, under a name that never changes after."""
    sealing, log = await org_key(org, tx, kek), await store.find_log(org, tx)
    if log is not None:
        return log[0], sealing.open(log[1], table="audit_logs", row=org, column="sealed_seed")
    seed = signing.new_seed()
    key = signing.log_key(f"{log_host}/org/{org}", seed)
    await store.add_log(org, tx, key, sealing.seal(seed, table="audit_logs", row=org, column="sealed_seed"), now)
    return key, seed


def _sealed(entry: Entry, now: datetime) -> Sealed:
    return seal(entry, event=EventId(new_id()), salt=secrets.token_bytes(SALT_BYTES), at=now)
