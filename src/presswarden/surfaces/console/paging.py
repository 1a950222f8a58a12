"""Lists that go on: which page an address asks for, and the addresses of the next one and of the first.

Limits: newest first; what is filed while somebody pages is on the first page. A word that is no cursor of the list asks for the first page.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from presswarden.surfaces import cursors

PAGE: Final = 100
T = TypeVar("T")
At = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """Where this page stands in its list."""

    is_first: bool
    older: str
    """The cursor of the next page; "" at the end."""


def begins(of: str, after: str) -> At | None:
    try:
        return cursors.read(of, after[: cursors.LONGEST] or None)
    except cursors.CursorRefused:
        return None


async def page(
    of: str, after: str, look: Callable[[At | None, int], Awaitable[Sequence[T]]], place_of: Callable[[T], At], seen: Callable[[T], bool]
) -> tuple[list[T], Turn]:
    """One page of what the visitor may see, and where it stands."""
    before = begins(of, after)
    found, last = await cursors.page(look, place_of, seen, before=before, limit=PAGE)
    return found, Turn(before is None, "" if last is None else cursors.write(of, *last))


@dataclass(frozen=True, slots=True)
class Numbered:
    """One page of a list that is made whole anyway; pages have numbers."""

    path: str
    page: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        return min((self.page - 1) * PAGE + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)

    def url(self, *, page: int) -> str:
        return f"{self.path}?page={page}" if page > 1 else self.path

    def of(self, whole: Sequence[T]) -> Sequence[T]:
        return whole[(self.page - 1) * PAGE : self.page * PAGE]


def numbered(path: str, asked: str, total: int) -> Numbered:
    """The page that an address asks for; the nearest that there is."""
    wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    most = max(1, -(-total // PAGE))
    return Numbered(path, min(max(wanted, 1), most), total)
