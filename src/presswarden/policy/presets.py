"""The policies that are offered, as whole documents: Cautious, Balanced (the default) and Hands-off. People choose one of these, not models.

Limits: a preset is a document like any other; it does nothing until an owner puts it in force.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from presswarden.kernel.canonical import Json


class Preset(StrEnum):
    CAUTIOUS = "cautious"
    BALANCED = "balanced"
    HANDS_OFF = "hands-off"


DEFAULT: Final = Preset.BALANCED
_NAMES: Final = {Preset.CAUTIOUS: "Cautious", Preset.BALANCED: "Balanced", Preset.HANDS_OFF: "Hands-off"}
_OPERATIONS: Final[Mapping[Preset, Mapping[str, Json]]] = MappingProxyType(
    {
        Preset.CAUTIOUS: {
            "confidence_threshold": 0.9,
            "default_mode": "observe",
            "max_mode": "approve",
            "automate": [],
            "core": {"minor": "critical", "major": "critical", "wait_days": 14},
            "wait_days": {"patch": 2, "minor": 7, "major": 14, "security": 0},
        },
        Preset.BALANCED: {
            "confidence_threshold": 0.82,
            "default_mode": "approve",
            "max_mode": "autonomous",
            "automate": ["wp.translation.update"],
            "core": {"minor": "high", "major": "critical", "wait_days": 7},
            "wait_days": {"patch": 0, "minor": 2, "major": 7, "security": 0},
        },
        Preset.HANDS_OFF: {
            "confidence_threshold": 0.82,
            "default_mode": "autonomous",
            "max_mode": "autonomous",
            "automate": ["wp.translation.update"],
            "core": {"minor": "high", "major": "critical", "wait_days": 3},
            "wait_days": {"patch": 0, "minor": 0, "major": 3, "security": 0},
        },
    }
)
_ALIKE: Final[Mapping[str, Json]] = MappingProxyType(
    {
        "snapshot_db_max_mb": 512,
        "approval_hours": 72,
        "execute_hours": 24,
        "wave_sizes": ["1", "5%", "25%", "100%"],
    }
)


def document(preset: Preset, *, policy_id: str, concerns: str, at: datetime) -> dict[str, Json]:
    """The whole document. `concerns`: the id of the site or organisation that it is for. No model is called until somebody chooses to."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "policy_version": "1.0",
        "policy_id": policy_id,
        "installation_id": concerns,
        "name": _NAMES[preset],
        "status": "active",
        "routing": {
            "mode": "off",
            "allowed_models": [],
            "allowed_providers": [],
            "fallback_chain": [],
            "max_context_tokens": 128_000,
            "max_output_tokens": 2_000,
        },
        "budgets": {
            "daily_cost_cap_usd": 1.0,
            "daily_tokens_cap": 2_000_000,
            "per_run_cost_cap_usd": 0.25,
            "per_run_total_tokens_cap": 300_000,
            "max_llm_calls_per_run": 20,
            "max_tool_calls_per_run": 500,
            "max_parallel_runs": 2,
        },
        "rate_limits": {"llm_calls_per_minute": 6, "tool_calls_per_minute": 60, "runs_per_hour": 6, "burst_multiplier": 2},
        "skill_controls": {"default_require_checkpoint_for_write": True, "skills": {}},
        "security": {
            "require_signed_tool_calls": True,
            "tool_call_ttl_seconds": 180,
            "idempotency_window_hours": 24,
            "allow_byok": False,
        },
        "anomaly_detection": {
            "enabled": True,
            "token_spike_multiplier": 5,
            "cost_spike_multiplier": 5,
            "max_failed_tool_calls_per_run": 25,
            "auto_suspend_on_trigger": True,
            "cooldown_minutes": 60,
        },
        "operations": {**_OPERATIONS[preset], **_ALIKE},
        "created_at": moment,
        "updated_at": moment,
    }
