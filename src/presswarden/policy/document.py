"""Reads a policy document into rules, or refuses it with the path of its fault; tells rules in plain sentences.

The schema in `contract/` says the same and is checked against the same cases. Limits: pure; where documents are kept, which is active and whom it
concerns is `approvals`'.
"""

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final  # Any: the readers of one section answer values of several types

from presswarden.actions.model import Risk
from presswarden.kernel.canonical import Json, encode
from presswarden.kernel.errors import Malformed
from presswarden.policy import fields as f
from presswarden.policy.fields import PolicyInvalid
from presswarden.policy.model import Mode
from presswarden.policy.rules import NONE, Anomaly, Budgets, Hold, Operations, Rates, Routing, Rules, Security, Skill, Window, merge
from presswarden.policy.versions import RangeInvalid, range_of
from presswarden.policy.words import difference, summary
from presswarden.policy.zones import is_zone

__all__ = ["NONE", "PolicyInvalid", "Rules", "difference", "merge", "read", "summary"]

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SECTIONS: Final = frozenset({"routing", "budgets", "rate_limits", "skill_controls", "security", "anomaly_detection"})
_COVER: Final[Mapping[str, f.Reader[str]]] = {
    "policy_version": f.choice("1.0"),
    "policy_id": f.text(longest=100),
    "installation_id": f.text(longest=100),
    "name": f.text(),
    "status": f.choice("draft", "active", "suspended", "archived"),
    "created_at": f.moment,
    "updated_at": f.moment,
}
_ROUTING: Final = {
    "mode": f.choice("openrouter", "direct", "off"),
    "allowed_models": f.names(),
    "allowed_providers": f.names(),
    "fallback_chain": f.names(),
    "max_context_tokens": f.whole(1),
    "max_output_tokens": f.whole(1),
}
_BUDGETS: Final = {
    "daily_cost_cap_usd": f.number(0, 1e9),
    "daily_tokens_cap": f.whole(0),
    "per_run_cost_cap_usd": f.number(0, 1e9),
    "per_run_total_tokens_cap": f.whole(0),
    "max_llm_calls_per_run": f.whole(0),
    "max_tool_calls_per_run": f.whole(0),
    "max_parallel_runs": f.whole(0),
}
_RATES: Final = {
    "llm_calls_per_minute": f.whole(0),
    "tool_calls_per_minute": f.whole(0),
    "runs_per_hour": f.whole(0),
    "burst_multiplier": f.number(1, 100),
}
_SECURITY: Final = {
    "tool_call_ttl_seconds": f.whole(1, 300),
    "idempotency_window_hours": f.whole(24, 8760),
    "allow_byok": f.switch,
}
_ANOMALY: Final = {
    "enabled": f.switch,
    "token_spike_multiplier": f.number(1, 1000, above=True),
    "cost_spike_multiplier": f.number(1, 1000, above=True),
    "max_failed_tool_calls_per_run": f.whole(1),
    "auto_suspend_on_trigger": f.switch,
    "cooldown_minutes": f.whole(0),
}
_SKILL: Final = {"enabled": f.switch, "tools_allowlist": f.names(f.TOOL, 64, most=500)}
_SKILL_MAY: Final = {
    "require_draft_first": f.switch,
    "require_checkpoint": f.switch,
    "disallow_publish": f.switch,
    "max_pages_per_run": f.whole(0),
    "max_pages_per_day": f.whole(0),
    "batch_size": f.whole(1, 1000),
}
_SKILL_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,59}\Z")
_days: Final = f.whole(0, 365)


def read(document: Mapping[str, Json]) -> Rules:
    """The rules of one document. Raises `PolicyInvalid`."""
    top = f.members(document, "", needed=[*_COVER, *sorted(_SECTIONS)], known=["operations"])
    for key, reader in _COVER.items():
        reader(top[key], f"/{key}")
    security = f.members(top["security"], "/security", needed=[*_SECURITY, "require_signed_tool_calls"])
    if security["require_signed_tool_calls"] is not True:
        f.refuse("/security/require_signed_tool_calls", "calls are always signed; nothing else can be set")
    default, skills = _skills(top["skill_controls"])
    operations, given = _operations(top["operations"]) if "operations" in top else (Operations(), frozenset())
    return Rules(
        routing=Routing(**_section(top["routing"], "/routing", _ROUTING)),
        budgets=Budgets(**_section(top["budgets"], "/budgets", _BUDGETS)),
        rates=Rates(**_section(top["rate_limits"], "/rate_limits", _RATES)),
        default_require_checkpoint_for_write=default,
        skills=skills,
        security=Security(**_some(security, "/security", _SECURITY)),
        anomaly=Anomaly(**_section(top["anomaly_detection"], "/anomaly_detection", _ANOMALY)),
        operations=operations,
        given=given,
        digest=_digest(document),
    )


def _digest(document: Mapping[str, Json]) -> str:
    try:
        return hashlib.sha256(encode(document)).hexdigest()
    except Malformed as fault:
        raise PolicyInvalid("/: the document has no canonical form.", do="Write texts, finite numbers and switches.", where="/") from fault


