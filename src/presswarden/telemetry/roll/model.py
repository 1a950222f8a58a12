"""What a site runs, short enough to sort ten thousand sites by. Limits: the site's word, cut to what columns hold; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from presswarden.kernel.canonical import Json
from presswarden.telemetry.model import Component, Components
from presswarden.telemetry.offers import model as offers

LONGEST_KEY, LONGEST_NAME, LONGEST_VERSION = offers.LONGEST_COMPONENT, 200, offers.LONGEST_VERSION
MOST_COMPONENTS = 2_000
"""Of one site; more than any real site has."""
_LISTED = ("plugin:", "theme:")
_SINGLE = ("core", "php")
_NAMES = {"core": "WordPress", "php": "PHP"}


@dataclass(frozen=True, slots=True)
class Running:
    component: str
    name: str
    version: str
    active: bool


@dataclass(frozen=True, slots=True)
class Roll:
    """One site in short."""

    wordpress: str
    php: str
    core_updates: int
    plugin_updates: int
    theme_updates: int
    translation_updates: int

    @property
    def updates(self) -> int:
        return self.core_updates + self.plugin_updates + self.theme_updates + self.translation_updates


def roll_of(components: Components) -> Roll:
    counts = dict.fromkeys(("core", "plugin", "theme", "translation"), 0)
    for offer in offers.named(components):
        kind = offer.component.partition(":")[0]
        if kind in counts:
            counts[kind] += 1
    return Roll(_version(components.get("core", {})), _version(components.get("php", {})), *counts.values())


def running(components: Components) -> Mapping[str, Running]:
    """WordPress, PHP, plugins and themes, by key; at most `MOST_COMPONENTS`."""
    keys = [key for key in sorted(components) if (key in _SINGLE or key.startswith(_LISTED)) and len(key) <= LONGEST_KEY]
    return {key: _running(key, components[key]) for key in keys[:MOST_COMPONENTS]}


def _running(key: str, said: Component) -> Running:
    name = _text(said.get("name"))[:LONGEST_NAME] or _NAMES.get(key) or key.partition(":")[2][:LONGEST_NAME]
    return Running(key, name, _version(said), said.get("active", True) is True)


def _version(said: Component) -> str:
    return _text(said.get("version"))[:LONGEST_VERSION]


def _text(value: Json) -> str:
    return value.replace("\x00", "") if isinstance(value, str) else ""
