"""PHP is ended at a named hook: as many processes as were asked for, and none where nothing matches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.death import PLUGIN, await_deaths, die_at, nobody_dies
from lab.errors import LabError
from lab.site import Site
from tests.lab.web import get

pytestmark = pytest.mark.site


@pytest.fixture
def mortal(shop: Site) -> Iterator[Site]:
    shop.clear_events()
    yield shop
    (shop.content / "mu-plugins" / PLUGIN).unlink(missing_ok=True)
    shop.stop()
    shop.start()


def test_as_many_processes_die_at_a_hook_as_were_asked_for(mortal: Site) -> None:
    die_at(mortal, "wp_loaded", times=2)
    for _ in range(2):
        with pytest.raises(OSError, match=r"closed connection|Connection reset"):
            get(mortal.url)
    assert get(mortal.url).status == 200
    assert [death["hook"] for death in await_deaths(mortal, 2)] == ["wp_loaded"] * 2
    nobody_dies(mortal)


def test_a_process_on_the_command_line_dies_where_the_arguments_match(mortal: Site) -> None:
    die_at(mortal, "query", "SELECT 'the other one'")
    mortal.php("$GLOBALS['wpdb']->get_var( \"SELECT 'one'\" );")
    with pytest.raises(LabError, match="exit code -9"):
        mortal.php("$GLOBALS['wpdb']->get_var( \"SELECT 'the other one'\" );")
    await_deaths(mortal, 1)


def test_a_death_that_did_not_come_about_is_an_error(mortal: Site) -> None:
    die_at(mortal, "a_hook_that_is_never_called")
    assert get(mortal.url).status == 200
    with pytest.raises(LabError, match="1 deaths of shop did not come about"):
        nobody_dies(mortal)
    nobody_dies(mortal)
