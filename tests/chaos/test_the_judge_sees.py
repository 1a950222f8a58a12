"""What the judge of a run has to see: a result that the site does not bear out, and files that are those of no version. No site is needed for that."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from lab.packages import write_plugin
from presswarden.proposals.model import LeafRole
from presswarden.rollouts.model import Change, Result
from tests.chaos.judging import Asked, untrue
from tests.chaos.lanes import Place
from tests.chaos.moments import MOST, Moment
from tests.chaos.stories import STORIES, Shelf, Shown
from tests.crash.shops import Shop

pytestmark = pytest.mark.req("N8")

OLD, NEW = Shown("1.0", active=True), Shown("1.1", active=True)
GOOD = STORIES[0]
ONCE = {LeafRole.ACT: 1, LeafRole.CLOSE: 1}
ASKED = Asked(cast(Place, None), GOOD, "work", "change", OLD, NEW)


class Told:
    """A change as far as it is judged."""

    def __init__(self, result: Result, code: str = "") -> None:
        self.result, self.code = result, code


@pytest.mark.parametrize(
    ("result", "code", "shown", "acts", "true"),
    [
        (Result.SUCCEEDED, "", NEW, ONCE, True),
        (Result.SUCCEEDED, "", OLD, ONCE, False),
        (Result.SUCCEEDED, "", NEW, {LeafRole.ACT: 0, LeafRole.CLOSE: 1}, False),
        (Result.SUCCEEDED, "", NEW, {LeafRole.ACT: 1, LeafRole.CLOSE: 0}, False),
        (Result.ROLLED_BACK, "page.title", OLD, ONCE, True),
        (Result.ROLLED_BACK, "page.title", NEW, ONCE, False),
        (Result.ROLLED_BACK, "page.title", replace(OLD, active=False), ONCE, False),
        (Result.ROLLED_BACK, "change.deactivated", replace(OLD, active=False), ONCE, True),
        (Result.STOPPED, "site.unreachable", NEW, ONCE, False),
        (Result.UNKNOWN, "change.not_seen", NEW, ONCE, True),
        (Result.UNKNOWN, "change.not_seen", Shown("", active=True), ONCE, False),
    ],
)
def test_a_result_is_held_against_what_the_site_shows(
    result: Result, code: str, shown: Shown, acts: dict[LeafRole, int], true: bool
) -> None:
    assert (untrue(cast(Change, Told(result, code)), ASKED, shown, acts) == []) is true


def test_half_a_version_is_no_version(tmp_path: Path) -> None:
    class Content:
        content = tmp_path / "wp-content"

    shelf = Shelf(Shop(cast(Any, Content()), cast(Any, None)), tmp_path)
    plugin = write_plugin(Content.content / "plugins", GOOD.slug, "1.0")
    shelf.knows(GOOD, "1.0")
    shelf.knows(GOOD, "1.1")
    assert shelf.on_disk(GOOD) == "1.0"
    write_plugin(Content.content / "plugins", GOOD.slug, "1.1")
    assert shelf.on_disk(GOOD) == "1.1"
    (plugin / "readme.txt").unlink()
    assert shelf.on_disk(GOOD) == ""


def test_one_seed_draws_the_same_moments() -> None:
    drawn = [[Moment.drawn(chance) for _ in range(50)] for chance in (random.Random("7 serve"), random.Random("7 serve"))]
    assert drawn[0] == drawn[1]
    assert {moment.exchange for moment in drawn[0]} <= set(range(MOST))
