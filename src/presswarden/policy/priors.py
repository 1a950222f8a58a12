"""What is believed of an update before anybody tried it, and how much each outcome weighs. docs/decisions/0005 publishes the table that follows.

Limits: nothing here moves without a decision record; a test recomputes the published table. All numbers are chosen so that no update of any size
reaches the default threshold untried, and one of patch size does after a single pass on a site of the same class.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from presswarden.policy.model import Size

PRIORS: Final[Mapping[Size, tuple[int, int]]] = MappingProxyType({Size.PATCH: (9, 1), Size.MINOR: (6, 1), Size.MAJOR: (3, 1)})
"""(a, b) of the Beta distribution of "passes our own checks after the change"."""
EQUAL_PASS: Final = 3
"""Added to a: the same step from version to version passed, on a site of the same class."""
OTHER_PASS: Final = 1
"""Added to a: the same version passed, from another one or on another class of site."""
FAILURE: Final = 3
"""Added to b: it failed or was taken back, wherever."""
TAIL: Final = 0.1
"""Confidence is the value below which this share of the belief lies."""
