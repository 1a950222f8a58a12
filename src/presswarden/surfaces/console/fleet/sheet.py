"""The fleet as a table for other programs (CSV, RFC 4180). Limits: what a site or a person named never begins a formula in anybody's spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from presswarden.reports.fleet.model import Listed
from presswarden.surfaces.console.fleet.views import MODE_WORDS, WORDS
from presswarden.surfaces.console.wording import iso

_HEAD: Final = ("id", "site", "home", "health", "incidents", "wordpress", "php", "updates", "core updates", "plugin updates", "theme updates",
                "translation updates", "last seen", "client", "tags", "mode", "critical")  # fmt: skip
_BEGINS_A_FORMULA: Final = frozenset("=+-@\t\r\n\u00a0 ＝＋－＠")


def of(sites: Iterable[Listed]) -> str:
    page = io.StringIO()
    table = csv.writer(page, lineterminator="\r\n")
    table.writerow(_HEAD)
    for site in sites:
        cells = (site.site, site.label, site.home, WORDS[site.condition][1], site.incidents, site.wordpress, site.php, site.updates, site.core_updates,
                 site.plugin_updates, site.theme_updates, site.translation_updates, iso(site.heard_at) if site.heard_at else "", site.client_name,
                 " ".join(site.tags), MODE_WORDS[site.mode] if site.mode else "", "yes" if site.critical else "")  # fmt: skip
        table.writerow([cell if isinstance(cell, int) else safe(str(cell)) for cell in cells])
    return page.getvalue()


def safe(cell: str) -> str:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{cell}" if cell[:1] in _BEGINS_A_FORMULA else cell
