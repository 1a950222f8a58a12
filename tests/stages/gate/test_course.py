"""What a plan has against a call that says it belongs to it: each reason alone, with its own code."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from presswarden.actions.model import Risk
from presswarden.gate import course
from presswarden.gate.model import Planned
from presswarden.kernel.ids import CallId, ChangeId, InstallationId, SiteId, SnapshotId, new_id
from presswarden.policy.model import Decision, Reason, Verdict
from presswarden.proposals.model import LeafRole, ProposalState
from presswarden.rollouts.model import Result
from tests.stages.gate.plans import ALLOWED, NOBODY, NOW, approved, ask, change_of, codes, item, leaf, snapshot, under_way, work_of

pytestmark = pytest.mark.req("X5", "X6", "W1")
ENDINGS = [LeafRole.CLOSE, LeafRole.TAKE_BACK, LeafRole.DEACTIVATE, LeafRole.CLOSE_AGAIN]


def test_every_step_of_a_change_on_its_way_has_nothing_against_it() -> None:
    plan = approved()
    fine = under_way(plan)
    assert codes(ask(plan, leaf(plan)), fine) == []
    assert codes(snapshot(plan), fine) == []
    for role in ENDINGS:
        assert codes(ask(plan, leaf(plan, role)), replace(fine, decision=None)) == [], role


def test_an_act_may_be_sent_before_its_change_has_begun() -> None:
    plan = approved()
    begins = replace(under_way(plan), change=change_of(plan, began_at=None), open_change=None, ending=None)
    assert codes(ask(plan, leaf(plan)), begins) == []


def test_a_call_of_no_plan_here_is_refused() -> None:
    plan = approved()
    assert codes(ask(plan, leaf(plan)), course.Course(None, None, None, None, None, None)) == ["gate.plan_unknown"]


@pytest.mark.parametrize("state", [state for state in ProposalState if state is not ProposalState.APPROVED])
def test_a_plan_that_is_not_approved_is_refused(state: ProposalState) -> None:
    plan = approved()
    assert codes(ask(plan, leaf(plan)), under_way(replace(plan, state=state))) == ["gate.plan_state"]


def test_another_digest_is_refused() -> None:
    plan = approved()
    planned = Planned(plan.id, 1, "0" * 64, leaf(plan).text)
    assert codes(ask(plan, leaf(plan), planned=planned), under_way(plan)) == ["gate.plan_digest"]


def test_a_plan_whose_texts_are_not_what_its_digest_says_is_refused() -> None:
    """Somebody who writes to the database bends one leaf; the digest that people approved stays."""
    plan = approved()
    act = leaf(plan)
    bent = replace(act, text=act.text.replace('"1.1"', '"1.0"'), args={**act.args, "version": "1.0"})
    edited = replace(plan, plan=replace(plan.plan, leaves=(bent, *plan.plan.leaves[1:])))
    assert codes(ask(edited, bent), under_way(edited)) == ["gate.plan_digest"]


@pytest.mark.parametrize(
    "more",
    [
        {"version": "1.0"}, {"component": "plugin:b/b.php"}, {"package": "b" * 64}, {"before": {"version": "0.9"}}, {"tool": "wp.theme.update"},
        {"home": "https://b.example"},
    ],
)  # fmt: skip
def test_an_item_that_says_other_than_its_text_is_refused(more: dict[str, Any]) -> None:
    """The policy judges items; what it judged has to be what people approved."""
    plan = approved()
    edited = replace(plan, items=(replace(plan.items[0], **more),))
    assert codes(_with(edited), under_way(edited)) == ["gate.plan_digest"]
    assert codes(_with(plan), under_way(replace(plan, items=()))) == ["gate.plan_digest"]


def _with(plan: Any, **more: Any) -> Any:
    return ask(plan, leaf(plan), **more)


@pytest.mark.parametrize(
    "bent",
    [
        lambda plan: _with(plan, args={**leaf(plan).args, "version": "9.9"}),
        lambda plan: _with(plan, args={**leaf(plan).args, "deadline": 3600}),
        lambda plan: _with(plan, tool="wp.theme.update"),
        lambda plan: _with(plan, call=CallId(new_id())),
        lambda plan: _with(plan, installation=InstallationId(new_id())),
        lambda plan: _with(plan, planned=Planned(plan.id, 2, plan.plan.digest, leaf(plan).text)),
        lambda plan: _with(plan, planned=Planned(plan.id, 99, plan.plan.digest, leaf(plan).text)),
        lambda plan: _with(plan, planned=Planned(plan.id, 1, plan.plan.digest, "{}")),
    ],
)
def test_a_call_that_is_not_letter_for_letter_what_the_plan_says_is_refused(bent: Any) -> None:
    plan = approved()
    assert "gate.plan_leaf" in codes(bent(plan), under_way(plan))


def test_arguments_beside_the_approved_text_are_refused_whatever_stands_in_a_table() -> None:
    plan = approved()
    act = leaf(plan)
    columns = replace(act, args={**act.args, "version": "9.9"})
    edited = replace(plan, plan=replace(plan.plan, leaves=(columns, *plan.plan.leaves[1:])))
    assert codes(ask(edited, columns), under_way(edited)) == ["gate.plan_leaf"]


def test_a_snapshot_that_the_plan_does_not_name_is_refused() -> None:
    plan = approved()
    assert codes(snapshot(plan, SnapshotId(new_id())), under_way(plan)) == ["gate.plan_leaf"]
    assert "gate.plan_leaf" in codes(snapshot(plan, site=SiteId(new_id())), under_way(plan))


def test_a_change_without_its_leaf_is_refused_also_beside_an_approved_plan() -> None:
    plan = approved()
    assert codes(_with(plan, planned=Planned(plan.id, 0, plan.plan.digest, "")), under_way(plan)) == ["gate.plan_leaf"]


def test_nothing_starts_that_was_not_released() -> None:
    plan = approved()
    begins = replace(under_way(plan), work=None)
    assert codes(_with(plan), begins) == ["gate.not_released"]
    assert codes(snapshot(plan), begins) == ["gate.not_released"]


def test_a_change_that_ended_is_not_begun_again() -> None:
    plan = approved()
    over = change_of(plan, result=Result.ROLLED_BACK)
    assert codes(_with(plan), replace(under_way(plan), change=over, open_change=None)) == ["gate.change_over"]


def test_only_one_change_is_open_on_a_site() -> None:
    plan = approved()
    other = change_of(plan, id=ChangeId(new_id()))
    assert codes(_with(plan), replace(under_way(plan), open_change=other)) == ["gate.change_open"]
    assert codes(snapshot(plan), replace(under_way(plan), open_change=other)) == ["gate.change_open"]


@pytest.mark.parametrize("role", ENDINGS)
def test_what_ends_a_change_is_refused_where_that_change_is_not_open(role: LeafRole) -> None:
    plan = approved()
    asked = ask(plan, leaf(plan, role))
    for ending in (None, change_of(plan, site=SiteId(new_id()))):
        assert "gate.change_not_open" in codes(asked, replace(under_way(plan), ending=ending, decision=None))


def test_a_change_is_taken_back_by_its_own_snapshot_only() -> None:
    plan = approved()
    asked = ask(plan, leaf(plan, LeafRole.TAKE_BACK))
    other = change_of(plan, snapshot=SnapshotId(new_id()))
    assert codes(asked, replace(under_way(plan), ending=other, decision=None)) == ["gate.change_not_open"]


def test_a_change_is_not_taken_back_to_a_snapshot_older_than_a_day() -> None:
    plan = approved()
    old = replace(under_way(plan), decision=None, young=False)
    assert codes(ask(plan, leaf(plan, LeafRole.TAKE_BACK)), old) == ["gate.snapshot_old"]
    assert codes(ask(plan, leaf(plan, LeafRole.CLOSE)), old) == []


def test_a_persons_own_proposal_may_take_an_open_change_back() -> None:
    opened = change_of(approved())
    args = {"change": opened.id, "scope": "files", "snapshot": opened.snapshot}
    plan = approved(item("wp.snapshot.restore", "", args=args, version="", before={}))
    fine = course.Course(plan, work_of(plan), None, opened, opened, ALLOWED)
    assert course.ends_a_change(ask(plan, leaf(plan)), fine)
    assert codes(ask(plan, leaf(plan)), fine) == []
    assert codes(ask(plan, leaf(plan)), replace(fine, ending=None)) == ["gate.change_not_open"]
    whole = approved(item("wp.snapshot.restore", "", args={**args, "scope": "database"}, version="", before={}))
    assert not course.ends_a_change(ask(whole, leaf(whole)), replace(fine, proposal=whole))


def test_nothing_starts_before_its_time_or_after() -> None:
    plan = approved()
    early = replace(under_way(plan), work=work_of(plan, not_before=NOW + timedelta(minutes=15)))
    assert codes(_with(plan), early) == ["gate.early"]
    assert codes(_with(plan), early, NOW + timedelta(minutes=15)) == []
    assert codes(_with(plan), under_way(plan), NOW - timedelta(seconds=1)) == ["gate.early"]
    assert codes(_with(plan), under_way(plan), plan.execute_by) == ["gate.expired"]
    assert codes(snapshot(plan), under_way(plan), plan.execute_by) == ["gate.expired"]


@pytest.mark.parametrize("role", ENDINGS)
def test_the_way_back_stays_open_for_a_day_after_nothing_new_may_start(role: LeafRole) -> None:
    plan = approved()
    asked, fine = ask(plan, leaf(plan, role)), replace(under_way(plan), decision=None)
    assert codes(asked, fine, plan.execute_by + timedelta(hours=12)) == []
    assert codes(asked, fine, plan.plan.not_after + timedelta(hours=24)) == ["gate.expired"]


def test_each_reason_of_the_policy_is_one_of_the_gates() -> None:
    plan = approved()
    reasons = (
        Reason(Verdict.ALLOW, "risk.major", "x"),
        Reason(Verdict.HOLD, "policy.window", "x"),
        Reason(Verdict.ASK, "policy.consent", "x"),
        Reason(Verdict.REFUSE, "policy.downgrade", "x"),
    )
    against = Decision(Verdict.REFUSE, reasons, Risk.HIGH, NOBODY, "v")
    assert codes(_with(plan), replace(under_way(plan), decision=against)) == [
        "gate.policy.window",
        "gate.policy.consent",
        "gate.policy.downgrade",
    ]


def test_a_policy_that_says_nothing_says_no() -> None:
    plan = approved()
    silent = Decision(Verdict.REFUSE, (), Risk.HIGH, NOBODY, "v")
    assert codes(_with(plan), replace(under_way(plan), decision=silent)) == ["gate.policy.silent"]
