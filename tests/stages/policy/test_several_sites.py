"""One decision over several sites: each has rules of its own, and the strictest decides for all. Limits: waves over a fleet are `rollouts`'."""

from dataclasses import replace

import pytest

from presswarden.kernel.ids import SiteId, new_id
from presswarden.policy.decide import decide
from presswarden.policy.model import Mode, Question, Verdict
from presswarden.policy.rules import Rules
from tests.stages.policy.questions import FACTS, NOW, SITE, codes, item, question, recommended, rules, site

TWO = SiteId(new_id())


def both(here: Rules, there: Rules) -> dict[SiteId, Rules]:
    return {SITE: here, TWO: there}


def of_two(asked: Question) -> Question:
    """The same question about two sites that are alike."""
    (wanted, facts), known = asked.items[0], asked.sites[SITE]
    return replace(asked, items=((wanted, facts), (replace(wanted, site=TWO), facts)), sites={SITE: known, TWO: replace(known, site=TWO)})


@pytest.mark.req("W6")
def test_the_highest_threshold_of_all_sites_counts():
    low, high = rules(confidence_threshold=0.6)[SITE], rules(confidence_threshold=0.9)[SITE]
    asked = of_two(recommended(0.8))
    assert decide(asked, both(low, low), now=NOW).verdict is Verdict.ALLOW
    assert decide(asked, both(low, high), now=NOW).verdict is decide(asked, both(high, low), now=NOW).verdict is Verdict.HOLD


def test_what_holds_one_site_holds_all():
    asked = of_two(question())
    held = replace(asked, sites=asked.sites | {TWO: replace(asked.sites[TWO], paused=True)})
    assert decide(asked, both(rules()[SITE], rules()[SITE]), now=NOW).verdict is Verdict.ALLOW
    assert codes(decide(held, both(rules()[SITE], rules()[SITE]), now=NOW), Verdict.HOLD) == {"policy.paused"}


def test_the_policy_version_names_the_rules_of_all_sites():
    two = SiteId(new_id())
    both = question(items=((item(), FACTS), (item(site=two), FACTS)), sites={SITE: site(), two: replace(site(), site=two)})
    one = rules()[SITE]
    assert decide(question(), {SITE: one}, now=NOW).policy_version == one.digest
    assert decide(both, {SITE: one, two: one}, now=NOW).policy_version == one.digest
    other = replace(one, digest="e" * 64)
    assert decide(both, {SITE: one, two: other}, now=NOW).policy_version == decide(both, {SITE: other, two: one}, now=NOW).policy_version
    assert decide(both, {SITE: one, two: other}, now=NOW).policy_version not in {one.digest, other.digest}


def test_of_several_sites_the_quietest_decides():
    two = SiteId(new_id())
    sites = {SITE: site(Mode.AUTONOMOUS), two: site(Mode.OBSERVE, site=two)}
    asked = recommended(items=((item(), FACTS), (item(site=two), FACTS)), sites=sites)
    assert decide(asked, {SITE: rules()[SITE], two: rules()[SITE]}, now=NOW).verdict is Verdict.REFUSE
