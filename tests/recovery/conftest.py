"""Real sites that are changed, broken and taken back. Pairing and calls are those of the connector's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.site import Lab
from tests.connector.peer import Peer


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as found:
        yield found


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found
        assert found.problems == []
