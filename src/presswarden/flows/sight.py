"""What a site's answers say, read into values: its health, one component, the state of a change. Pure. Limits: a missing member counts as the worse answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from presswarden.dispatch.model import Page
from presswarden.kernel.canonical import Json

HEALTH: Final = "wp.site.health"
INVENTORY: Final = "wp.site.inventory"


class Stage(StrEnum):
    """Where an open change stands on the site (contract/wire.md, 13)."""

    APPLYING = "applying"
    CONFIRM = "confirm"
    CLOSED = "closed"
    RESTORING = "restoring"
    RESTORED = "restored"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    STRANGE = "strange"
    """A word that this version doesn't know."""


OPEN: Final = frozenset({Stage.APPLYING, Stage.CONFIRM, Stage.RESTORING})


@dataclass(frozen=True, slots=True)
class OnSite:
    """A change as the site tells of it."""

    id: str
    component: str
    stage: Stage
    why: str
    opened: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Fatal:
    """A place where PHP died. `at` is the last time, by the site's clock."""

    file: str
    line: int
    at: int

    @property
    def place(self) -> tuple[str, int]:
        return self.file, self.line

    def names(self, component: str) -> bool:
        """True when the file belongs to the component."""
        kind, _, name = component.partition(":")
        path = f"/{self.file}"
        match kind:
            case "core":
                return path.startswith(("/wp-admin/", "/wp-includes/")) or path.count("/") == 1
            case "plugin":
                folder, slash, _ = name.rpartition("/")
                return f"/plugins/{folder}/" in path if slash else path.endswith(f"/plugins/{name}")
            case "theme":
                return f"/themes/{name}/" in path
            case "translation":
                return "/languages/" in path
            case _:
                return False


@dataclass(frozen=True, slots=True)
class Health:
    site_time: int
    change: OnSite | None
    fatals: tuple[Fatal, ...]
    maintenance: str
    paused: str
    quiet: str
    repair: str
    database_answers: bool
    paused_extensions: tuple[str, ...]
    watchdog: bool

    def of(self, change: str) -> OnSite | None:
        """This change, when it is the newest one on the site."""
        return self.change if self.change is not None and self.change.id == change else None


@dataclass(frozen=True, slots=True)
class Component:
    version: str
    active: bool | None
    """None for what is neither on nor off."""
    revised: str


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a site from all sides. `health` None: the signed call got no answer that proves anything, and `code` says how."""

    health: Health | None
    code: str
    component: Component | None
    pages: tuple[Page, ...]
    blind: bool = False
    """Our own gate kept us from looking: this says nothing about the site."""


def health_of(result: Mapping[str, Json]) -> Health:
    return Health(
        _whole(result, "site_time"),
        _change(result.get("change")),
        tuple(_fatals(result.get("fatals"))),
        _text(result, "maintenance"),
        _text(result, "paused"),
        _text(result, "quiet"),
        _text(result, "repair"),
        result.get("database_answers") is True,
        tuple(name for name in _list(result.get("paused_extensions")) if isinstance(name, str)),
        result.get("watchdog") is True,
    )


def component_of(result: Mapping[str, Json], key: str) -> Component | None:
    """The component in the result of an inventory read; None when the site doesn't hold it."""
    inventory = result.get("inventory")
    found = inventory.get(key) if isinstance(inventory, Mapping) else None
    if not isinstance(found, Mapping):
        return None
    active = found.get("active")
    return Component(_text(found, "version"), active if isinstance(active, bool) else None, _text(found, "revised"))


def _change(value: Json) -> OnSite | None:
    if not isinstance(value, Mapping):
        return None
    state = _text(value, "state")
    stage = Stage(state) if state in {stage.value for stage in Stage} else Stage.STRANGE
    return OnSite(
        _text(value, "id"), _text(value, "component"), stage, _text(value, "why")[:60], _whole(value, "opened"), _whole(value, "deadline")
    )


def _fatals(value: Json) -> Iterator[Fatal]:
    for one in _list(value):
        if isinstance(one, Mapping):
            yield Fatal(_text(one, "file"), _whole(one, "line"), _whole(one, "at"))


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _text(of: Mapping[str, Json], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""


def _whole(of: Mapping[str, Json], name: str) -> int:
    value = of.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
