"""Policy documents: the published example, our optional block, and documents that must be refused with the path of the fault."""

import copy
from typing import Any

EXAMPLE: dict[str, Any] = {
    "policy_version": "1.0",
    "policy_id": "pol_123",
    "installation_id": "inst_123",
    "name": "Balanced",
    "status": "active",
    "routing": {
        "mode": "openrouter",
        "allowed_models": ["openai/gpt-5.2-mini", "anthropic/claude-4-sonnet", "google/gemini-2.5-pro"],
        "allowed_providers": ["OpenAI", "Anthropic", "Google", "Groq"],
        "fallback_chain": ["anthropic/claude-4-sonnet", "openai/gpt-5.2-mini"],
        "max_context_tokens": 128000,
        "max_output_tokens": 2000,
    },
    "budgets": {
        "daily_cost_cap_usd": 10.0,
        "daily_tokens_cap": 2000000,
        "per_run_cost_cap_usd": 2.0,
        "per_run_total_tokens_cap": 300000,
        "max_llm_calls_per_run": 20,
        "max_tool_calls_per_run": 500,
        "max_parallel_runs": 2,
    },
    "rate_limits": {"llm_calls_per_minute": 6, "tool_calls_per_minute": 60, "runs_per_hour": 6, "burst_multiplier": 2},
    "skill_controls": {
        "default_require_checkpoint_for_write": True,
        "skills": {
            "programmatic-seo": {
                "enabled": True,
                "tools_allowlist": [
                    "wp.site.get_environment",
                    "wp.content.inventory",
                    "wp.seo.get_config",
                    "wp.content.bulk_create",
                    "wp.seo.set_meta",
                    "wp.internal_links.add_related",
                ],
                "require_draft_first": True,
                "max_pages_per_run": 200,
                "max_pages_per_day": 500,
                "batch_size": 25,
                "require_checkpoint": True,
                "disallow_publish": True,
            },
            "seo-audit": {
                "enabled": True,
                "tools_allowlist": ["wp.site.get_environment", "wp.content.inventory", "wp.seo.get_config"],
                "require_checkpoint": False,
            },
        },
    },
    "security": {"require_signed_tool_calls": True, "tool_call_ttl_seconds": 180, "idempotency_window_hours": 24, "allow_byok": False},
    "anomaly_detection": {
        "enabled": True,
        "token_spike_multiplier": 5,
        "cost_spike_multiplier": 5,
        "max_failed_tool_calls_per_run": 25,
        "auto_suspend_on_trigger": True,
        "cooldown_minutes": 60,
    },
    "created_at": "2026-02-15T00:00:00Z",
    "updated_at": "2026-02-15T00:00:00Z",
}
OPERATIONS: dict[str, Any] = {
    "confidence_threshold": 0.82,
    "default_mode": "approve",
    "max_mode": "autonomous",
    "automate": ["wp.translation.update"],
    "core": {"minor": "high", "major": "critical", "wait_days": 7},
    "wait_days": {"patch": 0, "minor": 2, "major": 7, "security": 0},
    "change_windows": [{"days": ["mon"], "from": "22:00", "to": "05:00", "tz": "site"}],
    "holds": [{"component": "plugin:woocommerce", "version": "*", "until": "2027-01-05", "reason": "waiting for the vendor's fix"}],
    "snapshot_db_max_mb": 512,
    "approval_hours": 72,
    "execute_hours": 24,
    "wave_sizes": ["1", "5%", "25%", "100%"],
}
GONE = object()


def changed(path: str, value: Any) -> dict[str, Any]:
    whole = copy.deepcopy(EXAMPLE) | {"operations": copy.deepcopy(OPERATIONS)}
    inner = whole
    *way, last = path.split("/")[1:]
    for step in way:
        inner = inner[step]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return whole


