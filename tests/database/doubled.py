"""Two organisations with a row in every table each; and arguments for any store function, made from one organisation's own rows by what the function asks for.

Limits: what a row of a table holds that no story of the furnished house fills is true to its columns alone; a parameter of an unknown kind is a `LookupError`.
"""

import dataclasses
import enum
import importlib
import inspect
import types
import typing
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Row, Select, Table, insert, select
from sqlalchemy.orm import Mapper
from sqlalchemy.types import JSON, Boolean, Float, Integer, LargeBinary

from presswarden.audit import store as audit_rows
from presswarden.audit.model import Actor
from presswarden.kernel.db import Base, Moment, Tenant, Tx
from presswarden.kernel.ids import OrgId, new_id
from presswarden.kernel.merkle import Frontier
from presswarden.kernel.sealing import Kek
from presswarden.reports.fleet.model import Wish

SOURCE = Path(inspect.getfile(Base)).parents[1]
STORES = ("store.py", "ledger.py", "switch.py")
"""The files with SQL in them: the gate's two have names of their own."""

Function = Callable[..., Awaitable[Any]]

WRITTEN: Mapping[str, object] = {
    "accounts.password": "", "call_keys.alg": "ed25519", "client_grants.role": "viewer", "gate_stops.scope": "site", "gate_stops.until": None,
    "mailbox_envelopes.state": "offered", "mailbox_envelopes.headers": {"X": "y"}, "mailbox_envelopes.signed_at": "now",
    "mailbox_envelopes.tool": "wp.site.health",
    "notice_deliveries.occasion": "stop", "notice_deliveries.state": "waiting", "notice_deliveries.way": "mail", "notice_preferences.occasion": "stop",
    "proposal_packages.component": "plugin:akismet/akismet.php", "proposal_packages.due_at": "now", "proposal_packages.origin": "offer",
    "proposal_reviews.later_until": "later", "proposal_reviews.seen_at": "now", "site_keys.alg": "ed25519", "site_keys.public": bytes(range(32)),
    "site_moves.confirmed_at": "now", "site_stations.mode": "observe", "telemetry_heartbeats.audited": "", "fences.seen_at": "now",
    "audit_nodes.level": 8, "audit_nodes.position": 0, "audit_nodes.node_hash": bytes(32),
}  # fmt: skip
"""What a column of a table that the house leaves empty holds, where its kind does not say enough."""
IDS: Mapping[str, str] = {
    "ChangeId": "changes.id", "ClientId": "clients.client", "CallId": "mailbox_envelopes.call", "EventId": "audit_events.id", "IncidentId": "incidents.id",
    "InstallationId": "installations.installation", "KeyId": "site_keys.kid", "PersonId": "people.person", "ProposalId": "consents.proposal",
    "RequestId": "mailbox_envelopes.request", "SessionId": "sessions.session", "SiteId": "sites.site", "SnapshotId": "verified_snapshots.snapshot",
    "WorkId": "work.id",
}  # fmt: skip
"""Where an organisation's own of each noun stands."""
TEXTS: Mapping[str, str] = {
    "keys.passkey": "passkeys.id", "keys.credential": "login_passkeys.id", "tokens.token": "api_tokens.token", "checks.check": "audit_checks.id",
    "batches.wanted": "mailbox_batches.batch", "packages.id": "proposal_packages.id", "packages.ids": "proposal_packages.id", "views.view": "site_views.view",
    "notices.webhook": "notice_webhooks.id", "notices.ids": "notice_deliveries.id", "tickets.hash_": "consent_tickets.hash",
    "roll.gone": "telemetry_components.component",
    "search.subjects": "audit_events.subject", "search.kinds": "audit_events.kind", "store.subjects": "audit_events.subject", "sessions.old": "sessions.digest",
    "invitations.person": "invitations.person", "rollouts.component": "changes.component", "proposals.component": "proposal_items.component",
    "fleet.component": "telemetry_components.component", "batches.parts": "mailbox_batches.batch", "accounts.digests": "recovery_codes.digest",
    "fleet.text": "telemetry_components.component", "incidents.name": "incident_signals.incident", "tries.digest": "known_browsers.digest",
}  # fmt: skip
"""Which column a text parameter names, where it is not called as one of its own table's."""


_AFTER = ("now", "before", "until", "late", "deadline", "seen_before", "wanted_after")
"""Moments that stand after what there is; all others stand before it."""
_NAMES = {"Json": object, "Mapping": Mapping, "Sequence": Sequence}
"""Of the recursive type of JSON, what it names in quotes."""


