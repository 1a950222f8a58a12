"""Each check of the gate is switched off in a copy, one at a time: its reason is gone, so the case that waits for it fails.

Limits: the checks are found by the codes that stand in the two files; what the policy's own reasons rest on is tried with the policy.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.gate import course, model
from presswarden.gate.model import Ask, Planned, Standing, Stop, StopScope
from presswarden.kernel.ids import CallId, ChangeId, CorrelationId, new_id
from presswarden.policy.model import Decision, Verdict
from presswarden.policy.model import Reason as Said
from presswarden.proposals.model import LeafRole, ProposalState
from presswarden.rollouts.model import Result
from tests.stages.gate.plans import FLOWS, INSTALLATION, NOBODY, NOW, SITE, approved, ask, change_of, leaf, under_way, work_of

FINE = Standing((), "paired", paused=False, contained=(), forbidden=False)
Codes = Callable[[ModuleType], list[str]]


def _read(tool: str = "wp.site.inventory", by: Actor = FLOWS, **args: str) -> Ask:
    return Ask(CallId(new_id()), INSTALLATION, SITE, tool, args, by, CorrelationId(new_id()))


def _of_site(asked: Ask, standing: Standing) -> Codes:
    return lambda module: [one.code for one in module.reasons_against(asked, CATALOGUE.get(asked.tool), standing)]


def _of_plan(bend: Callable[[Any], tuple[Ask, Any]]) -> Codes:
    asked, of = bend(approved())
    return lambda module: [one.code for one in module.reasons_against(asked, CATALOGUE[asked.tool], of, NOW)]


def _act(plan: Any, **more: Any) -> Ask:
    return ask(plan, leaf(plan), **more)


SITES: dict[str, Codes] = {
    "gate.stopped": _of_site(_read(), replace(FINE, stops=(Stop("x", "p", NOW),))),
    "gate.stopped_everywhere": _of_site(_read(), replace(FINE, stops=(Stop("x", "p", NOW, StopScope.EVERYTHING),))),
    "gate.stopped_client": _of_site(_read(), replace(FINE, stops=(Stop("x", "p", NOW, StopScope.CLIENT, "c"),))),
    "gate.stopped_site": _of_site(_read(), replace(FINE, stops=(Stop("x", "p", NOW, StopScope.SITE, "s"),))),
    "gate.stopped_agent": _of_site(_read(), replace(FINE, stops=(Stop("x", "p", NOW, StopScope.AGENT, "a"),))),
    "gate.restored": _of_site(_read(), replace(FINE, restored=True)),
    "gate.contained": _of_site(_act(approved()), replace(FINE, contained=("x",))),
    "gate.paused": _of_site(_read(), replace(FINE, paused=True)),
    "gate.revoked": _of_site(_read(), replace(FINE, state="revoked")),
    "gate.not_paired": _of_site(_read(), replace(FINE, state="waiting")),
    "gate.role": _of_site(_read(by=Actor("person", "p")), replace(FINE, forbidden=True)),
    "gate.tool": _of_site(_read("wp.nothing"), FINE),
    "gate.args": _of_site(_read(path="x"), FINE),
    "gate.no_decision": _of_site(_act(approved(), planned=None, by=Actor("person", "p")), FINE),
}
PLANS: dict[str, Codes] = {
    "gate.plan_unknown": _of_plan(lambda plan: (_act(plan), course.Course(None, None, None, None, None, None))),
    "gate.plan_state": _of_plan(lambda plan: (_act(plan), under_way(replace(plan, state=ProposalState.ENDED)))),
    "gate.plan_digest": _of_plan(lambda plan: (_act(plan, planned=Planned(plan.id, 1, "0" * 64, leaf(plan).text)), under_way(plan))),
    "gate.plan_leaf": _of_plan(lambda plan: (_act(plan, call=CallId(new_id())), under_way(plan))),
    "gate.change_not_open": _of_plan(
        lambda plan: (ask(plan, leaf(plan, LeafRole.CLOSE)), replace(under_way(plan), ending=None, decision=None))
    ),
    "gate.snapshot_old": _of_plan(
        lambda plan: (ask(plan, leaf(plan, LeafRole.TAKE_BACK)), replace(under_way(plan), decision=None, young=False))
    ),
    "gate.not_released": _of_plan(lambda plan: (_act(plan), replace(under_way(plan), work=None))),
    "gate.change_over": _of_plan(
        lambda plan: (_act(plan), replace(under_way(plan), change=change_of(plan, result=Result.SUCCEEDED), open_change=None))
    ),
    "gate.change_open": _of_plan(lambda plan: (_act(plan), replace(under_way(plan), open_change=change_of(plan, id=ChangeId(new_id()))))),
    "gate.early": _of_plan(lambda plan: (_act(plan), replace(under_way(plan), work=work_of(plan, not_before=NOW + timedelta(minutes=1))))),
    "gate.expired": _of_plan(lambda plan: (_act(plan), under_way(replace(plan, execute_by=NOW)))),
    "gate.policy.silent": _of_plan(
        lambda plan: (_act(plan), replace(under_way(plan), decision=Decision(Verdict.REFUSE, (), Risk.HIGH, NOBODY, "v")))
    ),
    "gate.policy": _of_plan(
        lambda plan: (
            _act(plan),
            replace(
                under_way(plan),
                decision=Decision(Verdict.HOLD, (Said(Verdict.HOLD, "policy.window", "x"),), Risk.LOW, NOBODY, "v"),
            ),
        )
    ),
}


class _Off(ast.NodeTransformer):
    """Takes away every reason with this code: a `yield` of it, an element of a returned tuple, an appended or collected one."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.found = 0

    def _is_it(self, node: ast.AST | None) -> bool:
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason" and node.args):
            return False
        named = node.args[0]
        mine = isinstance(named, ast.Constant) and named.value == self.code
        return mine or (isinstance(named, ast.JoinedStr) and self.code == "gate.policy")

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        value = node.value
        if isinstance(value, ast.Yield) and self._is_it(value.value):
            self.found += 1
            return ast.copy_location(ast.Pass(), node)
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "found.append" and self._is_it(value.args[0]):
            self.found += 1
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        kept = [item for item in node.elts if not self._is_it(item)]
        self.found += len(node.elts) - len(kept)
        return self.generic_visit(ast.copy_location(ast.Tuple(kept, node.ctx), node))

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        if self._is_it(node.elt):
            self.found += 1
            return ast.copy_location(ast.List([], ast.Load()), node)
        return self.generic_visit(node)


