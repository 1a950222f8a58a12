"""Verbs of a verification: ask for one, take it up, say how far it is, end it; and the two halves of doing it, with and without the database.

The command line runs both halves at once; for the console the janitor does, so that it survives a closed tab and a web process that ends.
Limits: `judge` trusts this machine's database to hold what it exports; only a key and a checkpoint kept elsewhere are proof for others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from presswarden.audit import service as audit
from presswarden.audit import store as record
from presswarden.audit import verify
from presswarden.audit.checks import store
from presswarden.audit.checks.model import LEASE, OPEN, Check, CheckState
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, OrgId, new_id

KEPT: Final = 50
"""Verifications of one organisation; what was found stands in the record too."""
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """The record as a folder, what the database itself shows to be broken, and the copies that sites sent back."""

    folder: Path
    size: int
    broken: tuple[int, str] | None
    copies: tuple[str, ...]


async def prepare(tx: Tx, folder: Path, copies: Sequence[str]) -> Exported:
    """Write the record to an empty folder, to be judged without the database. Raises `ExportRefused` when nothing was signed yet."""
    newest = await audit.export(tx, folder)
    return Exported(folder, newest.size, await audit.first_broken(tx), tuple(copies))


def judge(exported: Exported, tell: Callable[[int], None] | None = None) -> verify.Report:
    """Every entry, the tree, every checkpoint and every copy. `tell` hears how many entries were read. Opens files of the folder alone."""
    key = (exported.folder / "log.vkey").read_text()
    report = verify.verify_export(exported.folder, key, exported.copies, tell)
    if exported.broken is None:
        return report
    # What the export proves are the leaves; the columns that lists are made from are compared in the database.
    place, says = exported.broken
    return replace(report, faults=(verify.Fault(verify.Finding.ENTRY, says, place, place), *report.faults))


async def ask(tx: Tx, *, by: Actor, now: datetime) -> Check:
    """Want the record verified. One that is open already is the one that is meant."""
    wanted = Check(tx.org, new_id(), by, now, CheckState.ASKED, now, 0, 0, "", 0, 0, 0, 0, None, "", 0, None)
    if await store.add(tx.org, tx, wanted):
        await audit.record(tx, Entry("audit.check_asked", by, f"org:{tx.org}", wanted.id, {}), now=now)
        await store.keep_newest(tx.org, tx, KEPT)
        return wanted
    return next(one for one in await store.newest(tx.org, tx, KEPT) if one.open)


async def newest(tx: Tx, *, limit: int = 10) -> tuple[Check, ...]:
    return await store.newest(tx.org, tx, limit)


async def waiting(everyone: Everyone, tx: Tx) -> tuple[OrgId, ...]:
    """Organisations that want their record verified."""
    return await store.waiting(everyone, tx)


async def take(tx: Tx, *, now: datetime) -> str | None:
    """Take one up that nobody is at; its id."""
    return await store.take(tx.org, tx, seen_before=now - LEASE, now=now)


async def tell(tx: Tx, check: str, *, size: int, read: int, now: datetime) -> bool:
    """How far it is. False when it is somebody else's by now."""
    return await store.put(tx.org, tx, check, while_in=[CheckState.RUNNING], size=size, read=read, seen_at=now)


async def end(tx: Tx, check: str, report: verify.Report, *, copies: int, now: datetime) -> None:
    """Write down what was found, once."""
    bad = report.first_bad
    first = None if bad is None else bad.first
    good = report.size if report.ok else await _proven(tx, first or 0)
    state = CheckState.RIGHT if report.ok else CheckState.WRONG
    says = "" if bad is None else bad.says[:_LONGEST]
    found: dict[str, Json] = {
        "size": report.size, "read": report.size, "root": report.root.hex(), "heads": report.heads, "copies": copies,
        "payloads": report.payloads, "good": good, "first_bad": first, "says": says, "faults": len(report.faults),
    }  # fmt: skip
    if await store.put(tx.org, tx, check, while_in=list(OPEN), state=state.value, open_key=None, seen_at=now, ended_at=now, **found):
        await audit.record(tx, Entry("audit.checked", _OURS, f"org:{tx.org}", check, {"state": state.value, **found}), now=now)


async def fail(tx: Tx, check: str, says: str, *, now: datetime) -> None:
    values = {"state": CheckState.FAILED.value, "open_key": None, "says": says[:_LONGEST], "seen_at": now, "ended_at": now}
    await store.put(tx.org, tx, check, while_in=list(OPEN), **values)


async def _proven(tx: Tx, before: int) -> int:
    """Size of the newest checkpoint that covers nothing from `before` on."""
    after = good = 0
    while page := await record.checkpoints(tx.org, tx, after=after, limit=audit.MOST_AT_ONCE):
        sizes = [size for size, _ in page if size <= before]
        good = max(sizes, default=good)
        if len(sizes) < len(page):
            break
        after = page[-1][0]
    return good


_OURS: Final = Actor("process", "janitor")
