"""Nouns of the record: what callers write (`Entry`), what is kept (`Recorded`), what is signed (`Checkpoint`), and the leaf that goes into the tree.

A leaf is a small commitment, never the payload: `{v,id,ts,kind,corr,c}` in JCS, where `c` is an HMAC-SHA256 under a random salt over the committed
document (actor, subject, payload). Deleting salt and document later leaves every proof valid and tells nothing about what they said.
Limits: no input or output here, no clock; a leaf holds no names, no addresses, no secrets.
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from presswarden.kernel import canonical, merkle
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.kernel.errors import NotFound, PresswardenError
from presswarden.kernel.ids import EventId

LEAF_VERSION: Final = 1
LARGEST_LEAF: Final = 65_535
"""A bundle's length prefix is 16 bits (C2SP tlog-tiles)."""
LARGEST_DOCUMENT: Final = 1_048_576
MOST_IN_A_BATCH: Final = 1_000
SALT_BYTES: Final = 32

_ACTORS: Final = frozenset({"person", "process", "site", "client"})
_KIND: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+\Z")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")
_SECRET_NAME: Final = re.compile(r"secret|signature|token|passw|passphrase|private[ _-]?key", re.IGNORECASE)
_COUNT_NAME: Final = re.compile(r"tokens", re.IGNORECASE)
_PLAIN: Final = frozenset({str, int, bool, type(None)})


class SecretInRecord(RuntimeError):
    """A payload has a field that is named like a secret. A broken promise of the caller: the action fails with it."""


class ExportRefused(PresswardenError):
    """The export can't be written where it was asked for, or there is nothing signed to export yet."""

    code = "audit.export"


class NoSuchEntry(NotFound):
    """No entry with this id in this organisation's log, or it is not in a signed tree yet."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: `person` (a person's id), `process` (one of ours, by name), `site` (an installation's id), `client` (an API or MCP client's id)."""

    kind: str
    id: str

    def __post_init__(self) -> None:
        if self.kind not in _ACTORS or not _ID.match(self.id):
            raise ValueError("an actor is a person, process, site or client, with an id and not a name")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a caller records. `subject` is `noun:id`; `payload` is JSON without secrets, keys, signatures and tokens."""

    kind: str
    actor: Actor
    subject: str
    correlation: str
    payload: Mapping[str, Json]

    def __post_init__(self) -> None:
        if len(self.kind) > 64 or not _KIND.match(self.kind):
            raise ValueError("a kind is dotted lower-case words: site.paired")
        if not 0 < len(self.subject) <= 200:
            raise ValueError("a subject names one thing: site:<id>")
        if not _ID.match(self.correlation):
            raise ValueError("a correlation is an id")
        refuse_secrets(self.payload)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry made ready to store: its document and salt (deletable), its leaf and the leaf's hash (kept for ever)."""

    id: EventId
    at: datetime
    entry: Entry
    salt: bytes
    document: bytes
    leaf: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that has no place in the tree yet."""

    event: EventId
    at: datetime
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """An event with what is left of its payload, exactly as the rows hold it."""

    id: EventId
    at: datetime
    kind: str
    actor: tuple[str, str]
    subject: str
    correlation: str
    leaf: bytes
    index: int | None
    salt: bytes | None
    document: bytes | None
    members: bytes | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands in the record. `payload` is None after retention; `index` is None until it is integrated.

    `intact` is False when a stored column no longer agrees with what the leaf commits to.
    """

    id: EventId
    at: datetime
    kind: str
    actor: Actor
    subject: str
    correlation: str
    payload: Mapping[str, Json] | None
    index: int | None
    intact: bool


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries are looked for; an empty field asks nothing. `kind` is a whole kind, or a family that ends with a dot: `site.`."""

    kind: str = ""
    actor_kind: str = ""
    actor: str = ""
    subject: str = ""
    correlation: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed tree head: `text` is the whole signed note (C2SP), `root` its 32-byte root."""

    text: str
    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """Proof that one leaf stands in a signed tree."""

    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    checkpoint: Checkpoint

    def text(self) -> str:
        """The portable form (C2SP tlog-proof), for a file named `.tlog-proof`. The leaf travels beside it."""
        path = "".join(f"{base64.b64encode(sibling).decode()}\n" for sibling in self.path)
        return f"c2sp.org/tlog-proof@v1\nindex {self.index}\n{path}\n{self.checkpoint.text}"


