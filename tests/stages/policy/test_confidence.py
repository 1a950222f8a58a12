"""Confidence: a bound that is exact, priors that stand in a decision record, evidence of the very version. Limits: who gathers outcomes is `rollouts`."""

import re
from fractions import Fraction
from math import comb, sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presswarden.policy import priors
from presswarden.policy.confidence import belief, confidence, lower_bound, share_below
from presswarden.policy.model import Jump, Outcome, Size
from presswarden.policy.rules import NONE

RECORD = Path(__file__).parents[3] / "docs" / "decisions" / "0005-what-an-untried-update-is-worth.md"
JUMP = Jump("plugin:a/a.php", "1.0", "1.0.1", Size.PATCH)


def outcome(
    *, passed: bool = True, same_class: bool = True, component: str = JUMP.component, was: str = "1.0", version: str = "1.0.1"
) -> Outcome:
    return Outcome(component, was, version, passed, same_class)


def exactly_below(x: float, a: int, b: int) -> Fraction:
    """For whole parameters the incomplete beta function is a binomial sum, here in whole numbers: no rounding but that of x, to 12 places."""
    n, whole = a + b - 1, 10**12
    part = round(x * whole)
    return Fraction(sum(comb(n, j) * part**j * (whole - part) ** (n - j) for j in range(a, n + 1)), whole**n)


KNOWN = [
    (1, 1, 0.1, 0.1),
    (9, 1, 0.1, 0.1 ** (1 / 9)),
    (6, 1, 0.1, 0.1 ** (1 / 6)),
    (3, 1, 0.1, 0.1 ** (1 / 3)),
    (1, 5, 0.1, 1 - 0.9 ** (1 / 5)),
    (2, 2, 0.5, 0.5),
    (0.5, 0.5, 0.25, (2 - sqrt(2)) / 4),
    (5, 5, 0.5, 0.5),
]


@pytest.mark.req("W6")
@pytest.mark.parametrize(("a", "b", "tail", "wanted"), KNOWN)
def test_the_bound_is_that_of_closed_forms(a, b, tail, wanted):
    assert lower_bound(a, b, tail) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.req("W6")
@pytest.mark.parametrize(("a", "b"), [(9, 4), (12, 1), (30, 7), (3, 10), (1, 40), (400, 1), (500, 20), (1509, 3), (90, 91), (9, 300)])
def test_the_bound_is_exact_to_nine_places_by_fractions(a, b):
    found = lower_bound(a, b)
    assert exactly_below(found - 1e-9, a, b) < Fraction(1, 10) < exactly_below(found + 1e-9, a, b)


@given(a=st.integers(1, 60), b=st.integers(1, 60), x=st.integers(1, 999).map(lambda part: part / 1000))
@settings(deadline=None, max_examples=100)
def test_the_share_below_a_value_is_the_binomial_sum(a, b, x):
    assert share_below(x, a, b) == pytest.approx(float(exactly_below(x, a, b)), abs=1e-11)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (-1, 1), (float("nan"), 1)])
def test_no_distribution_has_no_bound(a, b):
    with pytest.raises(ValueError):
        lower_bound(a, b)


WEIGHTS = [
    ([], (9, 1)),
    ([outcome()], (12, 1)),
    ([outcome(same_class=False)], (10, 1)),
    ([outcome(was="0.9")], (10, 1)),
    ([outcome(passed=False)], (9, 4)),
    ([outcome(passed=False, same_class=False, was="0.9")], (9, 4)),
    ([outcome(version="1.0.2"), outcome(version="1.0.2", passed=False)], (9, 1)),
    ([outcome(component="plugin:b/b.php", passed=False)], (9, 1)),
    ([outcome(), outcome(same_class=False), outcome(passed=False)], (13, 4)),
]


@pytest.mark.req("W6")
@pytest.mark.parametrize(("outcomes", "wanted"), WEIGHTS)
def test_each_outcome_of_the_very_version_weighs_as_written(outcomes, wanted):
    assert belief(JUMP, outcomes) == wanted


@pytest.mark.req("W6")
def test_untried_nothing_reaches_the_default_threshold_and_one_equal_pass_lifts_a_patch():
    threshold = NONE.operations.confidence_threshold
    for size in Size:
        assert confidence(Jump("plugin:a/a.php", "1.0", "1.0.1", size), []) < threshold
    assert confidence(JUMP, [outcome()]) >= threshold
    assert confidence(JUMP, [outcome(same_class=False)]) < threshold
    assert confidence(JUMP, [outcome(), outcome(passed=False)]) < threshold


@given(good=st.integers(0, 60), bad=st.integers(0, 60), size=st.sampled_from(Size))
@settings(deadline=None, max_examples=80)
def test_a_pass_never_lowers_and_a_failure_always_does(good, bad, size):
    jump = Jump("plugin:a/a.php", "1.0", "1.0.1", size)
    seen = [outcome()] * good + [outcome(passed=False)] * bad
    now = confidence(jump, seen)
    assert confidence(jump, [*seen, outcome()]) > now > confidence(jump, [*seen, outcome(passed=False)])
    assert 0 < now < 1


# --- the published table -----------------------------------------------------------------------------------------------------------------


def published() -> list[list[str]]:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in RECORD.read_text().splitlines() if line.startswith("| ")
    ]
    return [row for row in rows if row[0] in set(Size)]


def passes_to(size: Size, threshold: float) -> int:
    a, b = priors.PRIORS[size]
    return next(count for count in range(100) if lower_bound(a + count * priors.EQUAL_PASS, b) >= threshold)


@pytest.mark.req("W6")
def test_the_priors_and_what_follows_from_them_are_those_of_the_decision_record():
    table = published()
    assert [row[0] for row in table] == [size.value for size in Size]
    for row in table:
        size = Size(row[0])
        a, b = priors.PRIORS[size]
        found = [lower_bound(a + count * priors.EQUAL_PASS, b) for count in (0, 1, 2, 3, 5)]
        after_failure = lower_bound(a + 3 * priors.EQUAL_PASS, b + priors.FAILURE)
        wanted = [f"({a}, {b})", *(f"{value:.4f}" for value in (*found, after_failure)), str(passes_to(size, 0.82))]
        assert row[1:] == wanted, "a prior moved: write a new decision record with the run that supports it"


@pytest.mark.req("W6")
def test_the_weights_are_those_of_the_decision_record():
    said = RECORD.read_text()
    for name in ("EQUAL_PASS", "OTHER_PASS", "FAILURE", "TAIL"):
        (value,) = re.findall(rf"`{name}` = ([0-9]+(?:[.][0-9]+)?)", said)
        assert float(value) == getattr(priors, name)
