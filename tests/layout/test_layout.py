"""The repository keeps its own rules."""

import pytest

from tests.layout.rules import RULES
from tests.layout.tree import REPOSITORY, Tree


@pytest.mark.req("W5")
@pytest.mark.parametrize("rule", RULES)
def test_the_repository_keeps_the_rule(rule: str) -> None:
    found = RULES[rule](Tree(REPOSITORY))
    assert not found, f"{rule}:\n" + "\n".join(found)
