"""What died where, and what came of it: one row for each point, printed at the end of the run.

A test tells its rows to the fixture `tell`; they travel in the test's report, so that the table is the same with and without workers. Limits: `ran` is
counted by the lab's oracle on the sites, never by the product's own tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PROPERTY = "crash"
COLUMNS = ("dies", "during", "point", "times", "asked", "ran", "lost", "twice", "seeds")
Tell = Callable[..., None]


class Table:
    """A plugin of one run."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._rows += [row for name, row in report.user_properties if name == PROPERTY and isinstance(row, dict)]

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._rows:
            return
        lines = [COLUMNS, *(tuple(str(row[name]) for name in COLUMNS) for row in self._rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(COLUMNS))]
        terminalreporter.section("kill -9 and races")
        for line in lines:
            terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        lost, twice = (sum(row[name] for row in self._rows) for name in ("lost", "twice"))
        terminalreporter.write_line(f"{len(self._rows)} points: {lost} lost, {twice} twice")


def teller(request: pytest.FixtureRequest) -> Tell:
    def tell(dies: str, during: str, point: str, *, times: int, asked: int, ran: int, lost: int, twice: int, seeds: str = "") -> None:
        """Write the row down; then the test fails when something was lost or happened twice."""
        row = dict(zip(COLUMNS, (dies, during, point, times, asked, ran, lost, twice, seeds), strict=True))
        request.node.user_properties.append((PROPERTY, row))
        assert (lost, twice) == (0, 0), row

    return tell
