"""A pytest plugin: what may run side by side, and how long each suite took.

Tests run in two workers. A file stays in one worker, so that what it sets up is set up once; suites that boot sites share one worker each in three
groups, and so does what starts a database server or PHP in WebAssembly. Limits: it changes where tests run, never which.
"""

from collections import Counter, defaultdict

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SUITES = (
    "layout",
    "stages",
    "contract",
    "database",
    "lab",
    "connector",
    "recovery",
    "stories",
    "claims",
    "transcripts",
    "crash",
    "chaos",
    "console",
    "browser",
)
GROUPS = {
    "claims": "attacks",
    "crash": "attacks",
    "chaos": "attacks",
    "connector": "sites",
    "recovery": "recovery",
    "stories": "sites",
    "transcripts": "sites",
    "lab": "sites",
}
"""Suites that boot sites, in three groups."""
LONG = ("attacks", "sites", "recovery", "wasm", "postgres")
"""In the order in which they are begun: one worker gets the first and third, the other the second and fourth. Short files fill the rest."""


class Clock:
    """Counts tests and seconds for each suite; with workers, seconds of different suites may overlap."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.tests: Counter[str] = Counter()

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        suite = suite_of(report.nodeid)
        self.seconds[suite] += report.duration
        self.tests[suite] += report.when == "call" or (report.when == "setup" and report.outcome != "passed")

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("time of each suite")
        for suite, tests in sorted(self.tests.items(), key=lambda item: place_of(item[0])):
            terminalreporter.write_line(f"{suite:<12} {tests:>5} tests {self.seconds[suite]:>8.1f} s")


def suite_of(nodeid: str) -> str:
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if parts[0] == "tests" and len(parts) > 2 else parts[0]


def place_of(suite: str) -> int:
    return SUITES.index(suite) if suite in SUITES else len(SUITES)


def group_of(nodeid: str) -> str:
    """What runs in one worker, told from the name of a test alone: that is all the scheduler has."""
    suite, file = suite_of(nodeid), nodeid.partition("::")[0]
    if suite in GROUPS:
        return GROUPS[suite]
    if file.endswith("test_php_versions.py"):
        return "wasm"
    return "postgres" if "postgres" in nodeid.partition("[")[2] else file


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """xdist's own `loadgroup` renames tests in a way that pytest 9.2 no longer sees, and so tears files apart; this asks `group_of`."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    return Groups(config, log)


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Clock(), "suite-clock")


@pytest.hookimpl
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long groups first, so that the short files fill the other worker; the order inside a file stays."""
    items.sort(key=lambda item: (_begun(group_of(item.nodeid)), place_of(suite_of(item.nodeid))))


def _begun(group: str) -> int:
    return LONG.index(group) if group in LONG else len(LONG)
