"""Fixtures of the attacks: an intact paired site, a spare one to break or weaken, a scripted control plane, and the count of what was tried.

`paired_site` is shared by the whole suite: leave it paired. `mutated_site("signature")` gives the spare site, freshly paired, with that check taken out of
its connector; `mutated_site()` gives it intact, for attacks that leave damage; `unpaired_site(...)` the same, never paired. One use ends the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lab.site import Lab, Site
from tests.claims.attacks import Attack, Count, attack_of
from tests.claims.victims import CONNECTOR, FOLDER, GENEROUS, Paired, Spare, pair
from tests.connector.peer import Peer


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin("attack-count"):
        config.pluginmanager.register(Count(), "attack-count")


@pytest.fixture
def attack(request: pytest.FixtureRequest) -> Attack:
    return attack_of(request)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as found:
        yield found


@pytest.fixture(scope="session")
def peer() -> Iterator[Peer]:
    """The control plane of both sites. Attacks upset it, so its list of problems proves nothing here."""
    with Peer() as found:
        yield found


@pytest.fixture(scope="session")
def paired_site(lab: Lab, peer: Peer) -> Paired:
    site = lab.site("intact", constants=GENEROUS)
    site.install_plugin(CONNECTOR, folder=FOLDER)
    return pair(site, peer)


@pytest.fixture(scope="session")
def spare(lab: Lab, peer: Peer) -> Spare:
    return Spare(lab.site("spare", constants=GENEROUS), peer)


@pytest.fixture
def mutated_site(spare: Spare) -> Callable[..., Paired]:
    return spare.paired


@pytest.fixture
def unpaired_site(spare: Spare) -> Callable[..., Site]:
    return spare.unpaired
