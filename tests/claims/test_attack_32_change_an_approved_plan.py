"""Attack 32: change what was approved between the yes and the site: arguments, order, times, the site it is for, or leave the plan away.

The attacker has the control key: what is tried here is whether an approved plan can be bent, not whether a message can be forged. Limits: whoever holds that
key can also make a plan of their own, and the site can't tell yet; that takes countersigned consents.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from tests.claims.attacks import Attack
from tests.claims.changing import is_on, weakened
from tests.connector.plans import DAY, Plan, Planned
from tests.connector.wire import Installation, Message
from tests.recovery.acting import TINY, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("W3", "P3")]

WAS = {"active": True, "version": "1.0"}


def off(**more: Any) -> Planned:
    """Switches `tiny` off, without a change that would have to be closed."""
    args = {"change": str(uuid.uuid4()), "component": TINY, "deadline": 300, "snapshot": ""}
    return Planned("wp.plugin.deactivate", args, WAS, **more)


def approved(here: Installation, act: Planned | None = None, **header: Any) -> Plan:
    return Plan(here.home, (act or off(), Planned("wp.maintenance.clear")), **header)


def bent(here: Installation, plan: Plan, *, fence: int = 1, index: int = 1, leaf: dict[str, Any] | None = None, **members: Any) -> Message:
    """The call of an approved plan with some of its texts changed and signed anew; the proofs stay those of what was approved."""
    message = here.planned(plan, index, fence=fence)
    body = json.loads(message.body)
    text = body["leaf"] if leaf is None else rfc8785.dumps({**json.loads(body["leaf"]), **leaf}).decode()
    whole = rfc8785.dumps({**body, "leaf": text, **members})
    return Message(whole, here.headers(message.headers["X-WP-Agent-ToolCallId"], whole))


def changes(here: Installation) -> dict[str, tuple[Message, str]]:
    plan, other = approved(here), approved(here, level="low")
    hello = {**plan.actions[0].args, "component": "plugin:hello.php"}
    now = int(time.time())
    foreign = off(leaf={"aud": "https://another.example"})
    longer = off(leaf={"not_after": now + 2 * DAY})
    return {
        "another component": (bent(here, plan, leaf={"args": hello}), "call.plan"),
        "another state to begin from": (bent(here, plan, leaf={"before": {}}), "call.plan"),
        "another package": (bent(here, plan, leaf={"package": "0" * 64}), "call.plan"),
        "a later end": (bent(here, plan, leaf={"not_after": now + 5 * DAY}), "call.plan"),
        "a leaf of another plan": (bent(here, plan, leaf=json.loads(other.leaf(1))), "call.plan"),
        "the header of another plan": (bent(here, plan, header=other.header.decode()), "call.plan"),
        "the place of another leaf": (bent(here, plan, index=2, leaf=json.loads(plan.leaf(1))), "call.plan"),
        "a tree of one leaf": (bent(here, plan, size=1), "call.plan"),
        "a tree of another size": (bent(here, plan, size=4), "call.plan"),
        "no proof": (bent(here, plan, proof=[]), "call.plan"),
        "another tool outside than in the leaf": (bent(here, plan, tool="wp.plugin.activate"), "call.plan"),
        "another id outside than in the leaf": (_renamed(here, plan), "call.plan"),
        "a leaf that names another site": (here.planned(approved(here, foreign)), "call.plan"),
        "a leaf of another plan's id": (here.planned(approved(here, off(leaf={"plan": str(uuid.uuid4())}))), "call.plan"),
        "yesterday's plan": (here.planned(approved(here, made=now - DAY - 10)), "call.plan_time"),
        "tomorrow's plan": (here.planned(approved(here, made=now + 3600)), "call.plan_time"),
        "a leaf that outlives its plan": (here.planned(approved(here, longer)), "call.plan_time"),
        "a plan for a month": (here.planned(approved(here, top={"not_after": now + 30 * DAY})), "call.plan_time"),
        "no plan at all": (here.message(plan.actions[0].tool, plan.actions[0].args), "call.plan"),
        "a read dressed as a leaf": (here.planned(Plan(here.home, (Planned("wp.site.health"),))), "call.plan"),
        "what only prepares dressed as a leaf": (here.planned(Plan(here.home, (Planned("wp.snapshot.verify"),))), "call.plan"),
    }  # fmt: skip


def _renamed(here: Installation, plan: Plan) -> Message:
    message = here.planned(plan)
    return Message(message.body, here.headers(str(uuid.uuid4()), message.body))


def test_no_part_of_an_approved_plan_can_be_changed(changed: Changed, attack: Attack) -> None:
    paired = changed.paired
    changed.site.clear_events()
    for name, (message, code) in changes(paired.here).items():
        attack.refused(name, paired.send(message), code)
    attack.repelled("what ran", paired.ran() == [] and is_on(changed.site), paired.ran())
    stale = paired.here.planned(approved(paired.here, replace(off(), before={"active": True, "version": "0.9"})))
    attack.refused("a plan for a site that has changed since", paired.send(stale), "action.before")
    attack.repelled("still on", is_on(changed.site))


def test_the_plan_as_it_was_approved_runs_once_and_a_second_time_never(changed: Changed, attack: Attack) -> None:
    paired, plan = changed.paired, approved(changed.paired.here)
    message = paired.here.planned(plan)
    assert paired.send(message).result["active"] is False
    assert not is_on(changed.site)
    changed.site.php("activate_plugin( 'tiny/tiny.php' );")
    changed.site.clear_events()
    attack.refused("the same bytes", paired.send(paired.here.resigned(message)), "call.duplicate")
    attack.refused("the same leaf in another call", paired.send(paired.here.planned(plan)), "call.conflict")
    attack.repelled("nothing ran", paired.ran() == [] and is_on(changed.site))
    row = changed.site.query(f"SELECT keep_until FROM wp_presswarden_calls WHERE id = '{plan.actions[0].tool_call_id}'")[0]
    end = json.loads(plan.leaf(1))["not_after"]
    attack.repelled("the site forgets a leaf only when its time is over", int(row["keep_until"]) >= end + DAY, (row, end))


def test_an_older_writer_is_refused_once_a_newer_one_spoke(changed: Changed, attack: Attack) -> None:
    here = changed.paired.here
    changed.fence += 1
    assert changed.paired.send(here.planned(Plan(here.home, (Planned("wp.maintenance.clear"),)), fence=changed.fence)).status == 200
    for lower in (changed.fence - 1, 1):
        attack.refused(f"fence {lower}", changed.paired.send(here.planned(approved(here), fence=lower)), "call.fence")
    attack.refused("fence 0", changed.paired.send(here.planned(approved(here), fence=0)), "call.fence", "call.body", "call.shape")
    attack.repelled("still on", is_on(changed.site))


Makes = Callable[[Installation, int], Message]
NEEDED: dict[str, Makes] = {
    "plan_proof": lambda here, fence: bent(here, approved(here), fence=fence, leaf={"not_after": int(time.time()) + DAY // 2}),
    "plan_ids": lambda here, fence: here.planned(approved(here, off(leaf={"aud": "https://another.example"})), fence=fence),
    "plan_time": lambda here, fence: here.planned(approved(here, made=int(time.time()) - DAY - 10), fence=fence),
    "fence": lambda here, fence: here.planned(approved(here), fence=fence - 1),
}


def test_each_check_of_the_plan_is_needed(changed: Changed) -> None:
    here = changed.paired.here
    changed.fence += 1
    assert changed.paired.send(here.planned(Plan(here.home, (Planned("wp.maintenance.clear"),)), fence=changed.fence)).status == 200
    for name, make in NEEDED.items():
        assert changed.paired.send(make(here, changed.fence)).status == 403, name
        with weakened(changed.site, name):
            through = changed.paired.send(make(here, changed.fence))
        if name == "fence":  # looked at a second time where it is written down
            assert through.code == "call.fence"
            continue
        assert (name, through.status) == (name, 200), through.body
        assert not is_on(changed.site)
        changed.site.php("activate_plugin( 'tiny/tiny.php' );")
