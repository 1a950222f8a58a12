"""The vectors are fresh, and each schema accepts what the contract accepts and refuses what its shape rules out."""

import json
import subprocess
import sys
from typing import Any

import pytest

from presswarden.kernel import canonical
from presswarden.kernel.errors import Malformed
from tests.contract.reading import CONTRACT, ROOT, Case, body_of, cases, schema, vector_file

SCHEMAS = sorted(str(p.relative_to(CONTRACT / "schemas").with_suffix("")) for p in (CONTRACT / "schemas").rglob("*.json"))


def test_the_vector_files_are_what_their_script_writes() -> None:
    told = subprocess.run([sys.executable, "contract/make_vectors.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_sound_and_closed(name: str) -> None:
    value: Any = schema(name).schema
    assert value["$id"] == "urn:presswarden:contract:1:" + name.replace("/", ":")
    assert value["title"]
    assert value["description"]
    open_objects = {place.rsplit("/", 1)[-1] for place, inner in walk(value) if is_open(inner)}
    # Described where it is known (args, before, result), a map of names (the others), or open to named extras (a problem's root).
    maps = {"inventory", "core", "set", "refusals", "skills", "headers", "additionalProperties"}
    assert open_objects <= {"args", "before", "result"} | maps | ({""} if name == "problem" else set())


def walk(value: Any, place: str = "") -> list[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        found = [(place, value)]
        for key, inner in value.items():
            found += walk(inner, f"{place}/{key}")
        return found
    return [hit for inner in value for hit in walk(inner, place)] if isinstance(value, list) else []


def is_open(value: dict[str, Any]) -> bool:
    return value.get("type") == "object" and value.get("additionalProperties") is not False


def call_schema(body: dict[str, Any]) -> str:
    return "call-plan" if "leaf" in body else "call-read"


@pytest.mark.req("P2", "P5")
@pytest.mark.parametrize("case", [c for c in cases("calls", "bodies", "plans") if "accept" in c.values[0]])
def test_an_accepted_call_fits_the_schemas(case: Case) -> None:
    body = canonical.decode_object(body_of(case))
    assert schema(call_schema(body)).is_valid(body)
    if not any(name.startswith("x_") for name in case["headers"]):
        assert schema("headers").is_valid(case["headers"])
    if "leaf" in body:
        assert schema("plan-header").is_valid(canonical.decode_object(str(body["header"]).encode()))
        assert schema("plan-leaf").is_valid(canonical.decode_object(str(body["leaf"]).encode()))


def shape_refusals() -> list[Any]:
    """Refused in check 1, but for headers that PHP alone sees (packed bodies, two spellings)."""
    return [c for c in cases("calls") if c.values[0].get("refuse") == "call.shape" and body_of(c.values[0]) and "headers" in c.values[0]]


@pytest.mark.req("P2")
@pytest.mark.parametrize("case", shape_refusals())
def test_headers_of_another_shape_do_not_fit_the_schema(case: Case) -> None:
    assert not schema("headers").is_valid(case["headers"])


@pytest.mark.req("P5")
@pytest.mark.parametrize("case", [c for c in cases("bodies", "plans") if c.values[0].get("refuse") in {"call.body", "call.shape"}])
def test_a_body_of_another_shape_is_no_strict_json_or_does_not_fit(case: Case) -> None:
    try:
        body = canonical.decode_object(body_of(case))
    except Malformed:
        return
    assert not schema("call-read").is_valid(body)
    assert not schema("call-plan").is_valid(body)


@pytest.mark.req("P7", "P8", "P9", "P10", "P11")
@pytest.mark.parametrize("case", cases("policies"))
def test_a_policy_document_is_accepted_or_refused_at_the_path_of_its_fault(case: Case) -> None:
    faults = list(schema("policy").iter_errors(case["document"]))
    if "accept" in case:
        assert faults == []
        return
    paths = {"/" + "/".join(str(step) for step in fault.absolute_path) for fault in faults}
    assert any(
        case["refuse"] == path or case["refuse"].startswith(path.rstrip("/") + "/") or path.startswith(case["refuse"] + "/")
        for path in paths
    ), paths


def test_a_cap_that_is_not_finite_is_refused() -> None:
    document = json.loads(json.dumps(vector_file("policies")["cases"][0]["document"]))
    for cap in (float("nan"), float("inf")):
        document["budgets"]["daily_cost_cap_usd"] = cap
        # NaN compares false with every bound, so only its text form stops it: the document must be read by a strict reader.
        with pytest.raises(Malformed):
            canonical.decode_object(json.dumps(document).encode())


@pytest.mark.req("X3")
@pytest.mark.parametrize("case", cases("heartbeats"))
def test_a_heartbeat_fits_its_schema_unless_its_shape_is_refused(case: Case) -> None:
    try:
        fits = schema("heartbeat").is_valid(canonical.decode_object(body_of(case)))
    except Malformed:
        fits = False
    wrong_direction = case["name"] == "a call's direction is refused as a heartbeat"
    assert fits is (case.get("refuse") != "request.malformed" and not wrong_direction)


@pytest.mark.parametrize("case", cases("sent"))
def test_a_message_a_site_sends_fits_its_schema(case: Case) -> None:
    name = {"receipt": "receipt-post"}.get(case["kind"], case["kind"])
    assert schema(name).is_valid(canonical.decode_object(case["text"].encode()))


@pytest.mark.parametrize("case", cases("orders"))
def test_a_standing_order_fits_its_schema_unless_its_shape_is_refused(case: Case) -> None:
    try:
        fits = schema("order").is_valid(canonical.decode_object(case["text"].encode()))
    except Malformed:
        fits = False
    assert fits or "refuse" in case
    if case.get("refuse") == "order.shape":
        assert not fits


def test_answers_and_requests_fit_their_schemas_and_nothing_else() -> None:
    done = {"result": {}, "status": "done", "v": 1}
    refused = {"code": "call.tool", "says": "x", "status": "refused", "v": 1}
    window = refused | {"code": "call.window", "site_time": 1_790_000_000}
    running = {"code": "call.duplicate", "says": "x", "state": "running", "status": "refused", "stored": None, "v": 1}
    stored = {"body": "{}", "signature": "A" * 86 + "==", "status": 200}
    right: dict[str, list[Any]] = {
        "success": [done],
        "refusal": [refused, window],
        "duplicate": [running, running | {"state": "done", "stored": stored}],
        "pairing-answer": [{"status": "confirming", "v": 1}],
        "problem": [{"code": "ingest.window", "do": "x", "says": "x", "v": 1, "control_time": 1_790_000_000}],
        "heartbeat-answer": [{"calls": [], "need": "", "order": "", "order_signature": "", "v": 1}],
        "accepted": [{"v": 1}],
        "receipt": [{"X-WP-Agent-ReceiptSignature": "A" * 43 + "=", "X-WP-Agent-ReceiptKid": "0" * 16}],
    }
    wrong: dict[str, list[Any]] = {
        "success": [done | {"extra": 1}, done | {"v": 2}, refused],
        "refusal": [done, refused | {"site_time": 1_790_000_000}, refused | {"code": "call.window"}, running, refused | {"code": "tool"}],
        "duplicate": [running | {"stored": stored}, running | {"state": "done"}, refused],
        "pairing-answer": [{"status": "paired", "v": 1}],
        "problem": [{"code": "ingest.window", "says": "x", "v": 1}],
        "heartbeat-answer": [
            {"calls": {}, "need": "", "order": "", "order_signature": "", "v": 1},
            {"calls": [], "need": "all", "order": "", "order_signature": "", "v": 1},
        ],
        "accepted": [{}, {"v": 1, "ok": True}],
        "receipt": [{"X-WP-Agent-ReceiptSignature": "", "X-WP-Agent-ReceiptKid": "0" * 16}],
    }
    for name, values in right.items():
        assert all(schema(name).is_valid(value) for value in values), name
    for name, values in wrong.items():
        assert not any(schema(name).is_valid(value) for value in values), name


def test_a_pairing_request_fits_by_its_mode() -> None:
    ed = {
        "alg": "ed25519", "connector": "0.1.0", "home": "https://site.example", "installation": "1da9ba1c-d905-4ec6-8119-1da5e4cf5807", "mac": "0" * 64,
        "nonce": "0" * 32, "php": "8.2.7", "public_key": "A" * 43 + "=", "signature": "A" * 86 + "==", "v": 1, "wordpress": "7.1.4",
    }  # fmt: skip
    hmac = ed | {"alg": "hmac-sha256", "public_key": "", "signature": ""}
    check = schema("pairing-request")
    assert check.is_valid(ed)
    assert check.is_valid(hmac)
    for fault in (
        ed | {"public_key": ""},
        hmac | {"public_key": ed["public_key"]},
        ed | {"alg": "none"},
        ed | {"home": "https://SITE.example"},
        ed | {"home": "https://a@b"},
    ):
        assert not check.is_valid(fault)
