"""The block `operations` of a policy document as fields, and back. Limits: reads texts and judges none; `policy.document` names the fault's place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from presswarden.actions.model import Risk
from presswarden.kernel.canonical import Json
from presswarden.policy import drafts
from presswarden.policy.model import Mode
from presswarden.policy.rules import Operations

DAYS: Final = (("mon", "Mon"), ("tue", "Tue"), ("wed", "Wed"), ("thu", "Thu"), ("fri", "Fri"), ("sat", "Sat"), ("sun", "Sun"))
_MODES: Final = ((Mode.OBSERVE.value, "Observe"), (Mode.APPROVE.value, "Approve"), (Mode.AUTONOMOUS.value, "Autonomous"))
_RISKS: Final = tuple((risk.value, risk.value.capitalize()) for risk in (Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL))
_NUMBERS: Final = ("snapshot_db_max_mb", "approval_hours", "execute_hours")
_WAITS: Final = ("patch", "minor", "major", "security")
_WINDOW: Final = ("window_days", "window_from", "window_to", "window_tz")
NAMES: Final = (
    "confidence_threshold", "default_mode", "max_mode", "automate", "core_minor", "core_major", "core_wait", *(f"wait_{one}" for one in _WAITS),
    *_WINDOW, *_NUMBERS, "wave_sizes",
)  # fmt: skip
LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Field:
    """`options` for a choice, else a text; `default` is what holds when it is left empty."""

    name: str
    label: str
    value: str
    hint: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The first change window. More than one is written in the document itself."""

    days: frozenset[str]
    begins: str
    ends: str
    zone: str
    more: int


def groups(document: Mapping[str, Json]) -> tuple[Group, ...]:
    """The fields as this document fills them."""
    given, usual = drafts.operations_of(document), Operations()
    core, waits = _mapping(given.get("core")), _mapping(given.get("wait_days"))
    return (
        Group(
            "How much happens without a person",
            (
                Field("default_mode", "New sites begin in mode", _text(given.get("default_mode")), _else(usual.default_mode), _MODES),
                Field("max_mode", "No site goes further than", _text(given.get("max_mode")), _else(usual.max_mode), _MODES),
                Field("confidence_threshold", "Confidence that a recommendation needs", _text(given.get("confidence_threshold")),
                      f"0.50 to 0.99; empty: {usual.confidence_threshold:g}. Lowering it needs a second owner."),
                Field("automate", "At low risk without a yes", _list(given.get("automate")), "Tools, with commas between; empty: none."),
            ),
        ),
        Group(
            "WordPress itself",
            (
                Field("core_minor", "Risk of minor releases", _text(core.get("minor")), _else(usual.core_minor), _RISKS),
                Field("core_major", "Risk of major releases", _text(core.get("major")), _else(usual.core_major), _RISKS),
                Field("core_wait", "Days to wait", _text(core.get("wait_days")), f"empty: {usual.core_wait_days}"),
            ),
        ),
        Group(
            "Days to wait after an update was first offered",
            tuple(Field(f"wait_{one}", f"{one.capitalize()} releases", _text(waits.get(one)), "empty: 0") for one in _WAITS),
        ),
        Group(
            "Clocks and sizes",
            (
                Field("approval_hours", "Hours for approvals", _text(given.get("approval_hours")), f"empty: {usual.approval_hours}"),
                Field("execute_hours", "Hours to begin, once approved", _text(given.get("execute_hours")), f"empty: {usual.execute_hours}"),
                Field("snapshot_db_max_mb", "Largest database in a snapshot, MB", _text(given.get("snapshot_db_max_mb")), f"empty: {usual.snapshot_db_max_mb}"),
                Field("wave_sizes", "Waves of a rollout", _list(given.get("wave_sizes")), f"empty: {', '.join(usual.wave_sizes)}"),
            ),
        ),
    )  # fmt: skip


def window(document: Mapping[str, Json]) -> Window:
    listed = drafts.operations_of(document).get("change_windows")
    found = [_mapping(each) for each in listed] if isinstance(listed, list | tuple) else []
    if not found:
        return Window(frozenset(), "", "", "site", 0)
    days = found[0].get("days")
    named = frozenset(str(day) for day in days) if isinstance(days, list | tuple) else frozenset()
    return Window(named, _text(found[0].get("from")), _text(found[0].get("to")), _text(found[0].get("tz")), len(found) - 1)


def settings(filled: Mapping[str, str], days: tuple[str, ...], *, keep_windows: bool) -> dict[str, Json]:
    """What was filled in, as settings to put over the block; an empty field leaves its setting out."""
    said = {name: filled.get(name, "").strip() for name in NAMES}
    core: dict[str, Json] = {
        name: value for name, value in (("minor", _or_none(said["core_minor"])), ("major", _or_none(said["core_major"])),
                                        ("wait_days", _number(said["core_wait"]))) if value is not None
    }  # fmt: skip
    waits: dict[str, Json] = {one: value for one in _WAITS if (value := _number(said[f"wait_{one}"])) is not None}
    told: dict[str, Json] = {
        "confidence_threshold": _number(said["confidence_threshold"]),
        "default_mode": _or_none(said["default_mode"]),
        "max_mode": _or_none(said["max_mode"]),
        "automate": _items(said["automate"]) if said["automate"] else None,
        "core": core or None,
        "wait_days": waits or None,
        "wave_sizes": _items(said["wave_sizes"]) if said["wave_sizes"] else None,
        **{name: _number(said[name]) for name in _NUMBERS},
    }
    if not keep_windows:
        begins, ends, zone = said["window_from"], said["window_to"], said["window_tz"] or "site"
        one: Json = {"days": list(days), "from": begins, "to": ends, "tz": zone}
        told["change_windows"] = [one] if days or begins or ends else None
    return told


def written(document: Mapping[str, Json]) -> str:
    """The document as people edit it."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _number(text: str) -> Json:
    """A number where it is one; else the text, which the document's reader refuses with its place."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value == value and abs(value) < 1e15 and value == int(value) else value


def _or_none(text: str) -> Json:
    return text or None


def _items(text: str) -> list[Json]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _text(value: Json) -> str:
    if isinstance(value, bool) or value is None or not isinstance(value, str | int | float):
        return ""
    return value if isinstance(value, str) else f"{value:g}"


def _list(value: Json) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else ""


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _else(usual: object) -> str:
    return f"empty: {usual}"
