"""How one value of a policy document is read: each reader takes the value and its path, and answers the value or raises with that path.

Limits: knows kinds of values, not which settings there are; that is `document`'s. A text never repeats what was read.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, time
from typing import Final, NoReturn, TypeVar

from presswarden.kernel.canonical import LARGEST_INT, Json
from presswarden.kernel.errors import PresswardenError

_T = TypeVar("_T")
Reader = Callable[[Json, str], _T]

TOOL: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3}"
_SHOWN: Final = re.compile(r"[A-Za-z0-9_.:-]{1,60}\Z")


class PolicyInvalid(PresswardenError):
    """The document is refused; `where` is the path of the fault, as `/operations/holds/0/until`."""

    code = "policy.invalid"


def refuse(where: str, says: str) -> NoReturn:
    raise PolicyInvalid(
        f"{where}: {says}.", do="Correct the document; `presswarden policy check` reads it without setting it.", where=where
    )


def below(where: str, key: str) -> str:
    """The path of a member. A key that is no plain word is not repeated."""
    return f"{where}/{key if _SHOWN.match(key) else '?'}"


def members(value: Json, where: str, *, needed: Collection[str] = (), known: Collection[str] = ()) -> Mapping[str, Json]:
    """An object of these members and no others."""
    if not isinstance(value, Mapping):
        refuse(where or "/", "an object is expected")
    for key in value:
        if key not in needed and key not in known:
            refuse(below(where, key), "there is no such setting")
    for key in needed:
        if key not in value:
            refuse(below(where, key), "it is missing")
    return value


def items(value: Json, where: str, read: Reader[_T], *, least: int = 0, most: int = 1000) -> tuple[_T, ...]:
    """A list, each item read by its place."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        refuse(where, "a list is expected")
    if not least <= len(value) <= most:
        refuse(where, f"it has {least} to {most} items")
    return tuple(read(item, f"{where}/{place}") for place, item in enumerate(value))


def names(pattern: str = r".+", longest: int = 200, *, least: int = 0, most: int = 1000) -> Reader[tuple[str, ...]]:
    """A list of different texts."""
    one = text(pattern, longest)

    def read(value: Json, where: str) -> tuple[str, ...]:
        found = items(value, where, one, least=least, most=most)
        if len(set(found)) != len(found):
            refuse(where, "an item stands in it twice")
        return found

    return read


def text(pattern: str = r".+", longest: int = 200) -> Reader[str]:
    shape = re.compile(rf"(?:{pattern})\Z", re.DOTALL)

    def read(value: Json, where: str) -> str:
        if not isinstance(value, str) or len(value) > longest or not shape.match(value):
            refuse(where, f"a text of its form and at most {longest} characters is expected")
        return value

    return read


def choice(*allowed: str) -> Reader[str]:
    def read(value: Json, where: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            refuse(where, f"one of {', '.join(allowed)} is expected")
        return value

    return read


def whole(least: int, most: int = LARGEST_INT) -> Reader[int]:
    def read(value: Json, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value != int(value):
            refuse(where, "a whole number is expected")
        if not least <= value <= most:
            refuse(where, f"it is at least {least}{'' if most == LARGEST_INT else f' and at most {most}'}")
        return int(value)

    return read


def number(least: float, most: float, *, above: bool = False) -> Reader[float]:
    """Finite, from `least` (or `above` it) to `most`."""

    def read(value: Json, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            refuse(where, "a finite number is expected")
        if not least <= value <= most or (above and value == least):
            refuse(where, f"it is {'above' if above else 'at least'} {least:g} and at most {most:g}")
        return float(value)

    return read


def switch(value: Json, where: str) -> bool:
    if not isinstance(value, bool):
        refuse(where, "true or false is expected")
    return value


def day(value: Json, where: str) -> date:
    """A date as 2027-01-05 that the calendar has."""
    read = text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", 10)(value, where)
    try:
        return date.fromisoformat(read)
    except ValueError:
        refuse(where, "the calendar has no such day")


def moment(value: Json, where: str) -> str:
    """A UTC moment as 2026-02-15T00:00:00Z."""
    read = text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z", 20)(value, where)
    day(read[:10], where)
    return read


def hour(value: Json, where: str) -> time:
    """A time of day as 22:00."""
    return time.fromisoformat(text(r"([01][0-9]|2[0-3]):[0-5][0-9]", 5)(value, where))
