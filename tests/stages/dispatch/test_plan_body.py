"""The bytes of a call that carries a leaf: what the contract's schema says, proofs that lead to one root, and nothing but what was asked for."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from presswarden.actions.model import Risk
from presswarden.dispatch.envelope import plan_body
from presswarden.dispatch.model import PlanMismatch
from presswarden.kernel.ids import InstallationId, OrgId, ProposalId, SiteId, new_id
from presswarden.mailbox.model import PlannedCall
from presswarden.proposals import plan as plans
from presswarden.proposals.model import Item, Leaf
from tests.fakes.changing import PLUGIN, root_of_proof
from tests.fakes.clock import FrozenClock

HOME = "https://shop.example"
SCHEMA = json.loads((Path(__file__).parents[3] / "contract/schemas/call-plan.json").read_text())


def _planned(clock: FrozenClock) -> tuple[Leaf, PlannedCall]:
    item = Item(
        SiteId(new_id()), InstallationId(new_id()), HOME, "wp.plugin.update", PLUGIN, "1.1", {"active": True, "version": "1.0"}, "ab" * 32
    )
    made = plans.make(
        plan=ProposalId(new_id()), org=OrgId(new_id()), items=(item,), level=Risk.MEDIUM, approvals=1, not_before=clock.now(),
        not_after=clock.now() + timedelta(hours=24), ids=new_id,
    )  # fmt: skip
    act = made.acts[0]
    header_proof, proof = plans.proofs(made, act.index)
    at = PlannedCall(ProposalId(new_id()), made.digest, act.index, act.call, made.header, header_proof, act.text, proof, plans.size(made))
    return act, at


def _body(act: Leaf, at: PlannedCall, **changes: object) -> bytes:
    told = {"home": HOME, "fence": 7, "kid": "0" * 16, "nonce": "1" * 32, "tool": act.tool, "args": act.args, **changes}
    return plan_body(at, **told)  # type: ignore[arg-type]  # what a test bends is its own business


@pytest.mark.req("W6")
def test_the_body_is_what_the_contract_says(frozen: FrozenClock) -> None:
    act, at = _planned(frozen)
    body = json.loads(_body(act, at))
    assert list(Draft202012Validator(SCHEMA).iter_errors(body)) == []
    assert body["bind"]["fence"] == 7
    assert body["leaf"] == act.text
    assert "args" not in body


def test_both_proofs_of_the_body_lead_to_the_digest_of_the_plan(frozen: FrozenClock) -> None:
    act, at = _planned(frozen)
    body = json.loads(_body(act, at))
    of_header = root_of_proof(body["header"], 0, body["size"], body["header_proof"])
    of_leaf = root_of_proof(body["leaf"], body["index"], body["size"], body["proof"])
    assert of_header.hex() == of_leaf.hex() == at.digest


@pytest.mark.parametrize("bent", ["tool", "args", "home", "call"])
def test_a_leaf_of_another_call_is_never_put_into_a_body(frozen: FrozenClock, bent: str) -> None:
    act, at = _planned(frozen)
    with pytest.raises(PlanMismatch):
        match bent:
            case "tool":
                _body(act, at, tool="wp.theme.update")
            case "args":
                _body(act, at, args={**act.args, "version": "6.6.6"})
            case "home":
                _body(act, at, home="https://other.example")
            case _:
                _body(act, replace(at, call=new_id()))
