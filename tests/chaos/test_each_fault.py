"""Every fault once, as `make chaos` makes a thousand of them: the program itself, and that it sees what it is there to see."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.judging import Judged
from tests.chaos.runs import Run
from tests.chaos.tally import Tally

pytestmark = [pytest.mark.req("N8", "W15")]

ROOT = Path(__file__).parents[2]
GOOD = Judged("succeeded", "", 1, (), (), ())


@pytest.mark.site
@pytest.mark.postgres
@pytest.mark.slow
def test_nothing_is_lost_done_twice_or_left_broken_whichever_fault_hits() -> None:
    asked = [sys.executable, "-m", "tests.chaos", "--each", "1", "--quick", "--sites", "2"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    table = done.stdout.partition("fault  ")[2]
    missing = re.findall(r"^skipped, what needs (\w+):", table, re.MULTILINE)
    for fault in FAULTS:
        assert fault.needs in missing or re.search(rf"^{re.escape(fault.name)} +1 ", table, re.MULTILINE), (fault.name, table)


@pytest.mark.parametrize(
    ("found", "column"),
    [
        (Judged("none", "", 0, ("the change has no result",), (), ()), "1     0      0"),
        (Judged("succeeded", "", 2, (), ("act ran 2 times",), ()), "0     1      0"),
        (Judged("stopped", "", 0, (), (), ("its home page is not whole",)), "0     0      1"),
    ],
)
def test_one_bad_change_makes_the_run_a_bad_one(found: Judged, column: str) -> None:
    tally = Tally()
    tally.add(Run("PHP is killed", "good", "exchange 1", met=True, judged=(GOOD,)))
    assert tally.is_good
    tally.add(Run("PHP is killed", "good", "exchange 2", met=True, judged=(GOOD, found)))
    assert not tally.is_good
    assert tally.lines()[-1].endswith(column)
