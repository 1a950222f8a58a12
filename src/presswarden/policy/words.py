"""Rules told in plain sentences, what differs between two of them, and what consent is asked for. Limits: for people; nothing is decided by these texts."""

from collections.abc import Iterator
from typing import Final

from presswarden.policy.model import Mode, Needs
from presswarden.policy.rules import Hold, Operations, Rules, Window

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MODES: Final = {
    Mode.OBSERVE: "observed only",
    Mode.APPROVE: "changed with a person's yes",
    Mode.AUTONOMOUS: "changed without a person where risk and confidence allow",
}


def summary(rules: Rules) -> tuple[str, ...]:
    """What the rules say, one sentence for each setting that bears on a change or a model call."""
    return (*_operating(rules.operations), *_calling(rules), *_thinking(rules))


def difference(before: Rules, after: Rules) -> tuple[str, ...]:
    """What was said and is no more (`- `), and what is said now and was not (`+ `)."""
    old, new = summary(before), summary(after)
    return (*(f"- {line}" for line in old if line not in new), *(f"+ {line}" for line in new if line not in old))


def wanted(needs: Needs) -> str:
    """What consent is asked for, in one sentence."""
    if not needs.people:
        return "Nobody has to agree."
    role = "owner" if needs.owners else "person"
    many = f"{needs.people} {'people' if role == 'person' else 'owners'}" if needs.people > 1 else f"One {role}"
    says = f"{many} {'have' if needs.people > 1 else 'has'} to say yes" + (", each with a passkey" if needs.passkeys else "")
    if needs.single_operator:
        says += " (your own counts: nobody else here may approve)"
    return says + (f"; then {needs.delay_minutes} minutes pass before it begins." if needs.delay_minutes else ".")


def _operating(rules: Operations) -> Iterator[str]:
    yield f"New sites are {_MODES[rules.default_mode]}; no site goes further than: {_MODES[rules.max_mode]}."
    yield f"Recommendations with a confidence below {rules.confidence_threshold:g} are held back."
    listed = ", ".join(sorted(rules.automate))
    yield f"At low risk, without a yes: {listed}." if listed else "Where a yes is the rule, nothing runs without one."
    yield f"WordPress itself: minor releases are {rules.core_minor} risk, major ones {rules.core_major}."
    yield f"WordPress itself waits {_days(rules.core_wait_days)} after its offer was first seen."
    yield (
        f"Other updates wait {_days(rules.wait_patch)} (patch), {_days(rules.wait_minor)} (minor), {_days(rules.wait_major)} (major) "
        f"or {_days(rules.wait_security)} (security release)."
    )
    if not rules.windows:
        yield "Changes may start at any time."
    for group in rules.windows:
        yield "Changes may start " + ", or ".join(_open(window) for window in group) + "."
    for hold in rules.holds:
        yield _held(hold)
    yield f"Approvals are waited for {rules.approval_hours} hours; what is approved starts within {rules.execute_hours} more or never."
    yield f"Databases above {rules.snapshot_db_max_mb} MB are left out of snapshots."
    yield f"Rollouts go in waves of {', '.join(rules.wave_sizes)}."


def _calling(rules: Rules) -> Iterator[str]:
    yield f"At most {rules.rates.tool_calls_per_minute} calls a minute to a site, {rules.rates.burst_multiplier:g} times that at once."
    yield f"A signed call is good for {rules.security.tool_call_ttl_seconds} s and remembered {rules.security.idempotency_window_hours} h."


def _thinking(rules: Rules) -> Iterator[str]:
    if rules.routing.mode == "off":
        yield "No model is called."
    else:
        yield f"Models are called by way of `{rules.routing.mode}`: {', '.join(rules.routing.fallback_chain) or 'none is named'}."
    caps = rules.budgets
    yield f"Model calls cost at most {caps.daily_cost_cap_usd:.2f} USD a day and {caps.per_run_cost_cap_usd:.2f} USD a run."
    for name, skill in sorted(rules.skills.items()):
        yield f"The skill {name} is {'on' if skill.enabled else 'off'}, with {len(skill.tools_allowlist)} tools."


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


def _open(window: Window) -> str:
    days = "every day" if len(window.days) == 7 else " and ".join(_WEEKDAYS[day] for day in sorted(window.days))
    over = " of the next day" if window.ends <= window.begins else ""
    zone = "the site's time" if window.zone == "site" else window.zone
    return f"on {days} from {window.begins:%H:%M} to {window.ends:%H:%M}{over} ({zone})"


def _held(hold: Hold) -> str:
    versions = "any version" if hold.versions.text.strip() == "*" else hold.versions.text
    return f"{hold.component} is not updated to {versions} up to {hold.until.isoformat()}: {hold.reason}"
