"""Can this site take this workflow now? Pure: facts and rules in, every reason against out. A missing or old fact is a reason of its own: silence means no."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from presswarden.telemetry.model import HEARTBEAT_LATE, Fact, Facts, Reason, ReasonCode, Rules, Source

_WITH_FOLDERS = ("plugin:", "theme:")
"""What the inventory tells the place of. Core and translations are looked at by the site itself when it makes their snapshot."""
_SPACE_FACTOR = 2
"""Twice the estimate: the new copy and the old one lie side by side until the change is confirmed (S1)."""


def reasons(facts: Facts, rules: Rules, now: datetime) -> Iterator[Reason]:
    """Every reason against, in the order of S1; none means eligible."""
    yield from _must(facts, "site.paired", True, ReasonCode.NOT_PAIRED, "The site is not paired", now)
    yield from _heard(facts, now)
    yield from _at_least(facts, rules, "php.version", rules.php, ReasonCode.PHP_TOO_OLD, now)
    yield from _at_least(facts, rules, "core.version", rules.wordpress, ReasonCode.WORDPRESS_TOO_OLD, now)
    direct = "WordPress can't write its files directly (it would ask for FTP)"
    yield from _must(facts, "health.files_direct", True, ReasonCode.FILES_NOT_DIRECT, direct, now, rules.oldest_fact)
    disallowed = "DISALLOW_FILE_MODS is set on the site"
    yield from _must(facts, "health.file_mods", True, ReasonCode.FILE_MODS_DISALLOWED, disallowed, now, rules.oldest_fact)
    yield from _space(facts, rules, now)
    if rules.target.startswith(_WITH_FOLDERS):
        link, moved = "The target folder is a symbolic link", "The target folder lies on another device than the folder it is staged in"
        yield from _must(facts, f"{rules.target}.link", False, ReasonCode.TARGET_IS_LINK, link, now, rules.oldest_fact)
        yield from _must(facts, f"{rules.target}.same_device", True, ReasonCode.TARGET_ON_OTHER_DEVICE, moved, now, rules.oldest_fact)
    yield from _must(facts, "site.change_open", False, ReasonCode.CHANGE_OPEN, "Another change is open on this site", now)
    yield from _must(facts, "site.held", False, ReasonCode.HELD, "A hold stands on this component or site", now)
    watchdog = "The watchdog that takes a bad change back is not armed"
    yield from _must(facts, "health.watchdog", True, ReasonCode.WATCHDOG_NOT_ARMED, watchdog, now, rules.oldest_fact)


def _must(
    facts: Facts, name: str, wanted: bool, code: ReasonCode, says: str, now: datetime, oldest: timedelta | None = None
) -> Iterator[Reason]:
    fact = facts.get(name)
    if fact is None or not isinstance(fact.value, bool):
        yield _unknown(name)
        return
    yield from _stale(fact, oldest, now)
    if fact.value is not wanted:
        yield Reason(code, f"{says}.", name, fact.age(now))


def _heard(facts: Facts, now: datetime) -> Iterator[Reason]:
    fact = facts.get("site.heartbeat")
    if fact is None or fact.source is not Source.HEARTBEAT:
        yield _unknown("site.heartbeat")
    elif now - fact.taken_at >= HEARTBEAT_LATE:
        minutes = int((now - fact.taken_at).total_seconds() // 60)
        yield Reason(ReasonCode.HEARTBEAT_LATE, f"The last heartbeat came {minutes} minutes ago.", fact.name, fact.age(now))


def _at_least(facts: Facts, rules: Rules, name: str, wanted: str, code: ReasonCode, now: datetime) -> Iterator[Reason]:
    if not wanted:
        return
    fact = facts.get(name)
    found = _version(fact.value) if fact is not None and isinstance(fact.value, str) else None
    if fact is None or found is None:
        yield _unknown(name)
        return
    yield from _stale(fact, rules.oldest_fact, now)
    least = _version(wanted)
    if least is None:
        raise ValueError("a rule asks for a version that is none")
    if found < least:
        yield Reason(code, f"{name} is {'.'.join(map(str, found))}; {wanted} or newer is needed.", name, fact.age(now))


def _space(facts: Facts, rules: Rules, now: datetime) -> Iterator[Reason]:
    fact = facts.get("health.disk_free")
    if fact is None or isinstance(fact.value, bool) or not isinstance(fact.value, int) or fact.value < 0:
        yield _unknown("health.disk_free")
        return
    yield from _stale(fact, rules.oldest_fact, now)
    if fact.value < _SPACE_FACTOR * rules.estimate:
        needed = f"{fact.value} bytes are free; twice the estimate is {_SPACE_FACTOR * rules.estimate}."
        yield Reason(ReasonCode.DISK_TOO_SMALL, needed, fact.name, fact.age(now))


def _unknown(name: str) -> Reason:
    return Reason(ReasonCode.FACT_UNKNOWN, f"Nothing is known about {name}.", name)


def _stale(fact: Fact, oldest: timedelta | None, now: datetime) -> Iterator[Reason]:
    if oldest is not None and fact.age(now) > oldest:
        hours = int(fact.age(now).total_seconds() // 3600)
        yield Reason(ReasonCode.FACT_STALE, f"What is known about {fact.name} is {hours} hours old.", fact.name, fact.age(now))


def _version(text: str) -> tuple[int, ...] | None:
    """The leading numbers of a version, trailing zeros dropped so that 7.1 equals 7.1.0."""
    match = re.match(r"\d{1,6}(?:\.\d{1,6}){0,3}", text)
    if match is None:
        return None
    parts = [int(part) for part in match.group().split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
