"""What a decision costs: 50 holds, 20 windows, and the confidence drawn from 500 outcomes, by the clock of the processor.

A question that has to look at everything: an analyst's recommendation in Autonomous mode that is let through. Ten of the holds name its component in other
versions, and of the windows, in three time zones, only the last is open. Limits: pure code in one process; reading the question from tables is not in it.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Final

from bench.figures import Bar, Figure
from presswarden.audit.model import Actor
from presswarden.kernel.ids import InstallationId, SiteId, new_id
from presswarden.policy.confidence import confidence
from presswarden.policy.decide import decide
from presswarden.policy.model import (
    Approvers,
    ComponentFacts,
    Decision,
    Fleet,
    Mode,
    Outcome,
    Question,
    SiteFacts,
    Stage,
    Verdict,
)
from presswarden.policy.rules import NONE, Hold, Rules, Window
from presswarden.policy.versions import jump, range_of
from presswarden.proposals.model import Item, Source

MOST: Final = 50.0
"""Microseconds: the bar. Its ratio is the part of them that was taken."""
BAR: Final = Bar(1.0, at_most=True)
ROUNDS: Final = 60
CALLS: Final = 100
NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
SITE: Final = SiteId(new_id())
COMPONENT: Final = "plugin:woocommerce/woocommerce.php"


def measure() -> Iterator[Figure]:
    asked, rules, step, outcomes = _question(), {SITE: _rules()}, jump(COMPONENT, "9.1.0", "9.1.1"), _outcomes()
    found = decide(asked, rules, now=NOW)
    if found.verdict is not Verdict.ALLOW:
        raise RuntimeError(f"the question is not the one to measure: {found.against()}")

    def whole() -> Decision:
        return decide(replace(asked, confidence=confidence(step, outcomes)), rules, now=NOW)

    alone = _cost(lambda: decide(asked, rules, now=NOW))
    both = _cost(whole)
    yield Figure("a decision, 50 holds and 20 windows", f"{alone:.1f} us")
    yield Figure("confidence and decision, 500 outcomes too", f"{both:.1f} us of {MOST:g} us", both / MOST, BAR)


def _cost(act: Callable[[], Decision]) -> float:
    """Microseconds of processor time for one call: the median of the rounds."""
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(CALLS):
            act()
        spent.append((time.process_time_ns() - began) / CALLS / 1000)
    return statistics.median(spent)


def _rules() -> Rules:
    until = date(2027, 1, 5)
    named = [Hold(COMPONENT, range_of(f">={major} <{major + 1}"), until, "waiting for the vendor") for major in range(10, 20)]
    others = [Hold(f"plugin:other-{number}", range_of("*"), until, "broken") for number in range(40)]
    zones = ("site", "UTC", "America/New_York")
    shut = [Window(frozenset({3}), clock(22), clock(5), zones[number % 3]) for number in range(19)]
    windows = ((*shut, Window(frozenset({1}), clock(8), clock(20), "site")),)
    operations = replace(NONE.operations, holds=(*named, *others), windows=windows, wait_patch=2, wait_minor=7)
    return replace(NONE, digest="d" * 64, operations=operations)


def _outcomes() -> tuple[Outcome, ...]:
    """As a fleet has them: most of earlier versions, every fifth of this one."""
    return tuple(
        Outcome(COMPONENT, "9.1.0", "9.1.1" if number % 5 == 0 else f"9.0.{number % 5}", number != 499, number % 2 == 0)
        for number in range(500)
    )


def _question() -> Question:
    facts = ComponentFacts(
        known=True, offered=True, offered_since=NOW - timedelta(days=3), security=False, migrates=False, touchy=False, package_bound=True,
        package_differs=False,
    )  # fmt: skip
    site = SiteFacts(
        site=SITE, mode=Mode.AUTONOMOUS, critical=False, timezone="Europe/Berlin", snapshot_confirmed=True, snapshot_verified=True,
        ineligible=(), paused=False, contained=(),
    )  # fmt: skip
    item = Item(
        site=SITE, installation=InstallationId(new_id()), home="https://shop.example", tool="wp.plugin.update", component=COMPONENT,
        version="9.1.1", before={"active": True, "version": "9.1.0"}, package="a" * 64,
    )  # fmt: skip
    return Question(
        stage=Stage.DISPATCH, source=Source.ANALYST, proposer=Actor("process", "analyst"), items=((item, facts),), sites={SITE: site},
        fleet=Fleet(size=40, touched=1), confidence=0.9, consents=(), approvers=Approvers(may_approve=3, removed_at=None, with_passkey=2),
        digest_approved=False,
    )  # fmt: skip
