"""Arguments are checked against the catalogue before anything is signed. Limits: the site's own check has its own tests."""

import json
from pathlib import Path

import pytest

from presswarden.actions.catalogue import CATALOGUE, action_of, check_args, readable
from presswarden.actions.model import ArgsInvalid, Klass, Risk, ToolUnknown

_KEY = "A" * 43 + "="
_SIGNATURE = "A" * 86 + "=="
_ID = "8c6a1f4e-0b7d-4e2a-9a51-3f2b6c7d8e90"
_UPDATE = {"change": _ID, "component": "plugin:a/a.php", "deadline": 900, "snapshot": _ID, "version": "2.0"}
_SWITCH = {"change": _ID, "component": "plugin:a/a.php", "deadline": 900, "snapshot": ""}
_CREATE = {"component": "core", "database": True, "seconds": 10, "snapshot": _ID, "step": 0}
_RESTORE = {"change": _ID, "scope": "files", "snapshot": _ID}
_GERMAN = "translation:plugin:a:de_DE"

ACCEPTED = [
    ("wp.site.inventory", {}),
    ("control.pause", {"reason": "maintenance"}),
    ("control.pause", {"reason": "x" * 200}),
    ("control.resume", {}),
    ("control.rotate", {"epoch": 2, "public_key": _KEY, "signature": _SIGNATURE}),
    ("control.moved", {"home": "https://new.example/blog"}),
    ("wp.plugin.update", _UPDATE),
    ("wp.plugin.update", _UPDATE | {"component": "plugin:hello.php", "deadline": 60}),
    ("wp.theme.update", _UPDATE | {"component": "theme:twentytwentyfive", "deadline": 3600}),
    ("wp.core.update", _UPDATE | {"component": "core"}),
    ("wp.translation.update", _UPDATE | {"component": _GERMAN}),
    ("wp.translation.update", _UPDATE | {"component": _GERMAN, "snapshot": ""}),
    ("wp.plugin.activate", _SWITCH),
    ("wp.plugin.deactivate", _SWITCH | {"snapshot": _ID}),
    ("wp.snapshot.create", _CREATE),
    ("wp.snapshot.create", _CREATE | {"component": _GERMAN, "database": False, "seconds": 25, "step": 1_000_000}),
    ("wp.snapshot.verify", {"seconds": 1, "snapshot": _ID, "step": 3}),
    ("wp.snapshot.stage", {"seconds": 1, "snapshot": _ID, "step": 3}),
    ("wp.snapshot.list", {}),
    ("wp.snapshot.delete", {"snapshot": _ID}),
    ("wp.snapshot.restore", _RESTORE),
    ("wp.snapshot.restore", _RESTORE | {"change": "", "scope": "database"}),
    ("wp.change.close", {"change": _ID}),
    ("wp.maintenance.clear", {}),
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
    ("wp.plugin.update", _UPDATE | {"component": "theme:a"}, "args/component"),
    ("wp.plugin.update", _UPDATE | {"component": "plugin:"}, "args/component"),
    ("wp.plugin.update", _UPDATE | {"component": "plugin:a\n"}, "args/component"),
    ("wp.plugin.update", _UPDATE | {"component": "plugin:a\\b.php"}, "args/component"),
    ("wp.plugin.update", _UPDATE | {"component": "plugin:" + "a" * 400}, "args/component"),
    ("wp.plugin.update", _UPDATE | {"snapshot": ""}, "args/snapshot"),
    ("wp.plugin.update", _UPDATE | {"change": _ID + "\n"}, "args/change"),
    ("wp.plugin.update", _UPDATE | {"change": _ID.upper()}, "args/change"),
    ("wp.plugin.update", _UPDATE | {"deadline": 59}, "args/deadline"),
    ("wp.plugin.update", _UPDATE | {"deadline": 3601}, "args/deadline"),
    ("wp.plugin.update", _UPDATE | {"version": ""}, "args/version"),
    ("wp.plugin.update", _UPDATE | {"url": "https://evil.example/a.zip"}, "args"),
    ("wp.plugin.update", {key: value for key, value in _UPDATE.items() if key != "version"}, "args"),
    ("wp.theme.update", _UPDATE, "args/component"),
    ("wp.core.update", _UPDATE | {"component": "core "}, "args/component"),
    ("wp.translation.update", _UPDATE | {"component": "translation:plugin:../a:de_DE"}, "args/component"),
    ("wp.translation.update", _UPDATE | {"component": _GERMAN, "snapshot": "none"}, "args/snapshot"),
    ("wp.plugin.activate", _SWITCH | {"component": "core"}, "args/component"),
    ("wp.plugin.deactivate", _SWITCH | {"snapshot": "\n"}, "args/snapshot"),
    ("wp.snapshot.create", _CREATE | {"seconds": 26}, "args/seconds"),
    ("wp.snapshot.create", _CREATE | {"step": -1}, "args/step"),
    ("wp.snapshot.create", _CREATE | {"database": 1}, "args/database"),
    ("wp.snapshot.create", _CREATE | {"component": "dropin:x"}, "args/component"),
    ("wp.snapshot.verify", {"seconds": 1, "snapshot": "", "step": 0}, "args/snapshot"),
    ("wp.snapshot.list", {"path": "/"}, "args"),
    ("wp.snapshot.delete", {"snapshot": "../" + _ID}, "args/snapshot"),
    ("wp.snapshot.restore", _RESTORE | {"scope": "all"}, "args/scope"),
    ("wp.change.close", {}, "args"),
    ("wp.maintenance.clear", {"force": True}, "args"),
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
    assert readable() == ("wp.site.get_environment", "wp.site.inventory", "wp.site.health", "wp.snapshot.list")
    for tool, action in CATALOGUE.items():
        assert tool == action.tool
        assert (action.klass is Klass.CONTROL) is tool.startswith("control.")
        assert (action.capability == "") == (action.klass is Klass.CONTROL)
        assert (action.risk is Risk.NONE) == (action.klass in {Klass.READ, Klass.CONTROL})


@pytest.mark.req("W10")
def test_what_changes_a_site_is_a_change_or_a_recovery():
    preparing = {tool for tool, action in CATALOGUE.items() if action.klass is Klass.PREPARE}
    assert preparing == {"wp.snapshot.create", "wp.snapshot.stage", "wp.snapshot.verify"}
    assert {tool for tool, action in CATALOGUE.items() if action.klass is Klass.RECOVER} == {
        "wp.snapshot.restore",
        "wp.change.close",
        "wp.maintenance.clear",
    }
    assert {tool: action.risk for tool, action in CATALOGUE.items() if action.klass is Klass.CHANGE} == {
        "wp.snapshot.delete": Risk.HIGH,
        "wp.plugin.update": Risk.MEDIUM,
        "wp.connector.update": Risk.MEDIUM,
        "wp.theme.update": Risk.MEDIUM,
        "wp.core.update": Risk.HIGH,
        "wp.translation.update": Risk.LOW,
        "wp.plugin.activate": Risk.MEDIUM,
        "wp.plugin.deactivate": Risk.MEDIUM,
    }


_SCHEMAS = Path(__file__).parents[3] / "contract" / "schemas" / "actions"


def test_the_catalogue_holds_the_tools_of_the_contract_and_no_other():
    assert {path.name.removesuffix(".json") for path in _SCHEMAS.glob("*.json")} == set(CATALOGUE)


@pytest.mark.parametrize("tool", sorted(CATALOGUE))
def test_class_and_arguments_are_those_of_the_contract(tool):
    promised = json.loads((_SCHEMAS / f"{tool}.json").read_text(encoding="utf-8"))
    ours = json.loads(json.dumps(CATALOGUE[tool].args))
    theirs = promised["properties"]["args"]
    for name, schema in ours["properties"].items():
        if "not" not in theirs["properties"].get(name, {}):
            schema.pop("not", None)  # stricter than the contract, never laxer
    assert (promised["x-class"], theirs) == (CATALOGUE[tool].klass, ours)