def store_functions() -> dict[str, Function]:
    """Every public coroutine of a store that takes the organisation first, by `stage.name`, read from the files that there are."""
    found: dict[str, Function] = {}
    for path in sorted(path for name in STORES for path in SOURCE.rglob(name)):
        module = importlib.import_module(".".join(("presswarden", *path.relative_to(SOURCE).with_suffix("").parts)))
        for name, made in vars(module).items():
            if inspect.iscoroutinefunction(made) and made.__module__ == module.__name__ and not name.startswith("_"):
                asked = list(inspect.signature(made).parameters.values())
                if len(asked) > 1 and asked[0].annotation is OrgId and asked[1].annotation is Tx:
                    found[f"{module.__name__.removeprefix('presswarden.')}.{name}"] = made
    return found


def tables() -> Iterator[Table]:
    """Every table with rows of organisations."""
    for mapper in sorted(Base.registry.mappers, key=lambda each: str(each.local_table)):
        if issubclass(mapper.class_, Tenant) and isinstance(mapper.local_table, Table):
            yield mapper.local_table


async def rows_of(tx: Tx, org: OrgId) -> dict[str, list[Row[Any]]]:
    """All that is an organisation's; of each table first what belongs together: to one site, one installation of it, one person, one proposal."""
    found = {table.name: list(await tx.direct.execute(select(table).where(table.c.org == org))) for table in tables()}
    chosen = {name: _commonest(name, found) for name in ("site", "person", "proposal")}
    chosen["installation"] = next((row.installation for row in found["installations"] if row.site == chosen["site"]), None)
    for rows in found.values():
        rows.sort(key=lambda row: -sum(chosen.get(name) == value for name, value in row._mapping.items()))
    return found


def _commonest(column: str, found: Mapping[str, Sequence[Row[Any]]]) -> object:
    values = Counter(value for rows in found.values() for row in rows if (value := row._mapping.get(column)))
    return max(values, key=lambda value: (values[value], str(value)))


async def fill_the_rest(tx: Tx, org: OrgId, word: str, now: datetime) -> None:
    """A row in each table that has none of this organisation's: pointing at its own rows, with texts that name it."""
    there = await rows_of(tx, org)
    known = {
        "person": there["people"][0].person, "client": there["clients"][0].client, "site": there["sites"][0].site, "proposal": there["proposals"][0].id,
        "installation": there["installations"][0].installation, "request": there["mailbox_requests"][0].id, "incident": there["incidents"][0].id,
    }  # fmt: skip
    moments = {"now": now, "later": now + timedelta(days=2)}
    for table in (table for table in Base.metadata.sorted_tables if table.name in there and not there[table.name]):
        row: dict[str, object] = {}
        for column in table.columns:
            given = WRITTEN.get(f"{table.name}.{column.name}", ...)
            row[column.name] = _plain(column, org, known, word, now) if given is ... else moments.get(str(given), given)
        await tx.direct.execute(insert(table).values(**row))


def _plain(column: Column[Any], org: OrgId, known: Mapping[str, str], word: str, now: datetime) -> object:
    if column.name == "org":
        return org
    if column.name in known and (not column.nullable or column.name in ("proposal",)):
        return known[column.name]
    if column.nullable:
        return None
    kinds: tuple[tuple[type, object], ...] = (
        (Moment, now + timedelta(days=1) if column.name in ("until", "expires", "deadline") else now), (Boolean, False), (Float, 1.0), (Integer, 1),
        (LargeBinary, f"{word} {column.table.name}".encode()), (JSON, {}),
    )  # fmt: skip
    for kind, made in kinds:
        if isinstance(column.type, kind):
            return made
    length = getattr(column.type, "length", None) or 200
    return new_id() if length == 36 else f"{word} {column.table.name} {column.name}"[:length].ljust(64 if length == 64 else 0, ".")


def texts_of(rows: Mapping[str, Iterable[Row[Any]]]) -> frozenset[str]:
    """Every text that rows hold, inside documents too."""
    return frozenset(text for each in rows.values() for row in each for value in row for text in texts_in(value) if len(text) > 7)


def texts_in(value: object) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from texts_in(pair[0])
            yield from texts_in(pair[1])
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from texts_in(inner)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for each in dataclasses.fields(value):
            yield from texts_in(getattr(value, each.name))


