"""A policy document made from another by what people fill in: the settings of its block `operations`, a hold more or less. Pure.

Limits: makes documents and judges none; whether one may be set, and by whom, is asked when it is filed.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import Malformed
from presswarden.policy import presets

LARGEST: Final = 1_048_576
DEFAULTS: Final[Mapping[str, Json]] = {}
"""Operations that say nothing: the built-in ones hold."""


def base(current: Mapping[str, Json] | None, *, policy_id: str, concerns: str, at: datetime) -> dict[str, Json]:
    """The document to start from: the one in force, or one that says what holds without any."""
    if current is not None:
        return dict(current)
    plain = dict(presets.document(presets.DEFAULT, policy_id=policy_id, concerns=concerns, at=at))
    return {**plain, "name": "Our own", "operations": dict(DEFAULTS)}


def parse(raw: str | bytes) -> dict[str, Json]:
    """The JSON object in a text; fractions are allowed, they are amounts of money. Raises `Malformed` and, for what is no JSON, `ValueError`."""
    if len(raw) > LARGEST:
        raise ValueError("too large")
    found = json.loads(raw, object_pairs_hook=_unique)
    if not isinstance(found, dict):
        raise Malformed("The text holds no JSON object.", do="Give one policy document.")
    return found


def operations_of(document: Mapping[str, Json]) -> dict[str, Json]:
    found = document.get("operations")
    return dict(found) if isinstance(found, Mapping) else {}


def with_operations(document: Mapping[str, Json], settings: Mapping[str, Json], *, at: datetime) -> dict[str, Json]:
    """`settings` put over the block; None takes a setting out, so that the default holds."""
    after = {**operations_of(document), **settings}
    told = {name: value for name, value in after.items() if value is not None}
    return {**document, "operations": told, "updated_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def with_hold(document: Mapping[str, Json], *, component: str, version: str, until: date, reason: str, at: datetime) -> dict[str, Json]:
    """One hold more; those that are over go."""
    held = [each for each in _holds(document) if str(each.get("until", "")) >= at.date().isoformat()]
    fresh: dict[str, Json] = {"component": component, "version": version, "until": until.isoformat(), "reason": reason}
    return with_operations(document, {"holds": [*held, fresh]}, at=at)


def without_hold(document: Mapping[str, Json], component: str, version: str, *, at: datetime) -> dict[str, Json]:
    """Every hold of this component on this version out."""
    left = [each for each in _holds(document) if (each.get("component"), each.get("version")) != (component, version)]
    return with_operations(document, {"holds": left}, at=at)


def _holds(document: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    listed = operations_of(document).get("holds")
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list | tuple) else []


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("The document repeats a key.", do="Write each key once.")
    return found
