"""What a list of sites can be asked for, and what it shows. Limits: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import urlencode

from presswarden.kernel.ids import ClientId, SiteId
from presswarden.policy.model import Mode

PAGE: Final = 50
LONGEST_TEXT: Final = 100
_T = TypeVar("_T", bound=StrEnum)


class Condition(StrEnum):
    """How a site is, the worst first that holds."""

    REVOKED = "revoked"
    PENDING = "pending"
    """Its pairing was begun and is not finished."""
    UNREACHABLE = "unreachable"
    INCIDENT = "incident"
    PAUSED = "paused"
    HEALTHY = "healthy"


class Sort(StrEnum):
    NAME = "name"
    CONDITION = "condition"
    UPDATES = "updates"
    WORDPRESS = "wordpress"
    PHP = "php"
    SEEN = "seen"
    CLIENT = "client"
    MODE = "mode"


class Tab(StrEnum):
    ALL = "all"
    UPDATES = "updates"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which sites, in which order, which page of them. `query` and `read` are each other's reverse."""

    tab: Tab = Tab.ALL
    text: str = ""
    condition: Condition | None = None
    client: str = ""
    tag: str = ""
    mode: Mode | None = None
    component: str = ""
    version: str = ""
    sort: Sort = Sort.NAME
    down: bool = False
    page: int = 1

    @property
    def narrows(self) -> bool:
        """True when something beside the tab says which."""
        return any((self.text, self.condition, self.client, self.tag, self.mode, self.component))

    def query(self, **changed: object) -> str:
        """As the part of an address after `?`; what is as ever stays out."""
        wish = replace(self, **changed)  # type: ignore[arg-type]  # the fields' own names
        pairs = {
            "tab": wish.tab.value if wish.tab is not Tab.ALL else "", "q": wish.text, "condition": wish.condition or "", "client": wish.client,
            "tag": wish.tag, "mode": wish.mode or "", "component": wish.component, "version": wish.version,
            "sort": wish.sort.value if wish.sort is not Sort.NAME else "", "down": "1" if wish.down else "", "page": str(wish.page) if wish.page > 1 else "",
        }  # fmt: skip
        return urlencode({name: str(value) for name, value in pairs.items() if value})


def read(asked: Mapping[str, str]) -> Wish:
    """What an address asks for. What it says that is nothing of ours asks for nothing."""
    page = asked.get("page", "1")
    return Wish(
        _one(Tab, asked.get("tab", "")) or Tab.ALL,
        asked.get("q", "").strip()[:LONGEST_TEXT],
        _one(Condition, asked.get("condition", "")),
        asked.get("client", "")[:36],
        asked.get("tag", "")[:40],
        _one(Mode, asked.get("mode", "")),
        asked.get("component", "")[:300],
        asked.get("version", "")[:100],
        _one(Sort, asked.get("sort", "")) or Sort.NAME,
        asked.get("down", "") == "1",
        min(int(page), 100_000) if page.isascii() and page.isdigit() and len(page) < 7 and int(page) > 0 else 1,
    )


def _one(kind: type[_T], text: str) -> _T | None:
    return next((each for each in kind if each.value == text), None)


@dataclass(frozen=True, slots=True)
class Listed:
    """One site, as its row says."""

    site: SiteId
    label: str
    home: str
    condition: Condition
    incidents: int
    heard_at: datetime | None
    wordpress: str
    php: str
    core_updates: int
    plugin_updates: int
    theme_updates: int
    translation_updates: int
    updates: int
    mode: Mode | None
    critical: bool
    client: ClientId | None
    client_name: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tabs:
    all: int
    updates: int
    attention: int


@dataclass(frozen=True, slots=True)
class Fleet:
    sites: tuple[Listed, ...]
    total: int
    tabs: Tabs


@dataclass(frozen=True, slots=True)
class Used:
    """One component over all sites."""

    component: str
    name: str
    sites: int
    versions: int
    updates: int
    """Sites that are offered a newer one."""


@dataclass(frozen=True, slots=True)
class Version:
    version: str
    sites: int
    active: int


@dataclass(frozen=True, slots=True)
class Offered:
    """One update that one site is offered."""

    site: SiteId
    label: str
    component: str
    name: str
    version: str
    """What runs there now; "" where nothing tells."""
    newer: str


@dataclass(frozen=True, slots=True)
class Counts:
    sites: int
    waiting: int
    running: int
    incidents: int
