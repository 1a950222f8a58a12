"""Counts what the attacks of this suite tried and how often one got through.

A test takes the fixture `attack` and reports every variant to it. The count travels in the test's report, so it is the same with and without workers.
Limits: it counts what tests tell it; that a variant is a fair one is for the reader of the test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.connector.wire import Answer

PROPERTY = "attack"
_NUMBER = re.compile(r"test_attack_(\d+)_")


@dataclass
class Attack:
    """The attack of one test: what was tried against the product as it is, and what came through."""

    number: int
    outcomes: dict[str, int] = field(default_factory=lambda: {"tried": 0, "succeeded": 0})

    def repelled(self, variant: str, held: bool, told: object = "") -> None:
        """Count one variant; the test fails at the first that came through."""
        self.outcomes["tried"] += 1
        if not held:
            self.outcomes["succeeded"] += 1
            pytest.fail(f"attack {self.number}, {variant}: {told}")

    def refused(self, variant: str, answer: Answer, *codes: str) -> None:
        """The site answered with one of these codes, and signed nothing that reads like a success."""
        self.repelled(variant, answer.status >= 400 and _code(answer) in codes, (answer.status, answer.body[:300]))


def _code(answer: Answer) -> str:
    try:
        return answer.code
    except (ValueError, AttributeError):
        return ""


@dataclass(eq=False)
class Count:
    """A plugin of one run: adds up the reports and says one line at the end."""

    tried: int = 0
    succeeded: int = 0

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        for name, outcomes in report.user_properties:
            if name == PROPERTY and isinstance(outcomes, dict):
                self.tried += outcomes["tried"]
                self.succeeded += outcomes["succeeded"]

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.tried:
            terminalreporter.write_line(f"attacks: {self.tried} tried, {self.succeeded} succeeded")


def attack_of(request: pytest.FixtureRequest) -> Attack:
    found = _NUMBER.match(request.path.name)
    made = Attack(int(found.group(1)) if found else 0)
    request.node.user_properties.append((PROPERTY, made.outcomes))
    return made
