"""How grave a plan is: the catalogue's base, raised one level by each fact that speaks for care. Computed here alone, never by whoever asks.

Limits: the site has a floor of its own, whatever this says.
"""

from collections.abc import Mapping
from typing import Final

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Risk
from presswarden.kernel.ids import SiteId
from presswarden.policy.acts import gives_up_its_way_back, is_read, is_update, takes_back
from presswarden.policy.model import LADDER, ComponentFacts, Fleet, Question, Reason, SiteFacts, Size, Verdict
from presswarden.policy.rules import Rules
from presswarden.policy.versions import size_of
from presswarden.proposals.model import Item

MANY_SITES: Final = 25
LARGE_PART: Final = 0.25
PART_COUNTS_ABOVE: Final = 5
PART_COUNTS_IN: Final = 20
_LEVELS: Final = tuple(Risk)

_SAYS: Final[Mapping[str, str]] = {
    "risk.major": "It is a major release.",
    "risk.migration": "It changes the database, or may.",
    "risk.touchy": "A fault in it shows at once: checkout or sign-in.",
    "risk.critical_site": "People marked the site as critical.",
    "risk.no_way_back": "No snapshot is to be made, so there is no known way back.",
    "risk.unbound": "Nobody outside the site has looked at the package.",
    "risk.package_differs": "Other sites were given another package of the same version.",
    "risk.many_sites": f"It touches more than {MANY_SITES} sites.",
    "risk.large_part": "It touches more than a quarter of all sites.",
}


def risk_of(question: Question, rules: Mapping[SiteId, Rules]) -> tuple[Risk, tuple[Reason, ...]]:
    """The gravest of all items, and each fact that raised one."""
    fleet = _fleet(question.fleet, len(question.sites))
    gravest, why = Risk.NONE, dict.fromkeys(fleet)
    for item, facts in question.items:
        found, raised = _of_item(item, facts, question.sites[item.site], rules[item.site], len(fleet))
        why.update(dict.fromkeys(raised))
        gravest = max(gravest, found, key=LADDER.__getitem__)
    return gravest, tuple(Reason(Verdict.ALLOW, code, _SAYS[code]) for code in why)


def _of_item(item: Item, facts: ComponentFacts, site: SiteFacts, rules: Rules, fleet: int) -> tuple[Risk, list[str]]:
    if is_read(item):
        return Risk.NONE, []
    if takes_back(item):
        return Risk.LOW, []  # what ends a fault is not made harder by how grave the fault is
    base = CATALOGUE[item.tool].risk
    if item.tool == "wp.snapshot.restore" and item.args.get("scope") != "files":
        base = Risk.CRITICAL
    raised = []
    if is_update(item):
        size = size_of(item.component, item.was, item.version)
        if item.component == "core":
            base = max(base, rules.operations.core_major if size is Size.MAJOR else rules.operations.core_minor, key=LADDER.__getitem__)
        elif size is Size.MAJOR:
            raised.append("risk.major")
        if facts.migrates:
            raised.append("risk.migration")
        if not facts.package_bound:
            raised.append("risk.unbound")
        if facts.package_differs:
            raised.append("risk.package_differs")
    if facts.touchy:
        raised.append("risk.touchy")
    if site.critical:
        raised.append("risk.critical_site")
    if gives_up_its_way_back(item):
        raised.append("risk.no_way_back")
    return _LEVELS[min(LADDER[base] + len(raised) + fleet, len(_LEVELS) - 1)], raised


def _fleet(fleet: Fleet, named: int) -> list[str]:
    touched = max(fleet.touched, named)
    found = []
    if touched > MANY_SITES:
        found.append("risk.many_sites")
    if touched > PART_COUNTS_ABOVE and fleet.size >= PART_COUNTS_IN and touched > LARGE_PART * fleet.size:
        found.append("risk.large_part")
    return found