class Returned(StrEnum):
    """What a checkpoint that came back from a site says about our log."""

    CONSISTENT = "consistent"
    AHEAD = "ahead"
    """Our signature over a tree larger than the one we have: the database went back in time."""
    FORKED = "forked"
    """Our signature over another history."""
    FOREIGN = "foreign"
    """Not signed under the key of this organisation's log: no checkpoint at all, or one of a log that stood in this one's place."""


def seal(entry: Entry, *, event: EventId, salt: bytes, at: datetime) -> Sealed:
    """Commit to `entry`. Raises `ValueError` when it is too large for the record."""
    document = committed_document(entry)
    leaf = leaf_bytes(event=event, at=at, kind=entry.kind, correlation=entry.correlation, commitment=commit(salt, document))
    return Sealed(event, at, entry, salt, document, leaf, merkle.leaf_hash(leaf))


def committed_document(entry: Entry) -> bytes:
    document = canonical.encode(
        {"actor": {"id": entry.actor.id, "kind": entry.actor.kind}, "payload": entry.payload, "subject": entry.subject}
    )
    if len(document) > LARGEST_DOCUMENT:
        raise ValueError("a payload of more than 1 MiB does not belong in the record")
    return document


def commit(salt: bytes, document: bytes) -> bytes:
    return hmac.digest(salt, document, "sha256")


def leaf_bytes(*, event: str, at: datetime, kind: str, correlation: str, commitment: bytes) -> bytes:
    # Every value is of an alphabet that JSON writes unescaped (checked in Entry) and the keys stand in JCS order: these are the JCS bytes.
    leaf = f'{{"c":"{commitment.hex()}","corr":"{correlation}","id":"{event}","kind":"{kind}","ts":{unix(at)},"v":{LEAF_VERSION}}}'.encode()
    if len(leaf) > LARGEST_LEAF:
        raise ValueError("a leaf has at most 65535 bytes")
    return leaf


def committed_in(leaf: bytes) -> bytes:
    """The commitment that stands in a leaf of ours."""
    return bytes.fromhex(json.loads(leaf)["c"])


def read_document(document: bytes) -> tuple[Actor, str, Mapping[str, Json]]:
    """Actor, subject and payload of a committed document of ours."""
    value = json.loads(document)
    return Actor(value["actor"]["kind"], value["actor"]["id"]), value["subject"], value["payload"]


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    """Names are few, and asked about with every entry."""
    return _SECRET_NAME.search(name) is not None


def refuse_secrets(value: Json) -> None:
    """Raise `SecretInRecord` when a field at any depth is named like a secret. Whole numbers under a name with `tokens` are counts."""
    if type(value) in _PLAIN:  # nearly all of it
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            if _is_secret(name) and not (type(item) is int and _COUNT_NAME.search(name)):
                raise SecretInRecord(f"the field {name!r} is named like a secret and can't be recorded")
            refuse_secrets(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            refuse_secrets(item)


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a batch: committed to by itself, so that it can be shown without the others."""

    salt: bytes
    document: bytes

    @property
    def hash(self) -> bytes:
        return merkle.leaf_hash(commit(self.salt, self.document))


def seal_batch(members: Sequence[Member]) -> dict[str, Json]:
    """The payload of the one leaf over a batch: number and Merkle root of its members."""
    if not 0 < len(members) <= MOST_IN_A_BATCH:
        raise ValueError("a batch has 1 to 1000 members")
    return {"count": len(members), "root": merkle.root([member.hash for member in members]).hex()}


def member(payload: Mapping[str, Json], salt: bytes) -> Member:
    refuse_secrets(payload)
    return Member(salt, canonical.encode(payload))


def write_members(members: Sequence[Member]) -> bytes:
    return canonical.encode([{"document": one.document.decode(), "salt": one.salt.hex()} for one in members])


def read_members(stored: bytes) -> tuple[Member, ...]:
    return tuple(Member(bytes.fromhex(one["salt"]), one["document"].encode()) for one in json.loads(stored))
