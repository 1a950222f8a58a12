"""The decision: a question and the rules of each site in; every reason, the risk and what consent is needed out. Pure.

The gravest reason's verdict is the decision's, and a question that nothing answers is refused. At filing and approval the findings that may pass by
themselves are told as well, so that people see them before they say yes; only at dispatch does everything have to hold.
Limits: confidence, snapshots and consents only ever hold back; who runs what, and whether a stop is thrown, is the gate's.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass, Risk
from presswarden.kernel.ids import SiteId
from presswarden.policy.acts import is_change, is_read, is_update, needs_snapshot, takes_back
from presswarden.policy.consents import NOBODY, missing, needs_of, too_early
from presswarden.policy.model import (
    LADDER,
    MODES,
    ComponentFacts,
    Decision,
    Mode,
    Question,
    Reason,
    SiteFacts,
    Stage,
    Verdict,
    gravest,
)
from presswarden.policy.risk import risk_of
from presswarden.policy.rules import NONE, Rules
from presswarden.policy.timing import clocks, held, waits, windows
from presswarden.policy.versions import compare
from presswarden.proposals.model import Item, Source

__all__ = ["clocks", "decide"]

_MEDIUM: Final = LADDER[Risk.MEDIUM]


def decide(question: Question, rules: Mapping[SiteId, Rules], *, now: datetime) -> Decision:
    """Every reason there is, each once."""
    version = _version(question, rules)
    unfit = tuple(_unfit(question, rules))
    if unfit:  # without these there is nothing to look at
        return Decision(gravest(unfit), unfit, Risk.CRITICAL, needs_of(Risk.CRITICAL, question.approvers, now), version)
    risk, raised = risk_of(question, rules)
    reasons = [*_components(question), *raised]
    if all(is_read(item) for item, _ in question.items):
        reasons.append(Reason(Verdict.ALLOW, "policy.reads", "It only reads."))
        needs = NOBODY
    elif all(takes_back(item) for item, _ in question.items):
        needs = NOBODY if question.proposer.kind == "person" else needs_of(risk, question.approvers, now)
        reasons += [*_digest(question), *(tuple(missing(question, needs)) or (_TAKES_BACK,))]
    else:
        alone = _alone(question, rules, risk)
        needs = NOBODY if alone else needs_of(risk, question.approvers, now)
        asked = () if alone else tuple(missing(question, needs))
        reasons += [*_observed(question, rules), *_digest(question), *_confidence(question, rules), *_not_now(question, rules, risk, now)]
        reasons += asked or (_BY_ITSELF if alone else _CONSENTED,)
        if asked:
            reasons += _why_not_alone(question, rules, risk)
        elif question.stage is Stage.DISPATCH:
            reasons += too_early(question, needs, now)
    told = tuple(dict.fromkeys(reasons))
    return Decision(gravest(told), told, risk, needs, version)


_SILENCE: Final = frozenset({"heartbeat-late", "fact-unknown", "fact-stale"})
"""Of the reasons why a site can't take a change (telemetry's words), those that end with its next word."""
_TAKES_BACK: Final = Reason(Verdict.ALLOW, "policy.recovery", "It ends a change or a fault; one operator's word is enough.")
_BY_ITSELF: Final = Reason(Verdict.ALLOW, "policy.by_itself", "Risk and mode let it run without a person's yes.")
_CONSENTED: Final = Reason(Verdict.ALLOW, "policy.consented", "Everybody whose yes it needs has said it.")


def _version(question: Question, rules: Mapping[SiteId, Rules]) -> str:
    found = sorted({rules[site].digest for site in question.sites if site in rules}) or [NONE.digest]
    return found[0] if len(found) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()


def _unfit(question: Question, rules: Mapping[SiteId, Rules]) -> Iterator[Reason]:
    if not question.items:
        yield Reason(Verdict.REFUSE, "policy.empty", "There is nothing to decide.", "Name at least one action.")
    for item, _ in question.items:
        action = CATALOGUE.get(item.tool)
        if action is None or action.klass is Klass.CONTROL:
            yield Reason(Verdict.REFUSE, "policy.tool", "A proposal can't ask for this tool.", "Use a tool that changes a site.")
        if item.site not in question.sites:
            yield Reason(Verdict.REFUSE, "policy.site_unknown", "Nothing is known of a site that it names.", "Pair the site first.")
        elif item.site not in rules:
            yield Reason(Verdict.REFUSE, "policy.rules_unknown", "No rules were found for a site that it names.", "Set a policy.")


def _components(question: Question) -> Iterator[Reason]:
    for item, facts in question.items:
        if is_update(item):
            yield from _component(item, facts)


def _component(item: Item, facts: ComponentFacts) -> Iterator[Reason]:
    if not facts.known:
        says = "The update API does not know it: it was closed, or never was there."
        yield Reason(Verdict.REFUSE, "policy.component_unknown", says, "Replace it, or update it by hand.")
    if not facts.offered:
        yield Reason(Verdict.REFUSE, "policy.not_offered", "The site is not offered this version.", "Read the site's inventory.")
    if item.component.startswith("translation:"):
        return
    if not item.was:
        yield Reason(Verdict.REFUSE, "policy.version_unknown", "Which version is there now is not known.", "Read the site's inventory.")
    elif compare(item.version, item.was) <= 0:
        yield Reason(Verdict.REFUSE, "policy.downgrade", "The version is not newer than the one there.", "Restore a snapshot instead.")


def _mode(site: SiteFacts, rules: Rules) -> Mode:
    """What the policy lets the site's mode be."""
    mode = min(site.mode, rules.operations.max_mode, key=MODES.index)
    return Mode.APPROVE if mode is Mode.AUTONOMOUS and not site.snapshot_confirmed else mode


