"""Not now: holds, waits and windows, and the two clocks of an approval. Pure: the moment comes in. Limits: says when, never whether."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from presswarden.policy.model import ComponentFacts, Reason, SiteFacts, Size, Verdict
from presswarden.policy.rules import Hold, Rules, Window
from presswarden.policy.versions import size_of
from presswarden.policy.zones import zone
from presswarden.proposals.model import Item

LONGEST: Final = timedelta(days=6)
"""A plan is good for seven days on the wire, and its way back a day longer than its acts."""


def clocks(rules: Iterable[Rules], now: datetime) -> tuple[datetime, datetime]:
    """Until when its approvals must be there, and until when it must have begun: the shortest of all that apply."""
    found = tuple(rules)
    end = now + LONGEST
    approve_by = min((now + timedelta(hours=one.operations.approval_hours) for one in found), default=now)
    execute_by = approve_by + min((timedelta(hours=one.operations.execute_hours) for one in found), default=timedelta())
    return min(approve_by, end), min(execute_by, end)


def held(item: Item, rules: Rules, now: datetime) -> Iterator[Reason]:
    if not rules.operations.holds:
        return
    names, today, version = _names(item.component), now.astimezone(UTC).date(), item.version
    for hold in rules.operations.holds:
        if hold.component in names and today <= hold.until and hold.versions.holds(version):
            yield _held(hold)


def waits(item: Item, facts: ComponentFacts, rules: Rules, now: datetime) -> Iterator[Reason]:
    days = _wait_days(item, facts, rules)
    if days == 0:
        return
    if facts.offered_since is None:
        yield Reason(Verdict.HOLD, "policy.wait", "Since when this version is offered is not known.", "Read the site's inventory.")
    elif now < (until := facts.offered_since + timedelta(days=days)):
        says = f"A release of this size waits {days} days after its offer was first seen: until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
        yield Reason(Verdict.HOLD, "policy.wait", says, "Wait, or change the policy.")


def windows(site: SiteFacts, rules: Rules, now: datetime) -> Iterator[Reason]:
    if not rules.operations.windows:
        return
    walls: dict[str, _Wall | None] = {}
    for group in rules.operations.windows:
        unknown = False
        for window in group:
            if window.zone not in walls:
                walls[window.zone] = _wall(site.timezone if window.zone == "site" else window.zone, now)
            wall = walls[window.zone]
            if wall is None:
                unknown = True
            elif _open(window, wall):
                break
        else:
            yield _NO_ZONE if unknown else _SHUT


_NO_ZONE: Final = Reason(
    Verdict.HOLD, "policy.timezone", "The site's time zone is not known, so neither are its windows.", "Set it on the site."
)
_SHUT: Final = Reason(Verdict.HOLD, "policy.window", "No change window is open now.", "Wait for the next one, or change the policy.")


class _Wall(NamedTuple):
    """What a clock on the wall there shows."""

    day: int
    clock: time


def _wall(name: str, now: datetime) -> _Wall | None:
    found = zone(name)
    if found is None:
        return None
    there = now.astimezone(found)
    return _Wall(there.weekday(), there.time())


def _wait_days(item: Item, facts: ComponentFacts, rules: Rules) -> int:
    operations = rules.operations
    if facts.security:
        return operations.wait_security
    if item.component == "core":
        return operations.core_wait_days
    match size_of(item.component, item.was, item.version):
        case Size.PATCH:
            return operations.wait_patch
        case Size.MINOR:
            return operations.wait_minor
        case Size.MAJOR:
            return operations.wait_major


def _held(hold: Hold) -> Reason:
    says = f"{hold.component} {hold.versions.text} is on hold up to {hold.until.isoformat()}: {hold.reason}"
    return Reason(Verdict.HOLD, "policy.hold", says, "Wait, or take the hold out of the policy.")


def _names(component: str) -> frozenset[str]:
    """What a hold may call it: its key, its folder, a translation's owner, all of its kind."""
    kind, _, name = component.partition(":")
    found = {component, f"{kind}:*"}
    if kind == "plugin":
        found.add(f"plugin:{name.partition('/')[0].removesuffix('.php')}")
    if kind == "translation":
        found |= {f"translation:{name.rpartition(':')[0]}", f"translation:{name.partition(':')[0]}"}
    return frozenset(found)


def _open(window: Window, wall: _Wall) -> bool:
    """An hour that a change of time repeats counts twice, one that it leaves out not at all."""
    today = wall.day in window.days
    if window.begins < window.ends:
        return today and window.begins <= wall.clock < window.ends
    return (today and wall.clock >= window.begins) or ((wall.day - 1) % 7 in window.days and wall.clock < window.ends)
