"""An update that a site is offered, as an item of a proposal: which tool, the exact version, what the site must show, and the package's hash.

Pure. It is made from the site's own newest report; the site compares all of it again before it touches a file. Limits: says why an update can't be asked
for at all; whether one may run is the policy's question.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import InstallationId, SiteId
from presswarden.proposals.model import Item
from presswarden.proposals.packages.model import Package, bound
from presswarden.telemetry.model import Component, Components
from presswarden.telemetry.offers.model import Offer

TOOLS: Final[Mapping[str, str]] = {
    "core": "wp.core.update",
    "plugin": "wp.plugin.update",
    "theme": "wp.theme.update",
    "translation": "wp.translation.update",
}
CONNECTOR: Final = "wp.connector.update"
_OWN_FILE: Final = "/presswarden-connector.php"
"""The connector is no plugin like the others: only a release that its release key signed takes its place, and it is never switched off from here."""


class UpdateRefused(PresswardenError):
    """This update can't be asked for. The code says why: `update.unknown`, `update.no_offer`, `update.licence`, ..."""

    code = "update.refused"

    def __init__(self, code: str, says: str, do: str, where: str) -> None:
        super().__init__(says, do=do, where=where)
        self.code = code


def item(
    site: SiteId,
    installation: InstallationId,
    home: str,
    components: Components,
    component: str,
    offer: Offer | None,
    packages: Iterable[Package] = (),
) -> Item:
    """The item that updates `component` to what the site is offered. Raises `UpdateRefused`."""
    family = component.partition(":")[0]
    found = components.get(component)
    tool = CONNECTOR if family == "plugin" and component.endswith(_OWN_FILE) else TOOLS.get(family)
    if tool is None or (found is None and family != "translation"):
        raise UpdateRefused(
            "update.unknown",
            "The site has no such component.",
            "Take its name from `presswarden site show`, such as plugin:akismet/akismet.php.",
            component,
        )
    if offer is None or not offer.named.version:
        raise UpdateRefused(
            "update.no_offer",
            "The site is offered no update for it.",
            "WordPress looks for updates twice a day; its own Updates page looks at once.",
            component,
        )
    if family == "plugin" and "/" not in component:
        raise UpdateRefused(
            "update.single_file",
            "This plugin is a single file among others, and WordPress would put a folder in its place.",
            "Update it by hand.",
            component,
        )
    if not offer.named.package:
        raise UpdateRefused(
            "update.licence",
            "The site was offered the version, but no package: a licence is missing or has run out.",
            "Enter the licence on the site, then let WordPress look for updates again.",
            component,
        )
    package = bound(packages, offer.named.url)
    return Item(site, installation, home, tool, component, offer.named.version, before(component, found or {}), package)


def before(component: str, found: Component) -> dict[str, Json]:
    """What the site must show when an update of this component starts (wire.md, 12)."""
    if component.startswith("translation:"):
        return {"revised": _text(found.get("revised"))}
    if component == "core":
        return {"version": _text(found.get("version"))}
    return {"active": found.get("active") is True, "version": _text(found.get("version"))}


def name_of(component: str, found: Component | None) -> str:
    """What people call it: the name in its own header, else its key."""
    if component == "core":
        return "WordPress"
    return _text((found or {}).get("name")) or component.partition(":")[2]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
