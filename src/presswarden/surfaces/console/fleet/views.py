"""What the list of sites shows. Limits: gathered from `reports.fleet` and the names people gave; no page here asks a site."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from presswarden.identity.clients import service as clients
from presswarden.identity.model import Client, Permission
from presswarden.kernel.db import Tx
from presswarden.policy.model import MODES, Mode
from presswarden.reports.fleet import service as reports
from presswarden.reports.fleet.model import PAGE, Condition, Listed, Sort, Tab, Tabs, Wish
from presswarden.sites.tags import service as tags
from presswarden.sites.views import service as kept
from presswarden.sites.views.model import View
from presswarden.surfaces.console.visit import Visit

WORDS: Final[Mapping[Condition, tuple[str, str]]] = {
    Condition.HEALTHY: ("ok", "Healthy"),
    Condition.PAUSED: ("stopped", "Paused"),
    Condition.INCIDENT: ("warn", "Incident"),
    Condition.UNREACHABLE: ("unknown", "Unreachable"),
    Condition.PENDING: ("wait", "Pairing"),
    Condition.REVOKED: ("bad", "Unpaired"),
}
MODE_WORDS: Final[Mapping[Mode, str]] = {Mode.OBSERVE: "Observe", Mode.APPROVE: "Approve", Mode.AUTONOMOUS: "Autonomous"}
COLUMNS: Final[Mapping[str, str]] = {
    "updates": "Updates", "runtime": "WordPress and PHP", "seen": "Last seen", "client": "Client", "tags": "Tags", "mode": "Mode",
}  # fmt: skip
"""What can be left out; the site and how it is always stand there."""


@dataclass(frozen=True, slots=True)
class Look:
    """How this browser wants its table."""

    compact: bool
    hidden: frozenset[str]

    def shows(self, column: str) -> bool:
        return column not in self.hidden


@dataclass(frozen=True, slots=True)
class FleetView:
    wish: Wish
    sites: tuple[Listed, ...]
    total: int
    tabs: Tabs
    saved: tuple[View, ...]
    clients: tuple[Client, ...]
    tags: tuple[str, ...]
    look: Look
    may_ask: bool
    may_assign: bool
    may_plan: bool

    @property
    def page(self) -> int:
        return self.wish.page

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        return min((self.page - 1) * PAGE + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)

    @property
    def sort(self) -> str:
        return self.wish.sort.value

    @property
    def down(self) -> bool:
        return self.wish.down

    @property
    def current(self) -> str:
        """The tab that is open, as `tab_list` names it."""
        named = next((f"/sites?{one.query}" for one in self.saved if one.query == self.wish.query(page=1)), "")
        return named or tab_url(self.wish.tab)

    @property
    def tab_list(self) -> list[tuple[str, str, int | str]]:
        own: list[tuple[str, str, int | str]] = [(f"/sites?{one.query}", one.name, "") for one in self.saved]
        return [
            (tab_url(Tab.ALL), "All sites", self.tabs.all),
            (tab_url(Tab.UPDATES), "Updates available", self.tabs.updates),
            (tab_url(Tab.ATTENTION), "Needs attention", self.tabs.attention),
            *own,
        ]

    @property
    def open_view(self) -> View | None:
        return next((one for one in self.saved if one.query == self.wish.query(page=1)), None)

    def url(self, **changed: object) -> str:
        if "sort" in changed:
            changed["sort"] = Sort(str(changed["sort"]))
        query = self.wish.query(**changed)
        return f"/sites?{query}" if query else "/sites"

    @property
    def conditions(self) -> list[tuple[str, str]]:
        return [("", "Any"), *((one.value, WORDS[one][1]) for one in reversed(Condition))]

    @property
    def modes(self) -> list[tuple[str, str]]:
        return [(one.value, MODE_WORDS[one]) for one in MODES]

    @property
    def columns(self) -> Mapping[str, str]:
        return COLUMNS


def tab_url(tab: Tab) -> str:
    query = Wish(tab=tab).query()
    return f"/sites?{query}" if query else "/sites"


async def gather(tx: Tx, visit: Visit, wish: Wish, look: Look, now: datetime) -> FleetView:
    found = await reports.fleet(tx, visit.person, wish, now)
    return FleetView(
        wish, found.sites, found.total, found.tabs, await kept.views(tx, visit.person.id), await clients.clients(tx), await tags.tags(tx), look,
        any(visit.may(Permission.SITE_READ, one.site) for one in found.sites[:1]), visit.may(Permission.PEOPLE_MANAGE),
        any(visit.may(Permission.PROPOSE, one.site) for one in found.sites),
    )  # fmt: skip


def updates_in_words(site: Listed) -> str:
    """`core, 4 plugins, 1 theme`."""
    counts = ((site.plugin_updates, "plugin"), (site.theme_updates, "theme"), (site.translation_updates, "translation"))
    parts = ["core"] if site.core_updates else []
    return ", ".join(parts + [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count])
