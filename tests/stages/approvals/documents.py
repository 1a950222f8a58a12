"""Policy documents for tests: the published example, made as strict as what holds without any document, with settings of the test's own."""

import copy
from typing import Any

from tests.contract.reading import vector_file


def example() -> dict[str, Any]:
    """The example that is valid as it stands."""
    found: dict[str, Any] = copy.deepcopy(vector_file("policies")["cases"][0]["document"])
    return found


def as_built_in(**operations: Any) -> dict[str, Any]:
    """No model, the built-in caps, no skill: nowhere laxer than no document, but for what `operations` says."""
    document = example()
    document["routing"] |= {"mode": "off", "allowed_models": [], "allowed_providers": [], "fallback_chain": []}
    document["budgets"] |= {"daily_cost_cap_usd": 1.0, "per_run_cost_cap_usd": 0.25}
    document["skill_controls"]["skills"] = {}
    return {**document, "operations": operations} if operations else document


def stricter() -> dict[str, Any]:
    return as_built_in(confidence_threshold=0.9)
