"""Facts out of what is stored: a standing, an inventory, a signed read. Pure. Limits: a fact is the site's word, with its age; nothing is concluded here."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from presswarden.kernel.canonical import Json
from presswarden.telemetry.model import Fact, Inventory, Source, Standing, as_moment

KEPT_READS: Mapping[str, str] = MappingProxyType(
    {"wp.site.get_environment": "environment", "wp.site.health": "health", "wp.site.inventory": "inventory"}
)
"""The reads whose results are facts, with the prefix of those facts. Every other read is passed on and never stored (W13)."""

_SINGLE = ("core", "php", "server")
_UPDATES = MappingProxyType({"core": "update:core", "plugins": "update:plugin:", "themes": "update:theme:"})
_EARLIEST, _LATEST = 1_000_000_000, 9_999_999_999


def of_standing(known: Standing) -> Iterator[Fact]:
    """What the newest heartbeat said of itself; nothing when there was none."""
    if known.heard_at is None or known.sent_at is None:
        return
    heard, sent = known.heard_at, known.sent_at
    said: dict[str, Json] = {
        "connector.version": known.connector,
        "site.clock_ahead": (sent - heard) // timedelta(seconds=1),
        "site.epoch": known.epoch,
        "site.fence": known.fence,
        "site.heartbeat": int(heard.timestamp()),
        "site.home": known.home,
        "site.inventory_hash": known.inventory_hash,
        "site.paused": known.paused.value,
        "site.refusals": known.refusals,
        "site.repair": known.repair,
    }
    for name, value in said.items():
        yield Fact(name, value, Source.HEARTBEAT, sent, sent, heard)


def of_inventory(known: Inventory, named: tuple[str, ...]) -> Iterator[Fact]:
    """Core, PHP and server, and the components in `named`."""
    for key in (*_SINGLE, *named):
        for name, value in known.components.get(key, {}).items():
            yield Fact(f"{key}.{name}", value, known.source, known.sent_at, known.sent_at, known.confirmed_at)


def of_read(tool: str, result: Mapping[str, Json], taken_at: datetime) -> Iterator[Fact]:
    """The members of a read's result, objects in it one level deep, at the time the site says it looked (`as_of`)."""
    looked = _moment(result.get("as_of"))
    sent = _moment(result.get("site_time")) or looked
    for name, value in result.items():
        if name in {"as_of", "hash", "inventory"}:
            continue
        if isinstance(value, Mapping):
            for inner, item in value.items():
                yield Fact(f"{KEPT_READS[tool]}.{name}.{inner}", item, Source.READ, looked, sent, taken_at)
        else:
            yield Fact(f"{KEPT_READS[tool]}.{name}", value, Source.READ, looked, sent, taken_at)


def of_updates(known: Inventory, asked: Mapping[str, Json], sent_at: datetime, taken_at: datetime) -> Iterator[Fact]:
    """How many updates WordPress knows of, as old as its own last question to the update servers; None where it never asked."""
    for group, prefix in _UPDATES.items():
        when = _moment(asked.get(f"updates_{group}"))
        count = sum(key == prefix or (prefix.endswith(":") and key.startswith(prefix)) for key in known.components)
        yield Fact(f"updates.{group}", count if when else None, Source.READ, when, sent_at, taken_at)


def _moment(value: Json) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not _EARLIEST <= value <= _LATEST:
        return None
    return as_moment(value)
