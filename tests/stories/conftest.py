"""Fixtures of the stories: one control plane, one site that stays paired, and sites that a story may break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.recorder import Recorder
from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.stories.changing import Changing
from tests.stories.scene import Observed, Paired, install, pair


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as found:
        yield found


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """`presswarden serve` in a home folder of its own."""
    with Recorder() as wire:
        found = Observed(tmp_path_factory.mktemp("control") / "home", wire)
        found.start()
        yield found
        found.stop()


@pytest.fixture(scope="session")
def shop(lab: Lab, control: Observed) -> Paired:
    """A site on SQLite that stays paired and unpaused: leave it so."""
    return pair(control, install(lab.site("shop")), "shop")


@pytest.fixture(scope="module")
def new_site(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Callable[..., Site]]:
    """Makes sites with the connector in them, not paired; they go when the file's stories end."""
    made: list[Site] = []
    stem = str(request.module.__name__).rsplit(".", 1)[-1].removeprefix("test_").replace("_", "-")

    def make(**how: Any) -> Site:
        made.append(install(lab.site(f"{stem}-{len(made)}", **how)))
        return made[-1]

    yield make
    for site in made:
        site.delete()


@pytest.fixture(scope="module")
def updates() -> Iterator[UpdateServer]:
    """What the sites of one file's stories are offered."""
    with UpdateServer.start() as server:
        yield server


@pytest.fixture(scope="module")
def changing(lab: Lab, updates: UpdateServer, tmp_path_factory: pytest.TempPathFactory, new_site: Callable[..., Site]) -> Iterator[Paired]:
    """A site with a control plane of its own, which fetches packages from the same update server."""
    with Recorder() as wire:
        control = Changing(tmp_path_factory.mktemp("changing") / "home", wire, updates)
        control.start()
        try:
            site = new_site()
            site.use_updates(updates.url)
            yield pair(control, site, "changing")
        finally:
            control.stop()
