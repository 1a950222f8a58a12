"""Risk is the catalogue's, raised one level by each fact that speaks for care. Limits: what a risk asks for is `test_decide`'s."""

from dataclasses import replace

import pytest

from presswarden.actions.model import Risk
from presswarden.kernel.ids import SiteId, new_id
from presswarden.policy.decide import decide
from presswarden.policy.model import Fleet
from tests.stages.policy.questions import CORE_MAJOR, FACTS, MAJOR, NOW, PATCH, SITE, TRANSLATION, codes, item, question, rules, site

RAISED = [
    (PATCH, {}, {}, Fleet(1, 1), Risk.MEDIUM, set()),
    (item("wp.theme.update", "theme:t", "1.0", "1.1"), {}, {}, Fleet(1, 1), Risk.MEDIUM, set()),
    (MAJOR, {}, {}, Fleet(1, 1), Risk.HIGH, {"risk.major"}),
    (PATCH, {"migrates": True}, {}, Fleet(1, 1), Risk.HIGH, {"risk.migration"}),
    (PATCH, {"touchy": True}, {}, Fleet(1, 1), Risk.HIGH, {"risk.touchy"}),
    (PATCH, {}, {"critical": True}, Fleet(1, 1), Risk.HIGH, {"risk.critical_site"}),
    (PATCH, {"package_bound": False}, {}, Fleet(1, 1), Risk.HIGH, {"risk.unbound"}),
    (PATCH, {"package_differs": True}, {}, Fleet(1, 1), Risk.HIGH, {"risk.package_differs"}),
    (MAJOR, {"migrates": True}, {}, Fleet(1, 1), Risk.CRITICAL, {"risk.major", "risk.migration"}),
    (MAJOR, {"migrates": True, "touchy": True}, {"critical": True}, Fleet(1, 1), Risk.CRITICAL,
     {"risk.major", "risk.migration", "risk.touchy", "risk.critical_site"}),
    (item("wp.plugin.activate", version="", args={"snapshot": ""}), {}, {}, Fleet(1, 1), Risk.HIGH, {"risk.no_way_back"}),
    (PATCH, {}, {}, Fleet(1000, 25), Risk.MEDIUM, set()),
    (PATCH, {}, {}, Fleet(1000, 26), Risk.HIGH, {"risk.many_sites"}),
    (PATCH, {}, {}, Fleet(20, 5), Risk.MEDIUM, set()),
    (PATCH, {}, {}, Fleet(20, 6), Risk.HIGH, {"risk.large_part"}),
    (PATCH, {}, {}, Fleet(24, 6), Risk.MEDIUM, set()),
    (PATCH, {}, {}, Fleet(19, 19), Risk.MEDIUM, set()),
    (PATCH, {}, {}, Fleet(100, 26), Risk.CRITICAL, {"risk.many_sites", "risk.large_part"}),
    (item("wp.core.update", "core", "7.1.3", "7.1.4"), {}, {}, Fleet(1, 1), Risk.HIGH, set()),
    (CORE_MAJOR, {}, {}, Fleet(1, 1), Risk.CRITICAL, set()),
    (TRANSLATION, {}, {}, Fleet(1, 1), Risk.LOW, set()),
]  # fmt: skip


@pytest.mark.req("X5")
@pytest.mark.parametrize(("wanted", "facts", "at", "fleet", "risk", "why"), RAISED)
def test_risk_is_the_catalogue_s_raised_by_each_fact(wanted, facts, at, fleet, risk, why):
    found = decide(question(wanted, replace(FACTS, **facts), at=site(**at), fleet=fleet), rules(), now=NOW)
    assert found.risk is risk
    assert {code for code in codes(found) if code.startswith("risk.")} == why


@pytest.mark.req("S4")
def test_core_has_a_policy_of_its_own_that_never_goes_below_the_catalogue():
    minor = item("wp.core.update", "core", "7.1.3", "7.1.4")
    assert decide(question(minor), rules(core_minor=Risk.CRITICAL), now=NOW).risk is Risk.CRITICAL
    assert decide(question(minor), rules(core_minor=Risk.MEDIUM), now=NOW).risk is Risk.HIGH
    assert decide(question(CORE_MAJOR), rules(core_major=Risk.HIGH), now=NOW).risk is Risk.HIGH


def test_more_sites_named_than_the_fleet_says_count():
    sites = {SiteId(new_id()): site() for _ in range(26)}
    items = tuple((item(site=one), FACTS) for one in sites)
    asked = question(items=items, sites={one: replace(facts, site=one) for one, facts in sites.items()}, fleet=Fleet(0, 0))
    assert decide(asked, dict.fromkeys(sites, rules()[SITE]), now=NOW).risk is Risk.HIGH
