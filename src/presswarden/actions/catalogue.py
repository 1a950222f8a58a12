"""The catalogue: every tool of the wire, and the strict check of its arguments.

Nothing outside this list can be asked of a site, whatever a caller writes. Limits: the site checks again, by its own copy of the schema.
"""

from collections.abc import Mapping
from typing import Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from presswarden.actions.model import Action, ArgsInvalid, Klass, Risk, ToolUnknown
from presswarden.kernel.canonical import Json


def _object(**properties: Json) -> dict[str, Json]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": sorted(properties)}


_NOTHING: Final = _object()
_REASON: Final = _object(reason={"type": "string", "maxLength": 200})
# Lengths beside the patterns: Python's `$` also matches before a last line feed. The last letters: base64 has one spelling for each key.
_KEY: Final[Json] = {"type": "string", "pattern": "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$", "maxLength": 44, "minLength": 44}
_SIGNATURE: Final[Json] = {"type": "string", "pattern": "^[A-Za-z0-9+/]{85}[AQgw]==$", "maxLength": 88, "minLength": 88}
_EPOCH: Final[Json] = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
_HOME: Final[Json] = {
    "type": "string",
    "pattern": "^https?://[a-z0-9._\\-\\[\\]:]+(/[!-~]+)?$",
    "not": {"pattern": "\\n"},
    "maxLength": 200,
    "minLength": 8,
}
_ID: Final[Json] = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
    "maxLength": 36,
    "minLength": 36,
}
_ID_OR_NONE: Final[Json] = {
    "type": "string",
    "pattern": "^(?:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})?$",
    "not": {"pattern": "\\n"},
    "maxLength": 36,
}
_DEADLINE: Final[Json] = {"type": "integer", "minimum": 60, "maximum": 3600}
_SECONDS: Final[Json] = {"type": "integer", "minimum": 1, "maximum": 25}
_STEP: Final[Json] = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
_VERSION: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 100}
_SCOPE: Final[Json] = {"type": "string", "enum": ["files", "database"]}


def _component(pattern: str) -> Json:
    return {"type": "string", "pattern": pattern, "not": {"pattern": "\\n"}, "maxLength": 400}


_PLUGIN: Final = _component(r"^plugin:[^\x00-\x1f\x7f\\]+$")
_THEME: Final = _component(r"^theme:[^\x00-\x1f\x7f\\]+$")
_CONNECTOR: Final = _component(r"^plugin:[^\x00-\x1f\x7f\\/]+/presswarden-connector\.php$")
_CORE: Final = _component("^core$")
_TRANSLATION: Final = _component(r"^translation:(?:core|plugin|theme):[^\x00-\x1f\x7f\\/:]+:[A-Za-z0-9_@-]+$")
_ANY: Final = _component(r"^(?:core|(?:plugin|theme|translation):[^\x00-\x1f\x7f\\]+)$")


def _read(tool: str, says: str) -> Action:
    return Action(tool, Klass.READ, Risk.NONE, "read", _NOTHING, reversible=True, says=says)


def _control(tool: str, args: Mapping[str, Json], says: str, *, reversible: bool) -> Action:
    return Action(tool, Klass.CONTROL, Risk.NONE, "", args, reversible=reversible, says=says)


def _prepare(tool: str, args: Mapping[str, Json], says: str) -> Action:
    return Action(tool, Klass.PREPARE, Risk.LOW, "read", args, reversible=True, says=says)


def _update(tool: str, risk: Risk, capability: str, component: Json, snapshot: Json, says: str) -> Action:
    args = _object(change=_ID, component=component, deadline=_DEADLINE, snapshot=snapshot, version=_VERSION)
    return Action(tool, Klass.CHANGE, risk, capability, args, reversible=True, says=says)


def _switch(tool: str, capability: str, says: str) -> Action:
    args = _object(change=_ID, component=_PLUGIN, deadline=_DEADLINE, snapshot=_ID_OR_NONE)
    return Action(tool, Klass.CHANGE, Risk.MEDIUM, capability, args, reversible=True, says=says)


def _recover(tool: str, risk: Risk, capability: str, args: Mapping[str, Json], says: str) -> Action:
    return Action(tool, Klass.RECOVER, risk, capability, args, reversible=False, says=says)