def _observed(question: Question, rules: Mapping[SiteId, Rules]) -> Iterator[Reason]:
    # It may be filed, so that people see what would be done.
    verdict = Verdict.HOLD if question.stage is Stage.FILING else Verdict.REFUSE
    for site, facts in question.sites.items():
        if _mode(facts, rules[site]) is Mode.OBSERVE:
            yield Reason(verdict, "policy.observe", "The site is only observed.", "Set its mode to approve first.")


def _alone(question: Question, rules: Mapping[SiteId, Rules], risk: Risk) -> bool:
    if LADDER[risk] > _MEDIUM or (risk is Risk.MEDIUM and not _has_confidence(question)):
        return False
    return all(_alone_there(item, facts, question.sites[item.site], rules[item.site], risk) for item, facts in question.items)


def _alone_there(item: Item, facts: ComponentFacts, site: SiteFacts, rules: Rules, risk: Risk) -> bool:
    if facts.package_differs:
        return False
    match _mode(site, rules):
        case Mode.AUTONOMOUS:
            return True
        case Mode.APPROVE:
            return risk is Risk.LOW and item.tool in rules.operations.automate
        case Mode.OBSERVE:
            return False


def _why_not_alone(question: Question, rules: Mapping[SiteId, Rules], risk: Risk) -> Iterator[Reason]:
    """What would have let it run by itself in Autonomous mode; told beside the yes that it needs instead."""
    if LADDER[risk] > _MEDIUM:
        return
    wants = [(site, facts) for site, facts in question.sites.items() if facts.mode is Mode.AUTONOMOUS]
    if any(not facts.snapshot_confirmed for _, facts in wants):
        says = "No snapshot was ever verified on the site, so nothing runs there by itself."
        yield Reason(Verdict.ASK, "policy.no_snapshot_yet", says, "Make and verify one snapshot there.")
    if any(rules[site].operations.max_mode is not Mode.AUTONOMOUS for site, _ in wants):
        yield Reason(Verdict.ASK, "policy.max_mode", "The policy lets no site run by itself.", "Change the policy.")
    if wants and risk is Risk.MEDIUM and not _has_confidence(question):
        says = "What people and clients ask for has no confidence, and above low risk never runs by itself."
        yield Reason(Verdict.ASK, "policy.confidence_not_applicable", says)
    if wants and any(facts.package_differs for _, facts in question.items):
        yield Reason(Verdict.ASK, "policy.package_differs", "Packages of this version differ, so it never runs by itself.")


def _has_confidence(question: Question) -> bool:
    """Only an analyst's own recommendation has one; once a person adopts it, it is that person's request."""
    return question.source is Source.ANALYST and question.proposer.kind != "person" and question.confidence is not None


def _confidence(question: Question, rules: Mapping[SiteId, Rules]) -> Iterator[Reason]:
    if question.confidence is None or not _has_confidence(question):
        return
    threshold = max(rules[site].operations.confidence_threshold for site in question.sites)
    if not question.confidence >= threshold:  # in these words, because no number is not below one either
        says = f"Its confidence of {question.confidence:.4f} is below {threshold:g}: it is a recommendation only."
        yield Reason(Verdict.HOLD, "policy.confidence", says, "A person may adopt it.")


def _digest(question: Question) -> Iterator[Reason]:
    if question.consents and not question.digest_approved:
        says = "What was approved is not this plan."
        yield Reason(Verdict.REFUSE, "policy.digest", says, "File it again.")


def _not_now(question: Question, rules: Mapping[SiteId, Rules], risk: Risk, now: datetime) -> Iterator[Reason]:
    for item, facts in question.items:
        if is_update(item):
            yield from held(item, rules[item.site], now)
            yield from waits(item, facts, rules[item.site], now)
    changed = {item.site for item, _ in question.items if is_change(item)}
    prepared = {item.site for item, _ in question.items if needs_snapshot(item)} if LADDER[risk] >= _MEDIUM else set()
    for site, known in question.sites.items():
        if site in changed:
            yield from windows(known, rules[site], now)
        if site in prepared:
            yield from _snapshot(known, question.stage)
        yield from _fit(known)


def _snapshot(site: SiteFacts, stage: Stage) -> Iterator[Reason]:
    due = stage is Stage.DISPATCH
    if site.snapshot_verified is False or (due and site.snapshot_verified is None):
        says = "No snapshot made for this change was verified on the site."
        yield Reason(Verdict.HOLD, "policy.snapshot", says, "Make and verify it; nothing passes this.")


def _fit(site: SiteFacts) -> Iterator[Reason]:
    if site.paused:
        yield Reason(Verdict.HOLD, "policy.paused", "The site is paused.", "Run `presswarden site resume`.")
    for why in site.contained:
        yield Reason(Verdict.HOLD, "policy.contained", f"An open incident holds changes back: {why.rstrip('.')}.", "Review the incident.")
    for code, says in site.ineligible:
        if code in _SILENCE:
            yield Reason(Verdict.HOLD, "policy.not_heard", says, "Wait for its next heartbeat, or read its health.")
        else:
            yield Reason(Verdict.HOLD, "policy.ineligible", says, "Run `presswarden site show`.")
