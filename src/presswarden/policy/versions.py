"""Versions as WordPress compares them, how far a new one is from an old one, and the ranges that a hold may name.

Pure. The order is that of PHP's `version_compare`, because that is what decides on the site which of two is newer. Limits: whoever numbers releases
without meaning gets a size by their numbers all the same.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from presswarden.policy.model import Jump, Size

_TOKEN: Final = re.compile(r"[0-9]{1,60}|[^\W0-9_]+")
_WORDS: Final = (("dev", 1), ("a", 2), ("b", 3), ("RC", 4), ("rc", 4), ("p", 6))
"""PHP looks at how a word begins, and at its case: `alpha` and `abc` rank alike, any other word below them all."""
_UNKNOWN_WORD: Final = 0
_NUMBER: Final = 5
_SHAPE: Final = re.compile(r"v?[0-9][0-9A-Za-z._+~-]{0,58}\Z")
_PART: Final = re.compile(r"(>=|<=|>|<|=)?(.+)\Z")

Key = tuple[tuple[int, int], ...]


@lru_cache(maxsize=4096)
def key(version: str) -> Key:
    """What `compare` goes by: each part's rank, and its number if it is one."""
    return tuple((_NUMBER, int(part)) if part.isdecimal() else (_rank(part), 0) for part in _TOKEN.findall(version))


def _rank(word: str) -> int:
    return next((rank for start, rank in _WORDS if word.startswith(start)), _UNKNOWN_WORD)


def compare(one: str, other: str) -> int:
    """-1, 0 or 1, as PHP's `version_compare`: 1.0-beta < 1.0 < 1.0.0 < 1.0.0-p1."""
    if not one or not other:
        return (one > other) - (one < other)
    return _order(key(one), key(other))


def _order(one: Key, other: Key) -> int:
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return -1 if mine < theirs else 1
    if len(one) == len(other):
        return 0
    # The longer one is newer when it goes on with a number, older when it goes on with `beta`.
    longer, sign = (one, 1) if len(one) > len(other) else (other, -1)
    return sign if longer[min(len(one), len(other))][0] >= _NUMBER else -sign


@lru_cache(maxsize=4096)
def size_of(component: str, was: str, version: str) -> Size:
    """How far apart. WordPress itself counts 7.1 to 7.2 as major; translations have no versions of their own and count as patches.

    What is no plain number on either side counts as major: nothing is known of it.
    """
    if component.startswith("translation:"):
        return Size.PATCH
    old, new = key(was), key(version)
    if not old or not new or any(rank != _NUMBER for rank, _ in (*old, *new)):
        return Size.MAJOR
    first, second = ([*(number for _, number in side), 0, 0][:2] for side in (old, new))
    if component == "core":
        return Size.MINOR if first == second else Size.MAJOR
    if first[0] != second[0]:
        return Size.MAJOR
    return Size.MINOR if first[1] != second[1] else Size.PATCH


def jump(component: str, was: str, version: str) -> Jump:
    return Jump(component, was, version, size_of(component, was, version))


class RangeInvalid(ValueError):
    """The text names no range of versions."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which versions a hold means: `*`, `8.1.2`, `8.*`, or bounds that all have to hold, as `>=8.0 <9`."""

    text: str
    _bounds: tuple[tuple[str, Key], ...]

    def holds(self, version: str) -> bool:
        if not self._bounds:
            return True
        asked = key(version)
        for sign, bound in self._bounds:  # noqa: SIM110 - asked of every hold, and twice as fast as `all`
            if not (_SIGNS[sign](_order(asked, bound)) if sign else asked[: len(bound)] == bound):
                return False
        return True


def range_of(text: str) -> Range:
    """Read a range. Raises `RangeInvalid`."""
    if text.strip() == "*":
        return Range(text, ())
    bounds = []
    for part in re.split(r"[\s,]+", text.strip()):
        named = _PART.match(part)
        sign, bound = (named[1] or "=", named[2]) if named else ("", "")
        if sign == "=" and bound.endswith(".*"):
            sign, bound = "", bound[:-2]  # begins with these parts
        if not _SHAPE.match(bound):
            raise RangeInvalid(text)
        bounds.append((sign, key(bound)))
    return Range(text, tuple(bounds))


_SIGNS: Final[dict[str, Callable[[int], bool]]] = {
    "=": lambda found: found == 0,
    ">": lambda found: found > 0,
    ">=": lambda found: found >= 0,
    "<": lambda found: found < 0,
    "<=": lambda found: found <= 0,
}
