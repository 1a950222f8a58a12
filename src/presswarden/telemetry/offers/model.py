"""One update that a site's own WordPress is offered. Limits: the site's word, bounded and typed; whether it is worth taking is not asked here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from presswarden.kernel.canonical import Json
from presswarden.telemetry.model import Component, Components

PREFIX = "update:"
LONGEST_COMPONENT = 300
LONGEST_VERSION = 100
LONGEST_URL = 500
MOST_OFFERS = 2_000
"""Of one site at one time; more than any real site has."""
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*\Z")
_URL = re.compile(r"https?://[!-~]+\Z")


@dataclass(frozen=True, slots=True)
class Named:
    """An offer as the inventory names it."""

    component: str
    """Key of what would be updated: `plugin:a/a.php`."""
    version: str
    package: bool
    """WordPress was told where to get it; it is not where a licence is missing."""
    url: str
    """Where, as far as the site tells us; "" for what is not to be told."""
    requires_php: str
    requires_wp: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The same, and since when this site is offered it."""

    named: Named
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A package that some site of the organisation is offered, and its address."""

    component: str
    version: str
    url: str


def named(components: Components) -> Iterator[Named]:
    """The offers in an inventory, at most `MOST_OFFERS`. What is too long for any real offer, or is not plain, is none."""
    counted = 0
    for key in sorted(key for key in components if key.startswith(PREFIX)):
        found = _read(key.removeprefix(PREFIX), components[key])
        if found is not None:
            yield found
            counted += 1
        if counted == MOST_OFFERS:
            return


def _read(component: str, said: Component) -> Named | None:
    version = _text(said.get("version"))
    if len(component) > LONGEST_COMPONENT or len(version) > LONGEST_VERSION or not _PLAIN.match(version):
        return None
    url = _text(said.get("url"))
    if len(url) > LONGEST_URL or not _URL.match(url):
        url = ""
    return Named(component, version, said.get("package") is True, url, _text(said.get("requires_php")), _text(said.get("requires_wp")))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