_ACTIONS: Final = (
    _read("wp.site.get_environment", "PHP, server, WordPress and database versions, limits and switches"),
    _read("wp.site.inventory", "core, plugins, themes, translations, available updates, Application Password ages"),
    _read("wp.site.health", "whether WordPress boots, what is paused, what needs repair"),
    _read("wp.snapshot.list", "the snapshots that the site keeps"),
    _prepare(
        "wp.snapshot.create",
        _object(component=_ANY, database={"type": "boolean"}, seconds=_SECONDS, snapshot=_ID, step=_STEP),
        "packs a component's files, and the database if asked, into the connector's own folder; in steps",
    ),
    _prepare("wp.snapshot.verify", _object(seconds=_SECONDS, snapshot=_ID, step=_STEP), "reads a snapshot back, every byte; in steps"),
    _prepare(
        "wp.snapshot.stage",
        _object(seconds=_SECONDS, snapshot=_ID, step=_STEP),
        "lays a snapshot's tables beside the live ones; in steps",
    ),
    Action(
        "wp.snapshot.delete",
        Klass.CHANGE,
        Risk.HIGH,
        "update_plugins",
        _object(snapshot=_ID),
        reversible=False,
        says="deletes a snapshot for good",
    ),
    _recover(
        "wp.snapshot.restore",
        Risk.HIGH,
        "update_plugins",
        _object(change=_ID_OR_NONE, scope=_SCOPE, snapshot=_ID),
        "takes an open change back, or restores a kept snapshot",
    ),
    _update("wp.plugin.update", Risk.MEDIUM, "update_plugins", _PLUGIN, _ID, "updates one plugin to one version"),
    _update(
        "wp.connector.update",
        Risk.MEDIUM,
        "update_plugins",
        _CONNECTOR,
        _ID,
        "updates the connector itself, to a release that its release key signed",
    ),
    _update("wp.theme.update", Risk.MEDIUM, "update_themes", _THEME, _ID, "updates one theme to one version"),
    _update("wp.core.update", Risk.HIGH, "update_core", _CORE, _ID, "updates WordPress itself to one version"),
    _update("wp.translation.update", Risk.LOW, "update_languages", _TRANSLATION, _ID_OR_NONE, "updates one language pack"),
    _switch("wp.plugin.activate", "activate_plugins", "switches a plugin on"),
    _switch("wp.plugin.deactivate", "deactivate_plugins", "switches a plugin off"),
    _recover("wp.change.close", Risk.LOW, "update_plugins", _object(change=_ID), "says that an open change is good"),
    _recover("wp.maintenance.clear", Risk.LOW, "update_core", _NOTHING, "removes a maintenance file that was left behind"),
    _control("control.confirm", _NOTHING, "the first signed call of a pairing", reversible=False),
    _control("control.pause", _REASON, "the site refuses everything but control calls and health", reversible=True),
    _control("control.resume", _NOTHING, "lifts our own pause, never a local one", reversible=True),
    _control("control.revoke", _REASON, "ends the pairing and deletes the site's keys", reversible=False),
    _control(
        "control.rotate",
        _object(epoch=_EPOCH, public_key=_KEY, signature=_SIGNATURE),
        "a new control key; the old one ends within 24 h",
        reversible=False,
    ),
    _control("control.rotate_site", _NOTHING, "the site makes itself a new key", reversible=False),
    _control("control.moved", _object(home=_HOME), "both sides pin the new address of a site that moved", reversible=False),
)

CATALOGUE: Final[Mapping[str, Action]] = {action.tool: action for action in _ACTIONS}


def action_of(tool: str) -> Action:
    """The entry of `tool`. Raises `ToolUnknown`."""
    found = CATALOGUE.get(tool)
    if found is None:
        raise ToolUnknown("There is no such tool in the catalogue.", do=f"Tools that read: {', '.join(readable())}.")
    return found


def readable() -> tuple[str, ...]:
    """The tools that only read, in the catalogue's order."""
    return tuple(action.tool for action in _ACTIONS if action.klass is Klass.READ)


def check_args(tool: str, args: Mapping[str, Json]) -> None:
    """Raise `ArgsInvalid` unless `args` fit the tool's schema; the text names the place, never the value."""
    check(action_of(tool), args)


def check(action: Action, args: Mapping[str, Json]) -> None:
    """As `check_args`, for an entry in hand."""
    fault = best_match(Draft202012Validator(dict(action.args)).iter_errors(args))
    if fault is not None:
        place = "/".join(("args", *(str(part) for part in fault.absolute_path)))
        raise ArgsInvalid(
            f"The arguments of {action.tool} do not fit: {place} breaks the rule `{fault.validator}`.",
            do="See docs/reference for the arguments of each tool.",
            where=place,
        )
