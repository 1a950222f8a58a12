"""The confidence of an update recommendation: the 10 % lower credible bound of Beta(a, b) for "passes our own post-change checks".

Pure. Only outcomes of the very version count, and `unverified` is none. Limits: confidence can hold a proposal back, never let it through.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from presswarden.policy.model import Jump, Outcome
from presswarden.policy.priors import EQUAL_PASS, FAILURE, OTHER_PASS, PRIORS, TAIL

_WIDTH: Final = 1e-13
_TINY: Final = 1e-300
_MOST_TERMS: Final = 10_000


def confidence(jump: Jump, outcomes: Iterable[Outcome]) -> float:
    """Between 0 and 1, from the prior of the jump's size and what became of this version elsewhere in the fleet."""
    return lower_bound(*belief(jump, outcomes))


def belief(jump: Jump, outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """(a, b): the prior and the evidence."""
    a, b = PRIORS[jump.size]
    component, was, version = jump.component, jump.was, jump.version
    for outcome in outcomes:
        if outcome.version != version or outcome.component != component:
            continue
        if not outcome.passed:
            b += FAILURE
        elif outcome.same_class and outcome.was == was:
            a += EQUAL_PASS
        else:
            a += OTHER_PASS
    return a, b


@lru_cache(maxsize=4096)
def lower_bound(a: float, b: float, tail: float = TAIL) -> float:
    """The value below which `tail` of Beta(a, b) lies, to 12 places; found by halving, so always from below."""
    low, high = 0.0, 1.0
    while high - low > _WIDTH:
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if share_below(middle, a, b) < tail:
            low = middle
        else:
            high = middle
    return low


def share_below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function: how much of Beta(a, b) lies below x."""
    if not (a > 0 and b > 0):
        raise ValueError("a Beta distribution has two positive parameters")
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - share_below(1 - x, b, a)  # there the fraction below converges fast
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for term in range(1, _MOST_TERMS):
        m = term // 2
        odd, even = -(a + m) * (a + b + m), m * (b - m)
        step = odd * x / ((a + 2 * m) * (a + 2 * m + 1)) if term % 2 else even * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _away_from_zero(1 + step * d)
        c = _away_from_zero(1 + step / c)
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            return value
    raise ArithmeticError("the continued fraction did not converge")


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
