"""Real sites from the lab, the connector in them, and a scripted control plane to pair them with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.site import Lab, Site
from tests.connector.peer import Offer, Peer
from tests.connector.wire import Answer, Installation, Message, send

CONNECTOR = Path(__file__).parents[2] / "connector"


@dataclass
class Paired:
    """One site, the control plane it is paired with, and what that knows of it."""

    site: Site
    peer: Peer
    here: Installation
    offer: Offer

    def call(self, tool: str, args: dict[str, Any] | None = None, **sign: Any) -> Answer:
        return send(self.site.url, self.here.message(tool, args, **sign))

    def send(self, message: Message, **how: Any) -> Answer:
        return send(self.site.url, message, **how)

    def ran(self) -> list[dict[str, Any]]:
        return self.site.events("action_ran")


def install(site: Site) -> Site:
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    return site


def pair(site: Site, peer: Peer, *options: str) -> Paired:
    offer = peer.offer()
    done = site.wp("presswarden", "pair", offer.text, "--wait=20", *options)
    assert done.code == 0, (done, peer.problems)
    here = peer.sites[offer.installation]
    deadline = time.monotonic() + 10  # the site knows that it is paired before its answer has arrived
    while not here.words and time.monotonic() < deadline:
        time.sleep(0.02)
    return Paired(site, peer, here, offer)


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
def shared(lab: Lab, peer: Peer, request: pytest.FixtureRequest) -> Iterator[Paired]:
    """One paired site per module, for tests that leave it as it was."""
    site = install(
        lab.site(str(request.module.__name__).rsplit(".", 1)[-1].replace("_", "-"), constants={"PRESSWARDEN_LIMIT_INSTALLATION": 5000})
    )
    yield pair(site, peer)
    site.delete()


@pytest.fixture
def new_site(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Callable[..., Site]]:
    """Makes unpaired sites with the connector; they go when the test ends."""
    made: list[Site] = []

    def make(**how: Any) -> Site:
        made.append(install(lab.site(f"own-{len(made)}-{abs(hash(request.node.nodeid)) % 10**8}", **how)))
        return made[-1]

    yield make
    for site in made:
        site.delete()


@pytest.fixture
def new_pair(new_site: Callable[..., Site], peer: Peer) -> Callable[..., Paired]:
    """Makes paired sites of their own, for tests that break them."""

    def make(*options: str, **how: Any) -> Paired:
        return pair(new_site(**how), peer, *options)

    return make