def _section(value: Json, where: str, readers: Mapping[str, f.Reader[Any]]) -> dict[str, Any]:
    found = f.members(value, where, needed=readers)
    return {key: reader(found[key], f"{where}/{key}") for key, reader in readers.items()}


def _some(value: Mapping[str, Json], where: str, readers: Mapping[str, f.Reader[Any]]) -> dict[str, Any]:
    return {key: reader(value[key], f"{where}/{key}") for key, reader in readers.items() if key in value}


def _skills(value: Json) -> tuple[bool, Mapping[str, Skill]]:
    where = "/skill_controls"
    found = f.members(value, where, needed=["default_require_checkpoint_for_write", "skills"])
    default = f.switch(found["default_require_checkpoint_for_write"], f"{where}/default_require_checkpoint_for_write")
    listed = found["skills"]
    if not isinstance(listed, Mapping) or len(listed) > 200:
        f.refuse(f"{where}/skills", "an object of at most 200 skills is expected")
    skills = {}
    for name, controls in listed.items():
        place = f.below(f"{where}/skills", name)
        if not _SKILL_NAME.match(name):
            f.refuse(place, "a skill is named by lower-case words joined by hyphens")
        skill = f.members(controls, place, needed=_SKILL, known=_SKILL_MAY)
        skills[name] = Skill(**{"require_checkpoint": default, **_some(skill, place, {**_SKILL, **_SKILL_MAY})})
    return default, MappingProxyType(skills)


def _operations(value: Json) -> tuple[Operations, frozenset[str]]:
    where = "/operations"
    found = f.members(value, where, known=[*_OPERATIONS, "core", "wait_days", "change_windows"])
    settled = _some(found, where, _OPERATIONS)
    if "core" in found:
        core = _some(f.members(found["core"], f"{where}/core", known=_CORE), f"{where}/core", _CORE)
        settled |= {f"core_{key}": value for key, value in core.items()}
    if "wait_days" in found:
        waits = _some(f.members(found["wait_days"], f"{where}/wait_days", known=_WAITS), f"{where}/wait_days", _WAITS)
        settled |= {f"wait_{key}": value for key, value in waits.items()}
    windows = f.items(found.get("change_windows", ()), f"{where}/change_windows", _window, most=50)
    if windows:
        settled["windows"] = (windows,)
    return Operations(**settled), frozenset(settled)


def _window(value: Json, where: str) -> Window:
    found = f.members(value, where, needed=["days", "from", "to", "tz"])
    days = f.names("|".join(_DAYS), 3, least=1, most=7)(found["days"], f"{where}/days")
    zone = f.text(longest=60)(found["tz"], f"{where}/tz")
    if zone != "site" and not is_zone(zone):
        f.refuse(f"{where}/tz", "`site`, `UTC` or the name of a time zone is expected")
    begins, ends = f.hour(found["from"], f"{where}/from"), f.hour(found["to"], f"{where}/to")
    return Window(frozenset(_DAYS.index(day) for day in days), begins, ends, zone)


def _hold(value: Json, where: str) -> Hold:
    found = f.members(value, where, needed=["component", "version", "until", "reason"])
    version = f.text(longest=60)(found["version"], f"{where}/version")
    try:
        versions = range_of(version)
    except RangeInvalid:
        f.refuse(f"{where}/version", "`*`, a version, `8.*`, or bounds as `>=8.0 <9` are expected")
    component = f.text(r"core|(plugin|theme|translation):.+")(found["component"], f"{where}/component")
    reason = f.text(longest=500)(found["reason"], f"{where}/reason")
    return Hold(component, versions, f.day(found["until"], f"{where}/until"), reason)


def _mode(value: Json, where: str) -> Mode:
    return Mode(f.choice(*Mode)(value, where))


def _core_risk(value: Json, where: str) -> Risk:
    return Risk(f.choice(Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL)(value, where))


_CORE: Final[Mapping[str, f.Reader[Any]]] = {"minor": _core_risk, "major": _core_risk, "wait_days": _days}
_WAITS: Final[Mapping[str, f.Reader[Any]]] = {"patch": _days, "minor": _days, "major": _days, "security": _days}
_OPERATIONS: Final[Mapping[str, f.Reader[Any]]] = {
    "confidence_threshold": f.number(0.5, 0.99),
    "default_mode": _mode,
    "max_mode": _mode,
    "automate": lambda value, where: frozenset(f.names(f.TOOL, 64, most=500)(value, where)),
    "holds": lambda value, where: f.items(value, where, _hold),
    "snapshot_db_max_mb": f.whole(1, 1_048_576),
    "approval_hours": f.whole(1, 720),
    "execute_hours": f.whole(1, 168),
    "wave_sizes": lambda value, where: f.items(value, where, f.text(r"[1-9][0-9]{0,4}|([1-9][0-9]?|100)%", 5), least=1, most=20),
}
