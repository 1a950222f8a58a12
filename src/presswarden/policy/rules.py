"""The rules that documents come to: typed, frozen, strictest where several apply. Limits: values; reading a document is `document`'s, deciding `decide`'s.

Numbers count by minimum, lists by intersection, booleans by the stricter; holds and windows of every document apply. A setting of the optional block
`operations` that a document leaves out says nothing, and gives way to one that does; without any, the defaults written here count.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, time
from functools import reduce
from types import MappingProxyType
from typing import Any, Final, TypeVar  # Any: fields of several classes are merged by one rule each

from presswarden.actions.model import Risk
from presswarden.policy.model import LADDER, MODES, Mode
from presswarden.policy.versions import Range

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Routing:
    mode: str = "off"
    allowed_models: tuple[str, ...] = ()
    allowed_providers: tuple[str, ...] = ()
    fallback_chain: tuple[str, ...] = ()
    max_context_tokens: int = 128_000
    max_output_tokens: int = 2_000


@dataclass(frozen=True, slots=True)
class Budgets:
    """The defaults are the built-in caps of an organisation that has no document."""

    daily_cost_cap_usd: float = 1.0
    daily_tokens_cap: int = 2_000_000
    per_run_cost_cap_usd: float = 0.25
    per_run_total_tokens_cap: int = 300_000
    max_llm_calls_per_run: int = 20
    max_tool_calls_per_run: int = 500
    max_parallel_runs: int = 2


@dataclass(frozen=True, slots=True)
class Rates:
    llm_calls_per_minute: int = 6
    tool_calls_per_minute: int = 60
    runs_per_hour: int = 6
    burst_multiplier: float = 2.0


@dataclass(frozen=True, slots=True)
class Skill:
    """None: this document sets no such cap."""

    enabled: bool
    tools_allowlist: tuple[str, ...]
    require_checkpoint: bool
    require_draft_first: bool = False
    disallow_publish: bool = False
    max_pages_per_run: int | None = None
    max_pages_per_day: int | None = None
    batch_size: int | None = None


@dataclass(frozen=True, slots=True)
class Security:
    require_signed_tool_calls: bool = True
    tool_call_ttl_seconds: int = 180
    idempotency_window_hours: int = 24
    allow_byok: bool = False


@dataclass(frozen=True, slots=True)
class Anomaly:
    enabled: bool = True
    token_spike_multiplier: float = 5
    cost_spike_multiplier: float = 5
    max_failed_tool_calls_per_run: int = 25
    auto_suspend_on_trigger: bool = True
    cooldown_minutes: int = 60


@dataclass(frozen=True, slots=True)
class Window:
    """Changes may start on these weekdays (0 is Monday) from `begins` to before `ends`, by the clock on the wall there.

    When `ends` is not after `begins`, it is that of the next day. `zone` is an IANA name, or "site".
    """

    days: frozenset[int]
    begins: time
    ends: time
    zone: str


@dataclass(frozen=True, slots=True)
class Hold:
    """No update of this component to these versions, up to and including that day (UTC)."""

    component: str
    versions: Range
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Operations:
    confidence_threshold: float = 0.82
    default_mode: Mode = Mode.APPROVE
    max_mode: Mode = Mode.AUTONOMOUS
    automate: frozenset[str] = frozenset()
    core_minor: Risk = Risk.HIGH
    core_major: Risk = Risk.CRITICAL
    core_wait_days: int = 0
    wait_patch: int = 0
    wait_minor: int = 0
    wait_major: int = 0
    wait_security: int = 0
    windows: tuple[tuple[Window, ...], ...] = ()
    """One group for each document that names windows; open when every group has an open one. No group: always open."""
    holds: tuple[Hold, ...] = ()
    snapshot_db_max_mb: int = 512
    approval_hours: int = 72
    execute_hours: int = 24
    wave_sizes: tuple[str, ...] = ("1", "5%", "25%", "100%")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force. `digest` names it: 64 hex digits, the same for the same documents."""

    digest: str
    routing: Routing = Routing()
    budgets: Budgets = Budgets()
    rates: Rates = Rates()
    default_require_checkpoint_for_write: bool = True
    skills: Mapping[str, Skill] = field(default_factory=dict)
    security: Security = Security()
    anomaly: Anomaly = Anomaly()
    operations: Operations = Operations()
    given: frozenset[str] = frozenset()
    """Names of the settings of `operations` that a document gave."""


