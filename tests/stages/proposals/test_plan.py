"""A plan is the exact bytes that are approved. Limits: that a connector takes them is shown on real sites and by the vectors of `contract/`."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presswarden.actions.model import ArgsInvalid, Risk
from presswarden.kernel import merkle
from presswarden.kernel.clock import unix
from presswarden.kernel.ids import OrgId, ProposalId, new_id
from presswarden.proposals import plan
from presswarden.proposals.model import Item, LeafRole, Plan, PlanRefused
from tests.contract.reading import schema
from tests.stages.proposals.drafts import NOW, item

ORG, PLAN = OrgId(new_id()), ProposalId(new_id())
TRANSLATION = ("wp.translation.update", "translation:plugin:a:de_DE")


def numbered() -> Callable[[], str]:
    return map("{:08x}-0000-4000-8000-000000000000".format, itertools.count(1)).__next__


def made(*items: Item, **more: Any) -> Plan:
    whole: dict[str, Any] = {
        "plan": PLAN,
        "org": ORG,
        "level": Risk.MEDIUM,
        "approvals": 1,
        "not_before": NOW,
        "not_after": NOW + timedelta(hours=96),
        "ids": numbered(),
    }
    return plan.make(items=items, **(whole | more))


AGAIN = ("close_again", "wp.change.close")


def roles(found: Plan) -> list[tuple[str, str]]:
    return [(leaf.role.value, leaf.tool) for leaf in found.leaves]


AROUND = [
    (
        item(),
        [
            ("act", "wp.plugin.update"),
            ("close", "wp.change.close"),
            ("take_back", "wp.snapshot.restore"),
            ("deactivate", "wp.plugin.deactivate"),
            AGAIN,
        ],
    ),
    (
        item("wp.theme.update", "theme:t"),
        [("act", "wp.theme.update"), ("close", "wp.change.close"), ("take_back", "wp.snapshot.restore"), AGAIN],
    ),
    (
        item("wp.core.update", "core"),
        [("act", "wp.core.update"), ("close", "wp.change.close"), ("take_back", "wp.snapshot.restore"), AGAIN],
    ),
    (item(*TRANSLATION), [("act", "wp.translation.update"), ("close", "wp.change.close"), ("take_back", "wp.snapshot.restore"), AGAIN]),
    (item(*TRANSLATION, args={"snapshot": ""}), [("act", "wp.translation.update"), ("close", "wp.change.close"), AGAIN]),
    (
        item("wp.plugin.activate"),
        [("act", "wp.plugin.activate"), ("close", "wp.change.close"), ("take_back", "wp.snapshot.restore"), AGAIN],
    ),
    (item("wp.plugin.deactivate", args={"snapshot": ""}), [("act", "wp.plugin.deactivate")]),
    (item("wp.snapshot.delete", "", args={"snapshot": new_id()}), [("act", "wp.snapshot.delete")]),
    (item("wp.snapshot.restore", "", args={"change": "", "scope": "files", "snapshot": new_id()}), [("act", "wp.snapshot.restore")]),
    (item("wp.maintenance.clear", ""), [("act", "wp.maintenance.clear")]),
]


@pytest.mark.req("W15")
@pytest.mark.parametrize(("wanted", "leaves"), [pytest.param(*case, id=case[0].tool) for case in AROUND])
def test_beside_each_act_stands_what_may_have_to_follow_it(wanted, leaves):
    assert roles(made(wanted)) == leaves


@pytest.mark.req("N3")
def test_texts_fit_the_contract_and_say_what_is_wanted():
    found = made(item())
    header = json.loads(found.header)
    assert schema("plan-header").is_valid(header)
    assert (header["actions"], header["level"], header["plan"], header["org"]) == (5, "medium", PLAN, ORG)
    act, close, back, off, again = (json.loads(leaf.text) for leaf in found.leaves)
    assert all(schema("plan-leaf").is_valid(one) for one in (act, close, back, off, again))
    change, snapshot = act["args"]["change"], act["args"]["snapshot"]
    assert act["args"] == {"change": change, "component": "plugin:a/a.php", "deadline": 900, "snapshot": snapshot, "version": "1.1"}
    assert (act["before"], act["package"], act["aud"]) == ({"active": True, "version": "1.0"}, "a" * 64, "https://a.example")
    assert close["args"] == {"change": change}
    assert back["args"] == {"change": change, "scope": "files", "snapshot": snapshot}
    assert off["args"]["change"] != change
    assert off["args"]["snapshot"] == ""
    assert again["args"] == close["args"]
    assert [leaf.args for leaf in found.leaves] == [one["args"] for one in (act, close, back, off, again)]
    assert len({one["tool_call_id"] for one in (act, close, back, off, again)}) == 5
    assert {leaf.change for leaf in found.leaves} == {change}
    assert found.of_change(change, LeafRole.DEACTIVATE) is found.leaves[3]


def test_the_way_back_stays_good_a_day_longer_than_the_act():
    found = made(item())
    ends = [json.loads(leaf.text)["not_after"] for leaf in found.leaves]
    assert ends == [unix(found.not_after), *[unix(found.not_after) + 86_400] * 4]
    assert json.loads(found.header)["not_after"] == max(ends)


def test_an_act_that_opens_no_change_has_a_change_in_our_own_records_alone():
    snapshot = new_id()
    (act,) = made(item("wp.snapshot.delete", "", args={"snapshot": snapshot})).leaves
    assert act.args == {"snapshot": snapshot}
    assert (act.snapshot, bool(act.change)) == (snapshot, True)


@given(count=st.integers(1, 40), place=st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_the_proofs_of_every_leaf_lead_to_the_digest(count, place):
    found = made(*(item("wp.maintenance.clear", "", home=f"https://{number}.example") for number in range(count)))
    index = 1 + place % count
    top, bottom = plan.proofs(found, index)
    root = bytes.fromhex(found.digest)
    leaf = found.leaves[index - 1]
    assert plan.size(found) == count + 1
    for text, at, proof in ((found.header, 0, top), (leaf.text, index, bottom)):
        raw = [bytes.fromhex(one) for one in proof]
        assert merkle.verify_inclusion(merkle.leaf_hash(text.encode()), at, plan.size(found), raw, root)


def test_a_plan_whose_text_was_changed_is_not_whole():
    found = made(item())
    assert plan.is_whole(found)
    leaf = replace(found.leaves[0], text=found.leaves[0].text.replace("1.1", "6.6"))
    assert not plan.is_whole(replace(found, leaves=(leaf, *found.leaves[1:])))
    assert not plan.is_whole(replace(found, header=found.header.replace("medium", "low")))


def test_the_same_wish_with_the_same_ids_is_the_same_plan():
    wanted = item()
    assert made(wanted) == made(wanted)
    assert made(wanted).digest != made(replace(wanted, version="1.2")).digest


@pytest.mark.parametrize("index", [0, -1, 6])
def test_the_proof_of_no_leaf_is_asked_for_in_vain(index):
    with pytest.raises(ValueError):
        plan.proofs(made(item()), index)


TWICE = item()
REFUSED: list[tuple[str, tuple[Item, ...], dict[str, Any]]] = [
    ("nothing", (), {}),
    ("no risk", (item(),), {"level": Risk.NONE}),
    ("a read", (item("wp.site.inventory", ""),), {}),
    ("a closing alone", (item("wp.change.close", "", args={"change": new_id()}),), {}),
    ("a snapshot", (item("wp.snapshot.create", "core"),), {}),
    ("a control call", (item("control.revoke", ""),), {}),
    ("an unknown tool", (item("wp.php.eval", ""),), {}),
    ("the same component twice", (TWICE, replace(TWICE, version="1.2")), {}),
    ("a package that is no hash", (item(package="A" * 64),), {}),
    ("a package that is short", (item(package="a" * 63),), {}),
    ("a before that is no plain value", (item(before={"version": ["1.0"]}),), {}),
    ("a before with a fraction", (item(before={"version": 1.5}),), {}),
    ("an end before its start", (item(),), {"not_after": NOW}),
    ("more than six days", (item(),), {"not_after": NOW + timedelta(days=6, seconds=1)}),
]


@pytest.mark.parametrize(("items", "more"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_what_is_no_plan_is_refused(items, more):
    with pytest.raises(PlanRefused):
        made(*items, **more)


@pytest.mark.req("P5")
@pytest.mark.parametrize(
    "wanted",
    [
        item(version=""),
        item(component="theme:a"),
        item(args={"url": "https://evil.example/a.zip"}),
        item("wp.snapshot.restore", "", args={"change": "", "scope": "all", "snapshot": new_id()}),
        item("wp.snapshot.delete", "", args={"snapshot": "../x"}),
    ],
)
def test_arguments_that_do_not_fit_the_catalogue_make_no_plan(wanted):
    with pytest.raises(ArgsInvalid):
        made(wanted)
