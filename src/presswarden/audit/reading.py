"""Reads stored rows back into an entry, and sees whether they still are what the leaf commits to. Pure; what broken bytes do to it is told, never raised."""

from collections.abc import Mapping

from presswarden.audit.model import Actor, Recorded, Stored, commit, committed_in, leaf_bytes, read_document, read_members, seal_batch
from presswarden.kernel.canonical import Json


def recorded(row: Stored) -> Recorded:
    """The entry in these rows."""
    try:
        payload, intact = _opened(row)
    except (ValueError, KeyError, TypeError):
        payload, intact = None, False
    return Recorded(row.id, row.at, row.kind, Actor(*row.actor), row.subject, row.correlation, payload, row.index, intact)


def _opened(row: Stored) -> tuple[Mapping[str, Json] | None, bool]:
    """The payload, if it is still there, and whether every column agrees with what the leaf commits to. Raises what broken bytes make it raise."""
    payload, committed, same = None, committed_in(row.leaf), True
    if row.salt is not None and row.document is not None:
        committed = commit(row.salt, row.document)
        actor, subject, payload = read_document(row.document)
        same = (actor.kind, actor.id) == row.actor and subject == row.subject
    leaf = leaf_bytes(event=row.id, at=row.at, kind=row.kind, correlation=row.correlation, commitment=committed)
    if row.members is not None and payload is not None:
        same = same and seal_batch(read_members(row.members)) == payload
    return payload, same and leaf == row.leaf
