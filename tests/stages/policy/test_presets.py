"""The offered policies are sound documents, from strict to free. Limits: choosing one is the console's and the command line's."""

import pytest

from presswarden.policy.document import NONE, read
from presswarden.policy.model import MODES, Mode
from presswarden.policy.presets import DEFAULT, Preset, document
from tests.contract.reading import schema
from tests.stages.policy.questions import NOW

RULES = {preset: read(document(preset, policy_id="pol_1", concerns="org_1", at=NOW)) for preset in Preset}


@pytest.mark.req("P7")
@pytest.mark.parametrize("preset", list(Preset))
def test_a_preset_is_a_document_of_the_contract_that_calls_no_model(preset):
    made = document(preset, policy_id="pol_1", concerns="org_1", at=NOW)
    assert schema("policy").is_valid(made)
    assert made["created_at"] == "2026-11-24T12:00:00Z"
    assert RULES[preset].routing.mode == "off"
    assert RULES[preset].budgets == NONE.budgets


def test_balanced_is_the_default_with_the_threshold_of_the_built_in_rules():
    assert DEFAULT is Preset.BALANCED
    assert RULES[DEFAULT].operations.confidence_threshold == NONE.operations.confidence_threshold == 0.82
    assert RULES[DEFAULT].operations.default_mode is Mode.APPROVE


def test_each_preset_is_nowhere_stricter_than_the_one_before():
    cautious, balanced, hands_off = (RULES[preset].operations for preset in Preset)
    for strict, free in ((cautious, balanced), (balanced, hands_off)):
        assert strict.confidence_threshold >= free.confidence_threshold
        assert MODES.index(strict.default_mode) <= MODES.index(free.default_mode)
        assert MODES.index(strict.max_mode) <= MODES.index(free.max_mode)
        assert strict.automate <= free.automate
        for wait in ("wait_patch", "wait_minor", "wait_major", "wait_security", "core_wait_days"):
            assert getattr(strict, wait) >= getattr(free, wait)