@dataclasses.dataclass(frozen=True)
class Things:
    """What one organisation has: makes the arguments of a store function from it."""

    org: OrgId
    rows: Mapping[str, Sequence[Row[Any]]]
    now: datetime

    def arguments(self, name: str, function: Function) -> dict[str, Any]:
        hints = typing.get_type_hints(function, localns=_NAMES)
        asked = [each for each in inspect.signature(function).parameters.values() if each.annotation not in (OrgId, Tx)]
        stage = name.split(".")[-3] if name.split(".")[-2] == "store" else name.split(".")[-2]
        made = {each.name: self._made(stage, each.name, hints[each.name]) for each in asked if each.kind is not each.VAR_KEYWORD}
        return {**made, **(CHANGED[name] if any(each.kind is each.VAR_KEYWORD for each in asked) else {})}

    def _column(self, where: str) -> Any:
        table, column = where.split(".")
        return getattr(self.rows[table][0], column)

    def _text(self, stage: str, name: str) -> str:
        if f"{stage}.{name}" in TEXTS:
            return str(self._column(TEXTS[f"{stage}.{name}"]))
        for mapper in Base.registry.mappers:
            if _stage_of(mapper) == stage and isinstance(mapper.local_table, Table) and name.rstrip("_") in mapper.local_table.c:
                found = self.rows.get(mapper.local_table.name)
                if found and (text := getattr(found[0], name.rstrip("_"))) is not None:
                    return str(text)
        return name

    def _made(self, stage: str, name: str, kind: Any) -> Any:
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if isinstance(kind, typing.NewType):
            return self.org if kind is OrgId else self._column(IDS[kind.__name__]) if kind.__name__ in IDS else self._text(stage, name)
        if origin in (types.UnionType, typing.Union):
            return self._made(stage, name, next(each for each in inner if each is not type(None)))
        if origin is tuple and inner[-1] is not ...:
            return tuple(self._made(stage, name, each) for each in inner)
        if origin in (tuple, list, frozenset, set, Sequence, Collection, Iterable):
            every = isinstance(inner[0], type) and issubclass(inner[0], enum.Enum)
            return tuple(inner[0]) if every else (self._made(stage, name, inner[0]),)
        if origin in (dict, Mapping):
            return {}
        if kind is Select or origin is Select:
            return audit_rows.everything(self.org)
        if kind is Actor:
            return Actor("person", self._column(IDS["PersonId"]))
        if kind is Frontier:
            return Frontier(1, [bytes(32)])
        if origin is typing.Literal:
            return inner[0]
        if kind is Wish:
            return Wish()
        if kind is Kek:
            return Kek("web", bytes(range(32)))
        return self._simple(stage, name, kind)

    def _simple(self, stage: str, name: str, kind: Any) -> Any:
        simple: dict[Any, object] = {
            datetime: self.now + (timedelta(minutes=1) if name in _AFTER else -timedelta(days=9)),
            date: self.now.date(), int: 1, bool: False, float: 0.5, bytes: bytes(32), object: "x", Any: "x", type(None): None, timedelta: timedelta(hours=1),
        }  # fmt: skip
        if kind in simple:
            return simple[kind]
        if kind is str:
            return self._text(stage, name)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return next((each for each in kind if each.value == self._text(stage, name)), next(iter(kind)))
        if dataclasses.is_dataclass(kind):
            hints = typing.get_type_hints(kind, localns=_NAMES)
            return kind(**{each.name: self._made(stage, each.name, hints[each.name]) for each in dataclasses.fields(kind) if each.init})  # type: ignore[operator]
        raise LookupError(f"{stage}: {name} is of a kind that nobody told how to make: {kind}")


CHANGED: Mapping[str, Mapping[str, object]] = {
    "approvals.reviews.store.put": {"later_until": datetime(2026, 12, 24, tzinfo=UTC)},
    "audit.checks.store.put": {"says": "changed"},
    "mailbox.envelopes.store.put_envelope": {"returned_body": "changed"},
    "mailbox.store.put_request": {"held_by": "changed"},
    "rollouts.store.put_change": {"says": "changed"},
    "rollouts.store.put_work_state": {},
    "sites.store.set_site": {"pause_reason": "changed"},
    "sites.store.set_installation": {"words": "changed"},
    "sites.store.burn": {"words": "changed"},
}
"""What is set by functions that take any columns."""


def _stage_of(mapper: Mapper[Any]) -> str:
    parts = mapper.class_.__module__.split(".")
    return parts[-2] if parts[-1] == "store" else parts[-1]


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same value, with each text that `names` has replaced."""
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {renamed(key, names): renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(renamed(inner, names) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: renamed(getattr(value, each.name), names) for each in dataclasses.fields(value) if each.init}
        return dataclasses.replace(value, **changed)
    return value