NONE: Final = Rules(hashlib.sha256(b"presswarden built-in rules 1").hexdigest())
"""Without any document."""


def merge(*rules: Rules) -> Rules:
    """What holds when all of these apply: the strictest. Without any, `NONE`; `NONE` itself is no document and gives way to one."""
    found = sorted({one.digest: one for one in rules if one.digest != NONE.digest}.values(), key=lambda one: one.digest)
    if len(found) < 2:
        return found[0] if found else NONE
    digest = hashlib.sha256("\n".join(one.digest for one in found).encode()).hexdigest()
    return replace(reduce(_both, found), digest=digest)


def _both(one: Rules, other: Rules) -> Rules:
    return Rules(
        digest=one.digest,
        routing=_each(one.routing, other.routing),
        budgets=_each(one.budgets, other.budgets),
        rates=_each(one.rates, other.rates),
        default_require_checkpoint_for_write=one.default_require_checkpoint_for_write or other.default_require_checkpoint_for_write,
        skills=MappingProxyType({name: _each(skill, other.skills[name]) for name, skill in one.skills.items() if name in other.skills}),
        security=_each(one.security, other.security),
        anomaly=_each(one.anomaly, other.anomaly),
        operations=_operations(one, other),
        given=one.given | other.given,
    )


def _operations(one: Rules, other: Rules) -> Operations:
    settled = {}
    for name in one.given | other.given:
        said = [getattr(rules.operations, name) for rules in (one, other) if name in rules.given]
        settled[name] = said[0] if len(said) == 1 else _STRICTER.get(f"Operations.{name}", _usual)(*said)
    return replace(Operations(), **settled)


def _each(one: _T, other: _T) -> _T:
    """Of two of one class, field by field the stricter."""
    kind = type(one)
    both = {
        place.name: _STRICTER.get(f"{kind.__name__}.{place.name}", _usual)(getattr(one, place.name), getattr(other, place.name))
        for place in fields(one)  # type: ignore[arg-type]  # every caller passes two rules, which are dataclasses
    }
    return kind(**both)


def _usual(one: Any, other: Any) -> Any:
    """The lower number, what stands in both lists, true where true is the stricter; what one of them leaves open is the other's to say."""
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, bool):
        return one or other
    if isinstance(one, tuple):
        return tuple(item for item in one if item in other)
    return min(one, other)


def _laxer_is_true(one: bool, other: bool) -> bool:
    return one and other


def _harder(one: Risk, other: Risk) -> Risk:
    return max(one, other, key=LADDER.__getitem__)


def _quieter(one: Mode, other: Mode) -> Mode:
    return min(one, other, key=MODES.index)


_STRICTER: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        "Routing.mode": lambda one, other: one if one == other else "off",
        "Skill.enabled": _laxer_is_true,
        "Security.allow_byok": _laxer_is_true,
        "Security.idempotency_window_hours": max,
        "Anomaly.cooldown_minutes": max,
        "Operations.confidence_threshold": max,
        "Operations.default_mode": _quieter,
        "Operations.max_mode": _quieter,
        "Operations.automate": frozenset.intersection,
        "Operations.core_minor": _harder,
        "Operations.core_major": _harder,
        "Operations.core_wait_days": max,
        "Operations.wait_patch": max,
        "Operations.wait_minor": max,
        "Operations.wait_major": max,
        "Operations.wait_security": max,
        "Operations.windows": lambda one, other: (*one, *other),
        "Operations.holds": lambda one, other: (*one, *other),
        # Lists of nothing in common leave the smallest first step there is.
        "Operations.wave_sizes": lambda one, other: _usual(one, other) or ("1",),
    }
)
"""Where the stricter of two is another than usually."""
