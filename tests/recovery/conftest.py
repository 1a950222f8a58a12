"""Real sites that are changed, broken and taken back. Pairing and calls are those of the connector's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.site import Lab
from lab.updates import UpdateServer
from tests.connector.peer import Peer
from tests.recovery.acting import Changed, changed_site


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as found:
        yield found


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with Peer() as found:
        yield found
        assert found.problems == []


@pytest.fixture(scope="module")
def updates() -> Iterator[UpdateServer]:
    with UpdateServer.start() as found:
        yield found


@pytest.fixture(scope="module")
def updated(lab: Lab, peer: Peer, updates: UpdateServer, request: pytest.FixtureRequest) -> Iterator[Changed]:
    """One paired site per module; it is only as clean as the last test left it."""
    found = changed_site(lab, peer, updates, request.module.__name__)
    yield found
    found.site.delete()


@pytest.fixture
def changed(updated: Changed) -> Changed:
    """The same site with no change open, `tiny` 1.0 and `labtheme` 1.0 in place and nothing offered."""
    updated.reset()
    return updated