REFUSED: list[tuple[str, str, Any]] = [
    ("an unknown key", "/extra", 1),
    ("an unknown key in routing", "/routing/extra", 1),
    ("an unknown key in a skill", "/skill_controls/skills/seo-audit/extra", 1),
    ("an unknown key in operations", "/operations/extra", 1),
    ("another version", "/policy_version", "2.0"),
    ("no version", "/policy_version", GONE),
    ("no budgets", "/budgets", GONE),
    ("no security", "/security", GONE),
    ("an unknown status", "/status", "on"),
    ("an unknown routing mode", "/routing/mode", "litellm"),
    ("models as text", "/routing/allowed_models", "all"),
    ("the same model twice", "/routing/allowed_models", ["a/b", "a/b"]),
    ("a negative cost cap", "/budgets/daily_cost_cap_usd", -1),
    ("a cost cap of null", "/budgets/daily_cost_cap_usd", None),
    ("a cost cap as text", "/budgets/daily_cost_cap_usd", "10"),
    ("a token cap that is not whole", "/budgets/daily_tokens_cap", 1.5),
    ("a negative token cap", "/budgets/per_run_total_tokens_cap", -1),
    ("a cap of true", "/budgets/max_llm_calls_per_run", True),
    ("a rate of null", "/rate_limits/tool_calls_per_minute", None),
    ("a burst below one", "/rate_limits/burst_multiplier", 0),
    ("unsigned tool calls", "/security/require_signed_tool_calls", False),
    ("a call that lives longer than 300 seconds", "/security/tool_call_ttl_seconds", 301),
    ("a call that lives no second", "/security/tool_call_ttl_seconds", 0),
    ("an idempotency window below 24 hours", "/security/idempotency_window_hours", 23),
    ("a tool with a path", "/skill_controls/skills/seo-audit/tools_allowlist", ["../x"]),
    ("a skill without its switch", "/skill_controls/skills/seo-audit/enabled", GONE),
    ("a batch of no page", "/skill_controls/skills/programmatic-seo/batch_size", 0),
    ("a negative spike", "/anomaly_detection/token_spike_multiplier", -5),
    ("a date that is none", "/created_at", "yesterday"),
    ("a confidence above the ceiling", "/operations/confidence_threshold", 1),
    ("a confidence below the floor", "/operations/confidence_threshold", 0.49),
    ("an unknown mode", "/operations/default_mode", "yolo"),
    ("core changes at low risk", "/operations/core/minor", "low"),
    ("a wait below zero", "/operations/wait_days/minor", -1),
    ("a window without its end", "/operations/change_windows", [{"days": ["mon"], "from": "22:00", "tz": "site"}]),
    ("a window on a day that is none", "/operations/change_windows", [{"days": ["someday"], "from": "22:00", "to": "05:00", "tz": "site"}]),
    ("a window at an hour that is none", "/operations/change_windows", [{"days": ["mon"], "from": "25:00", "to": "05:00", "tz": "site"}]),
    ("a hold without a reason", "/operations/holds", [{"component": "plugin:x", "version": "*", "until": "2027-01-05"}]),
    ("a wave of nothing", "/operations/wave_sizes", ["0"]),
    ("no wave", "/operations/wave_sizes", []),
]


def cases() -> list[dict[str, Any]]:
    whole = EXAMPLE | {"operations": OPERATIONS}
    found: list[dict[str, Any]] = [
        {"name": "the published example is accepted", "document": EXAMPLE, "accept": True},
        {"name": "the example with our operations block is accepted", "document": whole, "accept": True},
        {
            "name": "an operations block of one setting is accepted",
            "document": EXAMPLE | {"operations": {"confidence_threshold": 0.9}},
            "accept": True,
        },
        {"name": "routing that is off is accepted", "document": changed("/routing/mode", "off"), "accept": True},
        {"name": "a cap of nothing is accepted", "document": changed("/budgets/daily_cost_cap_usd", 0), "accept": True},
    ]
    return found + [
        {"name": f"a policy with {name} is refused", "document": changed(path, value), "refuse": path} for name, path, value in REFUSED
    ]
