"""Arguments are checked against the catalogue before anything is signed. Limits: the site's own check has its own tests."""

import json
from pathlib import Path

import pytest

from presswarden.actions.catalogue import CATALOGUE, action_of, check_args, readable
from presswarden.actions.model import ArgsInvalid, Klass, ToolUnknown

_KEY = "A" * 43 + "="
_SIGNATURE = "A" * 86 + "=="

ACCEPTED = [
    ("wp.site.inventory", {}),
    ("control.pause", {"reason": "maintenance"}),
    ("control.pause", {"reason": "x" * 200}),
    ("control.resume", {}),
    ("control.rotate", {"epoch": 2, "public_key": _KEY, "signature": _SIGNATURE}),
    ("control.moved", {"home": "https://new.example/blog"}),
]
REFUSED = [
    ("wp.site.inventory", {"path": "/etc"}, "args"),
    ("control.pause", {}, "args"),
    ("control.pause", {"reason": "x" * 201}, "args/reason"),
    ("control.pause", {"reason": 7}, "args/reason"),
    ("control.pause", {"reason": "x", "force": True}, "args"),
    ("control.rotate", {"epoch": 0, "public_key": _KEY, "signature": _SIGNATURE}, "args/epoch"),
    ("control.rotate", {"epoch": True, "public_key": _KEY, "signature": _SIGNATURE}, "args/epoch"),
    ("control.rotate", {"epoch": 2, "public_key": _KEY[:-1], "signature": _SIGNATURE}, "args/public_key"),
    ("control.rotate", {"epoch": 2, "public_key": _KEY + "\n", "signature": _SIGNATURE}, "args/public_key"),
    ("control.moved", {"home": "javascript:alert(1)"}, "args/home"),
    ("control.moved", {"home": "https://new.example/ x"}, "args/home"),
    ("control.moved", {"home": "https://new.example/\n"}, "args/home"),
]


@pytest.mark.req("P5", "W10")
@pytest.mark.parametrize(("tool", "args"), ACCEPTED)
def test_arguments_that_fit_are_accepted(tool, args):
    check_args(tool, args)


@pytest.mark.req("P5", "W10")
@pytest.mark.parametrize(("tool", "args", "where"), REFUSED)
def test_arguments_that_do_not_fit_are_refused_with_their_place(tool, args, where):
    with pytest.raises(ArgsInvalid) as refused:
        check_args(tool, args)
    assert refused.value.where == where


def test_a_refusal_never_repeats_the_value():
    with pytest.raises(ArgsInvalid) as refused:
        check_args("control.pause", {"reason": "s3cret" * 50})
    assert "s3cret" not in refused.value.says


@pytest.mark.req("W10")
@pytest.mark.parametrize("tool", ["wp.php.eval", "wp.site.inventory ", "", "WP.SITE.HEALTH", "wp.plugin.install_from_url"])
def test_a_tool_outside_the_catalogue_is_unknown(tool):
    with pytest.raises(ToolUnknown):
        action_of(tool)
    with pytest.raises(ToolUnknown):
        check_args(tool, {})


def test_reads_are_reads_and_control_is_control():
    assert readable() == ("wp.site.get_environment", "wp.site.inventory", "wp.site.health")
    for tool, action in CATALOGUE.items():
        assert tool == action.tool
        assert action.klass is (Klass.CONTROL if tool.startswith("control.") else Klass.READ)
        assert (action.capability == "") == (action.klass is Klass.CONTROL)


_SCHEMAS = Path(__file__).parents[3] / "contract" / "schemas" / "actions"


def test_the_catalogue_holds_the_tools_of_the_contract_and_no_other():
    assert {path.name.removesuffix(".json") for path in _SCHEMAS.glob("*.json")} == set(CATALOGUE)


@pytest.mark.parametrize("tool", sorted(CATALOGUE))
def test_class_and_arguments_are_those_of_the_contract(tool):
    promised = json.loads((_SCHEMAS / f"{tool}.json").read_text(encoding="utf-8"))
    ours = json.loads(json.dumps(CATALOGUE[tool].args))
    for schema in ours["properties"].values():
        schema.pop("not", None)  # stricter than the contract, never laxer
    assert (promised["x-class"], promised["properties"]["args"]) == (CATALOGUE[tool].klass, ours)
