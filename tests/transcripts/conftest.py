"""Fixtures of the transcripts: one control plane, two sites, and the recorder that compares what a test did with its file.

`pytest tests/transcripts --update-transcripts` writes the files anew: read what changed before you commit it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.demo.control import Control
from lab.site import Lab, Site
from tests.stories.scene import Paired, install, pair
from tests.transcripts.transcript import Transcript


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-transcripts", action="store_true", help="write the golden transcripts anew")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as found:
        yield found


@pytest.fixture(scope="session")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    found = Control(tmp_path_factory.mktemp("control") / "home")
    found.start()
    yield found
    found.stop()


@pytest.fixture
def transcript(control: Control, request: pytest.FixtureRequest) -> Iterator[Transcript]:
    """Compared with the file of the test's name when the test is over."""
    found = Transcript(control, {str(control.home): "<home>"})
    yield found
    if not request.node.stash.get(FAILED, False):
        update = bool(request.config.getoption("--update-transcripts", default=False))
        found.compare(request.node.name.removeprefix("test_"), update=update)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Remember a failed test: its transcript is not worth comparing, let alone keeping."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def unpaired(lab: Lab) -> Site:
    """A site with the connector in it, never paired for long."""
    return install(lab.site("unpaired"))


@pytest.fixture(scope="session")
def shop(lab: Lab, control: Control) -> Paired:
    """A paired site; whoever breaks it mends it. What it shows of itself depends on what came before."""
    return pair(control, install(lab.site("shop")), "shop")


@pytest.fixture
def fresh(lab: Lab, control: Control) -> Iterator[Callable[[str], Paired]]:
    """Makes paired sites of one test's own."""
    made: list[Site] = []

    def make(label: str) -> Paired:
        made.append(install(lab.site(label)))
        return pair(control, made[-1], label)

    yield make
    for site in made:
        site.delete()
