"""The heartbeats and inventories of the contract: what it accepts is read, and every delta in it leads to the hash it names."""

import json
from pathlib import Path
from typing import Any

import pytest

from presswarden.kernel.canonical import decode_object
from presswarden.kernel.errors import Malformed
from presswarden.telemetry import documents
from presswarden.telemetry.model import Delta, inventory_hash

VECTORS = Path(__file__).parents[3] / "contract" / "vectors"
HEARTBEATS: list[dict[str, Any]] = json.loads((VECTORS / "heartbeats.json").read_text("utf-8"))["cases"]
ACCEPTED = {case["name"]: case for case in HEARTBEATS if case.get("accept")}
MALFORMED = {case["name"]: case for case in HEARTBEATS if case.get("refuse") == "request.malformed"}
DELTAS: list[dict[str, Any]] = json.loads((VECTORS / "inventories.json").read_text("utf-8"))["cases"]


@pytest.mark.req("X3", "N4")
@pytest.mark.parametrize("name", ACCEPTED)
def test_a_heartbeat_that_the_contract_accepts_is_read(name: str) -> None:
    body = decode_object(ACCEPTED[name]["body"].encode())
    heard = documents.heartbeat(body)
    assert heard.seq == body["seq"]
    if heard.inventory is not None:
        assert inventory_hash(heard.inventory) == heard.inventory_hash


@pytest.mark.req("X3")
@pytest.mark.parametrize("name", MALFORMED)
def test_a_heartbeat_that_the_contract_calls_malformed_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        documents.heartbeat(decode_object(MALFORMED[name]["body"].encode()))


@pytest.mark.req("N4")
@pytest.mark.parametrize("case", DELTAS, ids=lambda case: str(case["name"]))
def test_a_delta_of_the_contract_leads_to_the_inventory_it_names(case: dict[str, Any]) -> None:
    delta = Delta(case["delta"]["base"], case["delta"]["set"], tuple(case["delta"]["unset"]))
    applied = delta.applied_to(case["older"])
    assert inventory_hash(case["older"]) == delta.base
    assert applied is not None
    assert applied == case["newer"]
    assert inventory_hash(applied) == case["hash"]
