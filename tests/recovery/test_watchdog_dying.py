"""New versions that hang, are killed or fall silent, and processes killed in the middle of a change: behind nginx and PHP-FPM, as hosts run them."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lab.errors import LabError
from lab.fpm import find_programs, served_by_fpm
from lab.site import Lab
from tests.connector.conftest import install, pair
from tests.connector.peer import Peer
from tests.recovery.opened import LIVE, Watched

pytestmark = [pytest.mark.site, pytest.mark.req("W15")]
LIMIT = 6
"""Seconds after which FPM ends a worker."""


@pytest.fixture(scope="module", params=["7.1", "6.5"])
def watched(request: pytest.FixtureRequest, lab: Lab, peer: Peer) -> Iterator[Watched]:
    try:
        find_programs()
    except LabError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{missing.what}: {missing.why}; {missing.do}")
    site = install(lab.site(f"dying-{request.param.replace('.', '-')}", version=request.param))
    found = Watched.on(pair(site, peer))
    # Timestamps are not looked at: only an opcode cache that is told by force serves what was put back.
    with served_by_fpm(site, children=8, terminate_after=LIMIT, settings={"opcache.validate_timestamps": "0"}):
        yield found
    site.delete()


def ended(watched: Watched, change: str, state: str, why: str) -> None:
    found = watched.state()
    assert found is not None
    assert (found["id"], found["state"], found["why"]) == (change, state, why)


def busy(watched: Watched) -> list[Path]:
    """Files of processes that are in a request."""
    return [path for path in watched.folder.glob("flight/*.php") if "\nbusy " in path.read_text()]


def reset(watched: Watched) -> None:
    """Puts the old files back in a web request, so that the opcode cache knows."""
    watched.put_back()
    watched.open(source=watched.room("good") / "tiny", then="abandon", said="abandoned")


def test_an_endless_loop_is_taken_back_after_the_time_limit(watched: Watched) -> None:
    reset(watched)
    change = watched.open("set_time_limit( 2 ); while ( true ) { continue; }")
    healed = watched.heals("/")
    assert healed.failed == 1
    assert healed.seconds < 8
    ended(watched, change, "restored", "fatal-here")
    watched.is_whole()


def test_requests_that_fpm_ends_take_the_change_back_by_the_second(watched: Watched) -> None:
    reset(watched)
    change = watched.open("sleep( 300 );")
    healed = watched.heals("/")
    assert healed.failed == 2
    ended(watched, change, "restored", "died")
    watched.is_whole()


def test_a_process_that_is_killed_on_load_takes_the_change_back_by_the_second(watched: Watched) -> None:
    reset(watched)
    change = watched.open("posix_kill( getmypid(), 9 );")
    healed = watched.heals("/")
    assert healed.failed == 2
    ended(watched, change, "restored", "died")
    watched.is_whole()


def test_an_updater_killed_between_delete_and_copy_is_healed_by_the_next_request(watched: Watched) -> None:
    reset(watched)
    change = watched.open(maintenance=True, then="die", said="died")
    assert watched.installed() == ""
    assert (watched.site.root / ".maintenance").exists()
    assert watched.get("/").status_code == 200, "the very request that finds it is served by the old version"
    ended(watched, change, "restored", "updater-died")
    watched.is_whole()


def test_a_restore_that_died_is_finished_by_the_next_request(watched: Watched) -> None:
    reset(watched)
    change = watched.open()
    # As a process leaves it that was killed between the two renames: state written, new version moved away, nothing in its place.
    marker = watched.folder / "open.php"
    guard, _, text = marker.read_text().partition("\n")
    marker.write_text(guard + "\n" + json.dumps({**json.loads(text), "state": "restoring", "why": "recover-call", "tries": 1}))
    stage = watched.folder / f"stage-{hashlib.sha256(change.encode()).hexdigest()[:16]}-0"
    stage.mkdir()
    (watched.site.root / LIVE).rename(stage / "old-0")
    assert watched.get("/").status_code == 200
    assert watched.answers() == "1.0"
    ended(watched, change, "restored", "recover-call")
    watched.is_whole()


def test_twelve_requests_at_once_on_a_broken_site_are_one_restore(watched: Watched) -> None:
    reset(watched)
    change = watched.open("throw new Error( 'new' );")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(lambda _: watched.get("/").status_code, range(12)))
    assert set(statuses) <= {200, 500, 503}
    assert watched.get("/").status_code == 200
    ended(watched, change, "restored", "fatal-here")
    watched.is_whole()


def test_one_long_request_is_no_reason(watched: Watched) -> None:
    reset(watched)
    slow = "add_action( 'template_redirect', static function () { if ( isset( $_GET['slow'] ) ) { sleep( 2 ); } } );"
    change = watched.open(slow)
    long = threading.Thread(target=watched.get, args=("/?slow=1",))
    long.start()
    while long.is_alive():
        assert watched.get("/").status_code == 200
    long.join()
    assert watched.answers() == "1.1"
    assert watched.close(change).result == {"change": change, "state": "closed"}


def test_visitors_who_hang_up_are_no_reason(watched: Watched) -> None:
    reset(watched)
    change = watched.open("add_action( 'template_redirect', static function () { if ( isset( $_GET['slow'] ) ) { sleep( 1 ); } } );")
    for _ in range(4):
        with pytest.raises(httpx.ReadTimeout):
            watched.get("/?slow=1", timeout=0.2)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and busy(watched):
        time.sleep(0.05)
    assert watched.get("/").status_code == 200
    assert watched.answers() == "1.1"
    assert watched.close(change).status == 200


def test_two_requests_that_hang_take_the_change_back(watched: Watched) -> None:
    """A hang of thirty seconds is told by the time that a request wrote down at its start; an older one is written here, instead of waiting."""
    reset(watched)
    change = watched.open("add_action( 'template_redirect', static function () { if ( isset( $_GET['hang'] ) ) { sleep( 60 ); } } );")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        hanging = [pool.submit(watched.get, "/?hang=1") for _ in range(2)]
        flights: list[Path] = []
        while len(flights) < 2:
            flights = busy(watched)
        assert watched.get("/wp-json/").status_code == 200
        assert watched.answers() == "1.1", "young ones are no reason"
        for flight in flights:
            guard, _, line = flight.read_text().partition("\n")
            flight.write_text(f"{guard}\nbusy {int(line.split()[1]) - 31:011d}")
        assert watched.get("/wp-json/").status_code == 200
        assert watched.answers() == "1.0"
        for one in hanging:
            one.result()
    ended(watched, change, "restored", "hung")
    watched.is_whole()
