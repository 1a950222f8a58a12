"""Reads what sites send: bounded first, shape next, meaning last. Limits: strings stay as they came; nothing in them is interpreted.

A site may be hostile (FIELD 28, 49): more components, longer names or a larger document than any real site has is refused whole, with the bound it broke.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Never, TypeGuard

from presswarden.kernel.canonical import LARGEST_INT, Json, encode
from presswarden.kernel.errors import Malformed, TooLarge
from presswarden.telemetry.model import Component, Components, Delta, Heartbeat, Paused, PersonalData, as_moment, inventory_hash

MOST_COMPONENTS = 5_000
LONGEST_STRING = 1_000
LARGEST_DOCUMENT = 1_048_576
DEEPEST_COMPONENT = 4
MOST_COUNTERS = 200

_KEYS = frozenset(
    {
        "bind", "checkpoint", "connector", "epoch", "fence", "home", "inventory_hash", "paused", "refusals", "repair", "seq", "sent_at", "v",
    }
)  # fmt: skip
_KEY = re.compile(r"(?:update:)?(?:core|php|server|passwords|plugin:.+|theme:.+|translation:[^:]+:.+:[^:]+)\Z", re.DOTALL)
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_COUNTER = re.compile(r"[a-z][a-z0-9_.]{0,59}\Z")
# All that stands beside an Application Password: these names, and the keyed hash that a user is called by. A login name fits neither.
_PASSWORD_NAMES = frozenset({"count", "last_used", "never_used", "oldest", "users"})
_USER_HASH = re.compile(r"[0-9a-f]{16}\Z")
# A mail address wherever it is written; deliberately wider than RFC 5321, because a false alarm costs a log line and a miss keeps a person's address.
_MAIL = re.compile(r"[^\s@<>]@[^\s@<>]|%40", re.IGNORECASE)
_EARLIEST_SECOND = 1_000_000_000
_LATEST_SECOND = 9_999_999_999


def heartbeat(body: Mapping[str, Json]) -> Heartbeat:
    """The heartbeat in a verified body. Raises `Malformed`, `PersonalData` or `TooLarge`; nothing of it may be stored then."""
    extra = body.keys() - _KEYS
    if not body.keys() >= _KEYS or extra - {"inventory", "delta"} or len(extra) > 1 or body["v"] != 1 or body["v"] is True:
        _refuse("heartbeat", "its keys are not those of a heartbeat of version 1")
    return Heartbeat(
        seq=_whole(body, "seq", least=1),
        sent_at=as_moment(_whole(body, "sent_at", least=_EARLIEST_SECOND, most=_LATEST_SECOND)),
        connector=_text(body, "connector", 40),
        home=_text(body, "home", 200),
        epoch=_whole(body, "epoch", least=1),
        fence=_whole(body, "fence"),
        paused=_paused(_text(body, "paused", 10)),
        repair=_text(body, "repair", 200),
        refusals=_counters(body["refusals"]),
        checkpoint=_text(body, "checkpoint", 8_192),
        inventory_hash=_hash(body, "inventory_hash"),
        inventory=components(body["inventory"], "inventory") if "inventory" in body else None,
        delta=_delta(body["delta"]) if "delta" in body else None,
    )


def components(value: Json, where: str) -> Components:
    """A component map within all bounds."""
    if not _is_object(value):
        _refuse(where, "it is not an object")
    if len(value) > MOST_COMPONENTS:
        raise TooLarge(
            f"The site reports more than {MOST_COMPONENTS} components.",
            do="Look at the site itself: no real site has so many.",
            where=where,
        )
    found: dict[str, Component] = {}
    for key, component in value.items():
        if len(key) > LONGEST_STRING or not _KEY.match(key):
            _refuse(where, "a component key is of no known family")
        if not _is_object(component):
            _refuse(where, "a component is not an object")
        if key == "passwords":
            _refuse_personal(component)
        found[key] = component
    check_bounds(found, where)
    return found


def read_result(result: Json, tool: str) -> Mapping[str, Json]:
    """The result of a signed read, within the same bounds. An inventory in it is judged by `components`."""
    if not _is_object(result):
        _refuse(tool, "it is not an object")
    for passwords in _named("passwords", result):
        if any(_MAIL.search(text) for text in _strings_in(passwords)):
            _refuse_mail()
    check_bounds({key: value for key, value in result.items() if key != "inventory"}, tool)
    return result


def read_inventory(result: Mapping[str, Json]) -> tuple[str, Components]:
    """Hash and component map in the result of `wp.site.inventory`. Raises `Malformed` when the one is not the hash of the other."""
    named, found = _hash(result, "hash"), components(result.get("inventory"), "inventory")
    if inventory_hash(found) != named:
        _refuse("inventory", "its hash is not the hash it names")
    return named, found


def check_bounds(document: Mapping[str, Json], where: str) -> None:
    """Raises `TooLarge` or `Malformed` when a string, the nesting or the whole is beyond what a site may report."""
    if any(len(text) > LONGEST_STRING for text in _strings_in(document)):
        raise TooLarge(
            f"A name or value in the report is longer than {LONGEST_STRING} characters.", do="Look at the site itself.", where=where
        )
    if any(_depth(component) > DEEPEST_COMPONENT for component in document.values()):
        _refuse(where, f"a component is nested deeper than {DEEPEST_COMPONENT} levels")
    if len(encode(document)) > LARGEST_DOCUMENT:
        raise TooLarge("The report is larger than 1 MiB.", do="Look at the site itself: no real site reports so much.", where=where)


def _named(name: str, value: Json) -> Iterator[Json]:
    """Every value under the key `name`, at any depth."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == name:
                yield item
            yield from _named(name, item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _named(name, item)


def _strings_in(value: Json) -> Iterator[str]:
    """Every string inside `value`, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _strings_in(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _strings_in(item)


def _delta(value: Json) -> Delta:
    if not _is_object(value) or value.keys() != {"base", "set", "unset"}:
        _refuse("delta", "its keys are not base, set and unset")
    unset = value["unset"]
    if isinstance(unset, str) or not isinstance(unset, Sequence) or len(unset) > MOST_COMPONENTS:
        _refuse("delta", "unset is not a list of component keys")
    gone = tuple(key for key in unset if isinstance(key, str) and len(key) <= LONGEST_STRING)
    changed = components(value["set"], "delta")
    if len(gone) != len(unset) or len(set(gone)) != len(gone) or not changed.keys().isdisjoint(gone):
        _refuse("delta", "unset repeats a key, sets one too, or holds something else")
    return Delta(_hash(value, "base"), changed, gone)


def _refuse_personal(component: Component) -> None:
    for text in _strings_in(component):
        if _MAIL.search(text):
            _refuse_mail()
        if text not in _PASSWORD_NAMES and not _USER_HASH.match(text):
            raise PersonalData(
                "The report of Application Passwords holds more than counts, ages and hashes.",
                do="Update the connector.",
                where="passwords",
            )


def _refuse_mail() -> Never:
    raise PersonalData(
        "The report of Application Passwords holds a mail address.",
        do="Update the connector; nothing of this report was kept.",
        where="passwords",
    )


def _paused(text: str) -> Paused:
    try:
        return Paused(text)
    except ValueError:
        _refuse("paused", "it is not a known kind of pause")


def _counters(value: Json) -> dict[str, int]:
    if not _is_object(value) or len(value) > MOST_COUNTERS:
        _refuse("refusals", f"it is not an object of at most {MOST_COUNTERS} counters")
    counted: dict[str, int] = {}
    for code, count in value.items():
        if not _COUNTER.match(code) or isinstance(count, bool) or not isinstance(count, int) or count < 0:
            _refuse("refusals", "a counter is not a code with a whole number")
        counted[code] = count
    return counted


def _whole(body: Mapping[str, Json], key: str, *, least: int = 0, most: int = LARGEST_INT) -> int:
    value = body[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        _refuse(key, "it is not a whole number in its range")
    return value


def _text(body: Mapping[str, Json], key: str, longest: int) -> str:
    value = body[key]
    if not isinstance(value, str) or len(value) > longest:
        _refuse(key, f"it is not a text of at most {longest} characters")
    return value


def _hash(body: Mapping[str, Json], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not _HASH.match(value):
        _refuse(key, "it is not 64 hex digits")
    return value


def _depth(value: Json) -> int:
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        return 0
    inner = value.values() if isinstance(value, Mapping) else value
    return 1 + max((_depth(item) for item in inner), default=0)


def _is_object(value: Json) -> TypeGuard[Mapping[str, Json]]:
    return isinstance(value, Mapping)


def _refuse(where: str, why: str) -> Never:
    raise Malformed(f"The site's report can't be read: {where}: {why}.", do="Update the connector on that site.", where=where)
