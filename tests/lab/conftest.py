"""One lab for the session; the sites in it are shared by the tests that change nothing for others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.site import Lab, Site


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as found:
        yield found


@pytest.fixture(scope="session")
def shop(lab: Lab) -> Site:
    """A site for tests that look, and for those that clean up behind themselves."""
    return lab.site("shop")
