"""The catalogue stands three times (PHP, Python, schemas), because neither half trusts the other's copy; here the three are compared."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from presswarden.actions.catalogue import CATALOGUE
from tests.contract.reading import CONTRACT, ROOT, schema, vector_file

EXPORT = r"""
require $argv[1] . '/connector/autoload.php';
$found = array();
foreach ( Presswarden\Connector\Core\Catalogue::actions() as $tool => $spec ) {
    $found[ $tool ] = array( $spec->class, $spec->risk, $spec->capability, $spec->reversible, $spec->args );
}
echo json_encode( $found );
"""


@pytest.fixture(scope="module")
def php() -> dict[str, Any]:
    if shutil.which("php") is None:
        pytest.skip("PHP is not on this machine")
    told = subprocess.run(["php", "-r", EXPORT, "--", str(ROOT)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def members(args: Any) -> dict[str, str]:
    """Member => type of a closed object whose members are all required."""
    properties = args.get("properties") or {}
    assert args["additionalProperties"] is False
    assert sorted(args.get("required") or []) == sorted(properties)
    return {name: value["type"] for name, value in properties.items()}


@pytest.mark.req("P5", "W10")
def test_php_python_and_the_schemas_name_the_same_tools(php: dict[str, Any]) -> None:
    named = {path.stem for path in (CONTRACT / "schemas" / "actions").glob("*.json")}
    assert set(php) == set(CATALOGUE) == named


@pytest.mark.req("P5", "W10")
def test_php_python_and_the_schemas_agree_on_each_tool(php: dict[str, Any]) -> None:
    for tool, action in CATALOGUE.items():
        kind, risk, capability, reversible, args = php[tool]
        written: Any = schema(f"actions/{tool}").schema
        assert kind == action.klass.value == written["x-class"], tool
        assert (risk, capability, reversible) == (action.risk.value, action.capability, action.reversible), tool
        assert members(args) == members(action.args) == members(written["properties"]["args"]), tool


@pytest.mark.req("P5")
def test_the_rotations_of_the_vectors_fit_the_arguments_unless_their_shape_is_refused() -> None:
    check = schema("actions/control.rotate")
    fits = {
        c["name"]: check.is_valid({"args": c["args"], "result": {"epoch": 2, "kid": "0" * 16}}) for c in vector_file("rotations")["cases"]
    }
    assert fits["a rotation to the next epoch is taken"]
    assert not fits["a rotation that goes back is refused"]
    assert not fits["a rotation to a key that is too short is refused"]
    assert not fits["a rotation with an empty signature is refused"]


def test_the_words_are_256_different_plain_words() -> None:
    words = json.loads((CONTRACT / "words.json").read_text())
    assert len(words) == len(set(words)) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() and 4 <= len(word) <= 7 for word in words)
    assert len({word[:3] for word in words}) > 150
