"""Fixtures of the attacks: an intact paired site, one on MariaDB, a spare one to break or weaken, a scripted control plane, and the count of what was tried.

`paired_site` is shared by the whole suite: leave it paired. `mutated_site("signature")` gives the spare site, freshly paired, with that check taken out of
its connector; `mutated_site()` gives it intact, for attacks that leave damage; `unpaired_site(...)` the same, never paired. One use ends the one before.
`changed` and `watched` are one more site, on which plugins are changed (see `changing`).
`control` is the control plane's door for sites, `control_plane(Edit(...))` one from a copy of the package with a check taken out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.claims.attacks import Attack, attack_of
from tests.claims.control import ControlPlane
from tests.claims.served import Served, serve
from tests.claims.victims import CONNECTOR, FOLDER, GENEROUS, Change, Paired, Spare, pair
from tests.connector.peer import Peer
from tests.connector.wire import ControlKey
from tests.recovery.acting import Changed, changed_site
from tests.recovery.opened import Watched


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
def maria(lab: Lab, peer: Peer) -> Paired:
    """A paired site on MariaDB. It can't be put back as the spare one is: leave it working."""
    site = lab.site("maria", database="mariadb", constants=GENEROUS)
    site.install_plugin(CONNECTOR, folder=FOLDER)
    return pair(site, peer)


@pytest.fixture(scope="session")
def served(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real control plane and a real site: leave them paired."""
    found = serve(lab, tmp_path_factory.mktemp("control") / "home", "served")
    yield found
    found.control.stop()


@pytest.fixture(scope="session")
def spare(lab: Lab, peer: Peer) -> Spare:
    return Spare(lab.site("spare", constants=GENEROUS), peer)


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[ControlPlane]:
    """The real ingest application as it is, in a process of its own. Leave its clock as it was."""
    with ControlPlane(tmp_path_factory.mktemp("control") / "intact", sqlite_template) as found:
        yield found


@pytest.fixture
def control_plane(tmp_path: Path, sqlite_template: Path) -> Iterator[Callable[..., ControlPlane]]:
    """Makes control planes from copies of the package with the given edits."""
    with ExitStack() as running:
        yield lambda *edits: running.enter_context(ControlPlane(tmp_path / f"control-{os.urandom(4).hex()}", sqlite_template, *edits))


@pytest.fixture(scope="session")
def updates() -> Iterator[UpdateServer]:
    with UpdateServer.start() as found:
        yield found


@pytest.fixture(scope="session")
def updated(lab: Lab, peer: Peer, updates: UpdateServer) -> Changed:
    return changed_site(lab, peer, updates, "changed")


@pytest.fixture
def changed(updated: Changed) -> Changed:
    """A paired site with `tiny` 1.0 on it that the update server's offers reach; no change is open."""
    updated.reset()
    return updated


@pytest.fixture
def watched(changed: Changed) -> Watched:
    """The same site, its changes opened by the driver of the recovery tests."""
    return Watched.on(changed.paired, changed.fence)


@pytest.fixture
def mutated_site(spare: Spare) -> Callable[..., Paired]:
    return spare.paired


@pytest.fixture
def unpaired_site(spare: Spare) -> Callable[..., Site]:
    return spare.unpaired


@pytest.fixture
def confirming(spare: Spare) -> Callable[..., Paired]:
    """Makes the spare site wait for its confirmation by a control key of one's choice."""

    def begin(key: ControlKey, *changes: Change) -> Paired:
        site, offer = spare.unpaired(*changes), spare.peer.offer()
        offer.key = key
        spare.peer.confirm = False
        try:
            assert site.wp("presswarden", "pair", offer.text, "--wait=0").code == 0
        finally:
            spare.peer.confirm = True
        return Paired(site, spare.peer, spare.peer.sites[offer.installation], offer)

    return begin
