"""Documents are read or refused with the path of the fault; several come to the strictest of all. Limits: the schema has its own test of the same cases."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from presswarden.actions.model import Risk
from presswarden.policy.document import NONE, PolicyInvalid, difference, merge, read, summary
from presswarden.policy.model import Mode

ROOT = Path(__file__).parents[3]
CASES = json.loads((ROOT / "contract" / "vectors" / "policies.json").read_text())["cases"]
EXAMPLE = CASES[0]["document"]
WHOLE = CASES[1]["document"]


def changed(path: str, value: Any) -> dict[str, Any]:
    whole = copy.deepcopy(WHOLE)
    inner = whole
    *way, last = path.split("/")[1:]
    for step in way:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    inner[int(last) if isinstance(inner, list) else last] = value
    return whole


@pytest.mark.req("P7", "P8", "P9", "P10", "P11")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_a_document_of_the_contract_is_read_or_refused_at_the_path_of_its_fault(case):
    if case.get("accept"):
        assert read(case["document"]).digest != NONE.digest
        return
    with pytest.raises(PolicyInvalid) as refused:
        read(case["document"])
    assert refused.value.where == case["refuse"] or refused.value.where.startswith(case["refuse"] + "/")


@pytest.mark.req("P7")
def test_the_published_example_says_what_it_says():
    rules = read(EXAMPLE)
    assert rules.routing.mode == "openrouter"
    assert rules.routing.fallback_chain == ("anthropic/claude-4-sonnet", "openai/gpt-5.2-mini")
    assert (rules.budgets.daily_cost_cap_usd, rules.budgets.max_parallel_runs) == (10.0, 2)
    assert (rules.rates.tool_calls_per_minute, rules.rates.burst_multiplier) == (60, 2)
    assert rules.skills["programmatic-seo"].disallow_publish
    assert not rules.skills["seo-audit"].require_checkpoint
    assert rules.given == frozenset()
    assert rules.operations == NONE.operations


@pytest.mark.req("P7")
def test_our_block_says_what_it_says():
    found = read(WHOLE).operations
    assert (found.confidence_threshold, found.default_mode, found.max_mode) == (0.82, Mode.APPROVE, Mode.AUTONOMOUS)
    assert found.automate == {"wp.translation.update"}
    assert (found.core_minor, found.core_major, found.core_wait_days) == (Risk.HIGH, Risk.CRITICAL, 7)
    assert (found.wait_patch, found.wait_minor, found.wait_major, found.wait_security) == (0, 2, 7, 0)
    ((window,),) = found.windows
    assert (window.days, f"{window.begins:%H:%M}", f"{window.ends:%H:%M}", window.zone) == ({0}, "22:00", "05:00", "site")
    (hold,) = found.holds
    assert (hold.component, hold.until.isoformat()) == ("plugin:woocommerce", "2027-01-05")
    assert hold.versions.holds("9.9.9")


FAULTS = [
    ("/budgets/daily_cost_cap_usd", float("nan")),
    ("/budgets/daily_cost_cap_usd", float("inf")),
    ("/budgets/daily_tokens_cap", float("inf")),
    ("/budgets/per_run_cost_cap_usd", None),
    ("/budgets/max_parallel_runs", -1),
    ("/budgets/max_parallel_runs", False),
    ("/budgets", []),
    ("/routing/allowed_models/1", 7),
    ("/security/tool_call_ttl_seconds", 301),
    ("/security/idempotency_window_hours", 23),
    ("/security/require_signed_tool_calls", 1),
    ("/anomaly_detection/token_spike_multiplier", 1),
    ("/skill_controls/skills", []),
    ("/updated_at", "2026-02-30T00:00:00Z"),
    ("/operations", None),
    ("/operations/confidence_threshold", "0.82"),
    ("/operations/confidence_threshold", True),
    ("/operations/automate", ["wp.plugin.update", "wp.plugin.update"]),
    ("/operations/automate/0", "wp.plugin.update\n"),
    ("/operations/wait_days/major", 1.5),
    ("/operations/change_windows/0/tz", "Mars/Base"),
    ("/operations/change_windows/0/days/0", "Mon"),
    ("/operations/change_windows/0/from", "24:00"),
    ("/operations/holds/0/until", "2027-02-30"),
    ("/operations/holds/0/version", ">= "),
    ("/operations/holds/0/version", "8.0 || 9"),
    ("/operations/holds/0/component", "woocommerce"),
    ("/operations/approval_hours", 0),
    ("/operations/execute_hours", 169),
    ("/operations/wave_sizes/0", "0%"),
]


@pytest.mark.req("P7", "P8", "P9", "P10", "P11")
@pytest.mark.parametrize(("path", "value"), FAULTS)
def test_a_fault_is_refused_at_its_path(path, value):
    with pytest.raises(PolicyInvalid) as refused:
        read(changed(path, value))
    assert refused.value.where == path
    assert path in refused.value.says


def test_a_document_that_is_no_object_is_refused():
    with pytest.raises(PolicyInvalid):
        read([])  # type: ignore[arg-type]  # what a file may hold


def test_an_unknown_key_that_is_no_plain_word_is_not_repeated():
    with pytest.raises(PolicyInvalid) as refused:
        read(changed("/routing/\x1b[2J<script>", 1))
    assert refused.value.where == "/routing/?"
    assert "script" not in refused.value.says


def test_the_same_document_has_the_same_digest_whatever_its_order():
    turned = dict(reversed(list(WHOLE.items())))
    assert read(turned).digest == read(WHOLE).digest != read(EXAMPLE).digest


# --- several -----------------------------------------------------------------------------------------------------------------------------


def test_without_a_document_the_built_in_rules_hold():
    assert merge() == merge(NONE) == merge(NONE, NONE) == NONE
    assert merge(NONE, read(WHOLE)) == read(WHOLE)
    assert (NONE.budgets.daily_cost_cap_usd, NONE.budgets.per_run_cost_cap_usd, NONE.budgets.max_llm_calls_per_run) == (1.0, 0.25, 20)
    assert NONE.routing.mode == "off"
    assert not NONE.operations.automate


STRICTER = [
    ("/budgets/daily_cost_cap_usd", 0.5, lambda rules: rules.budgets.daily_cost_cap_usd, 0.5),
    ("/rate_limits/tool_calls_per_minute", 5, lambda rules: rules.rates.tool_calls_per_minute, 5),
    ("/security/tool_call_ttl_seconds", 60, lambda rules: rules.security.tool_call_ttl_seconds, 60),
    ("/security/idempotency_window_hours", 48, lambda rules: rules.security.idempotency_window_hours, 48),
    ("/anomaly_detection/cooldown_minutes", 120, lambda rules: rules.anomaly.cooldown_minutes, 120),
    ("/anomaly_detection/token_spike_multiplier", 2, lambda rules: rules.anomaly.token_spike_multiplier, 2),
    ("/routing/mode", "direct", lambda rules: rules.routing.mode, "off"),
    ("/routing/allowed_providers", ["Groq", "Mistral"], lambda rules: rules.routing.allowed_providers, ("Groq",)),
    ("/skill_controls/skills/seo-audit/enabled", False, lambda rules: rules.skills["seo-audit"].enabled, False),
    ("/skill_controls/skills/seo-audit/require_checkpoint", True, lambda rules: rules.skills["seo-audit"].require_checkpoint, True),
    ("/skill_controls/skills/seo-audit/max_pages_per_run", 3, lambda rules: rules.skills["seo-audit"].max_pages_per_run, 3),
    ("/operations/confidence_threshold", 0.9, lambda rules: rules.operations.confidence_threshold, 0.9),
    ("/operations/default_mode", "observe", lambda rules: rules.operations.default_mode, Mode.OBSERVE),
    ("/operations/max_mode", "approve", lambda rules: rules.operations.max_mode, Mode.APPROVE),
    ("/operations/automate", ["wp.theme.update"], lambda rules: rules.operations.automate, frozenset()),
    ("/operations/core/minor", "critical", lambda rules: rules.operations.core_minor, Risk.CRITICAL),
    ("/operations/core/wait_days", 30, lambda rules: rules.operations.core_wait_days, 30),
    ("/operations/wait_days/patch", 3, lambda rules: rules.operations.wait_patch, 3),
    ("/operations/wait_days/security", 1, lambda rules: rules.operations.wait_security, 1),
    ("/operations/approval_hours", 10, lambda rules: rules.operations.approval_hours, 10),
    ("/operations/snapshot_db_max_mb", 10, lambda rules: rules.operations.snapshot_db_max_mb, 10),
    ("/operations/wave_sizes", ["2"], lambda rules: rules.operations.wave_sizes, ("1",)),
]


@pytest.mark.req("P7")
@pytest.mark.parametrize(("path", "value", "seen", "wanted"), STRICTER)
def test_of_two_documents_the_stricter_setting_holds_whichever_comes_first(path, value, seen, wanted):
    one, other = read(WHOLE), read(changed(path, value))
    assert seen(merge(one, other)) == seen(merge(other, one)) == wanted
    assert merge(one, other).digest == merge(other, one).digest
    assert merge(one, other).digest not in {one.digest, other.digest}


def test_a_document_that_leaves_a_setting_out_gives_way_to_one_that_sets_it():
    silent, loud = read(EXAMPLE), read(changed("/operations/automate", ["wp.theme.update"]))
    assert merge(silent, loud).operations == loud.operations


def test_byok_needs_every_document():
    one, other = read(changed("/security/allow_byok", True)), read(WHOLE)
    assert one.security.allow_byok
    assert not merge(one, other).security.allow_byok


def test_a_skill_that_one_document_does_not_name_is_off():
    fewer = copy.deepcopy(EXAMPLE)
    del fewer["skill_controls"]["skills"]["seo-audit"]
    assert set(merge(read(EXAMPLE), read(fewer)).skills) == {"programmatic-seo"}


def test_windows_and_holds_of_every_document_apply():
    window = {"days": ["tue"], "from": "01:00", "to": "02:00", "tz": "UTC"}
    merged = merge(read(WHOLE), read(changed("/operations/change_windows", [window])))
    assert sorted(len(group) for group in merged.operations.windows) == [1, 1]
    assert len(merged.operations.holds) == 2


def test_a_document_without_a_window_leaves_those_of_the_other():
    merged = merge(read(WHOLE), read(changed("/operations/change_windows", [])))
    assert len(merged.operations.windows) == 1


def test_a_summary_tells_each_setting_and_a_difference_only_what_changed():
    told = summary(read(WHOLE))
    assert "Recommendations with a confidence below 0.82 are held back." in told
    assert "Changes may start on Monday from 22:00 to 05:00 of the next day (the site's time)." in told
    assert any(line.startswith("plugin:woocommerce is not updated to any version up to 2027-01-05") for line in told)
    assert difference(read(WHOLE), read(WHOLE)) == ()
    assert difference(read(WHOLE), read(changed("/operations/confidence_threshold", 0.9))) == (
        "- Recommendations with a confidence below 0.82 are held back.",
        "+ Recommendations with a confidence below 0.9 are held back.",
    )