def _without(module: ModuleType, code: str) -> ModuleType:
    syntax = ast.parse(Path(str(module.__file__)).read_text())
    off = _Off(code)
    changed = ast.fix_missing_locations(off.visit(syntax))
    assert off.found > 0, f"no check gives {code}"
    # The nouns stay those of the real module, so that a case built with them fits the copy.
    copy = ModuleType(module.__name__)
    copy.__dict__.update({"__file__": module.__file__, "__name__": module.__name__})
    exec(compile(changed, str(module.__file__), "exec"), copy.__dict__)
    return copy


def _codes_in(module: ModuleType) -> Iterator[str]:
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason" and node.args:
            named = node.args[0]
            yield str(named.value) if isinstance(named, ast.Constant) else "gate.policy"


def test_every_check_that_stands_in_the_gate_has_its_case() -> None:
    assert set(_codes_in(model)) == SITES.keys()
    assert set(_codes_in(course)) == PLANS.keys()


@pytest.mark.req("X5", "P16")
@pytest.mark.parametrize(("module", "code"), [*((model, code) for code in SITES), *((course, code) for code in PLANS)])
def test_a_check_that_is_switched_off_lets_its_case_through(module: ModuleType, code: str) -> None:
    codes = (SITES if module is model else PLANS)[code]
    wanted = "gate.policy.window" if code == "gate.policy" else code
    assert codes(module) == [wanted]
    assert wanted not in codes(_without(module, code))
