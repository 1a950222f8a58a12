"""Whatever a real site says fits the schemas of `contract/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.connector.conftest import Paired

pytestmark = pytest.mark.site
SCHEMAS = Path(__file__).parents[2] / "contract" / "schemas"


def fits(name: str, value: Any, part: str = "") -> None:
    loaded = {path: json.loads(path.read_text()) for path in SCHEMAS.rglob("*.json")}
    registry: Registry[Any] = Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in loaded.values())
    schema = loaded[SCHEMAS / f"{name}.json"]
    if part:
        schema = {"$ref": f"{schema['$id']}#/properties/{part}"}
    Draft202012Validator(schema, registry=registry).validate(value)


@pytest.mark.req("P5")
@pytest.mark.parametrize("tool", ["wp.site.get_environment", "wp.site.inventory", "wp.site.health"])
def test_the_result_of_each_read_fits_its_schema(shared: Paired, tool: str) -> None:
    answer = shared.call(tool)
    fits("success", answer.json)
    fits(f"actions/{tool}", answer.result, "result")


def test_the_results_of_control_calls_fit_their_schemas(shared: Paired) -> None:
    for tool, args in (("control.pause", {"reason": "x"}), ("control.resume", {}), ("control.rotate_site", {})):
        fits(f"actions/{tool}", shared.call(tool, args).result, "result")
    fits("actions/control.confirm", shared.peer.confirmed[-1][1].result, "result")
    assert shared.site.wp("presswarden", "heartbeat").code == 0


def test_refusals_and_duplicates_fit_their_schemas(shared: Paired) -> None:
    message = shared.here.message("wp.site.health")
    shared.send(message)
    fits("duplicate", shared.send(message).json)
    fits("refusal", shared.call("wp.site.nothing").json)
    fits("refusal", shared.call("wp.site.health", ttl=301).json)


def test_heartbeats_and_posted_receipts_fit_their_schemas(shared: Paired) -> None:
    shared.peer.waiting = [shared.here.message("wp.site.health")]
    assert shared.site.wp("presswarden", "heartbeat").code == 0
    assert any("inventory" in received.body for received in shared.peer.heartbeats)
    for received in shared.peer.heartbeats:
        fits("heartbeat", received.body)
    fits("receipt-post", shared.peer.receipts[-1].body)
