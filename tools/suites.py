"""A pytest plugin: what may run side by side, and how long each suite took.

Tests run in two workers. A file stays in one worker, so that what it sets up is set up once; suites that boot sites share one worker each in two
groups of about the same length, and so does what starts a database server or PHP in WebAssembly. Limits: it changes where tests run, never which.
"""

from collections import Counter, defaultdict

import pytest

SUITES = ("layout", "stages", "contract", "database", "lab", "connector", "stories", "claims", "transcripts", "crash")
ONE_AT_A_TIME_SUITES = {"connector": "sites", "stories": "sites", "transcripts": "sites", "claims": "attacks", "crash": "attacks"}
ONE_AT_A_TIME = {"wasm": "wasm", "site": "sites", "mariadb": "sites", "postgres": "postgres"}
"""Marker to group, for suites that have none of their own. A test with several belongs to the first."""


LONG = frozenset({"sites", "attacks", "postgres", "wasm"})


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


def group_of(item: pytest.Item) -> str:
    suite = suite_of(item.nodeid)
    if suite in ONE_AT_A_TIME_SUITES:
        return ONE_AT_A_TIME_SUITES[suite]
    for marker, group in ONE_AT_A_TIME.items():
        if item.get_closest_marker(marker) is not None:
            return group
    return item.nodeid.partition("::")[0]


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Clock(), "suite-clock")


@pytest.hookimpl
def pytest_itemcollected(item: pytest.Item) -> None:
    """Marked while it is collected: when the collection is complete, xdist has read the groups already."""
    item.add_marker(pytest.mark.xdist_group(group_of(item)))


@pytest.hookimpl
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long groups first, so that the short files fill the other worker; the order inside a file stays."""
    items.sort(key=lambda item: (group_of(item) not in LONG, place_of(suite_of(item.nodeid))))
