"""Good updates under visitors are never taken back: twelve of them, by the real actions, while four clients ask for twelve addresses."""

from __future__ import annotations

import collections
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from lab.packages import plugin_files, theme_files, zipped
from tests.connector.wire import Answer
from tests.recovery.acting import THEME, TINY, Changed

pytestmark = [pytest.mark.site, pytest.mark.slow, pytest.mark.req("W15")]
ADDRESSES = (
    "/",
    "/wp-json/",
    "/wp-json/tiny/v1/version",
    "/wp-admin/admin-ajax.php?action=nothing",
    "/feed/",
    "/wp-login.php",
    "/nothing-is-here/",
    "/xmlrpc.php",
    "/wp-cron.php",
    "/?s=hello",
    "/sample-page/",
    "/wp-admin/",
)


@contextmanager
def visitors(site: str) -> Iterator[collections.Counter[int]]:
    """Four clients that go on asking until the block ends; how often each status came."""
    over, found, lock = threading.Event(), collections.Counter[int](), threading.Lock()

    def visit(first: int) -> None:
        with httpx.Client(timeout=60) as client:
            for address in itertools.islice(itertools.cycle(ADDRESSES), first * 3, None):
                if over.is_set():
                    return
                status = client.get(site + address).status_code
                with lock:
                    found[status] += 1

    clients = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
    for client in clients:
        client.start()
    try:
        yield found
    finally:
        over.set()
        for client in clients:
            client.join()


def updated(changed: Changed, component: str, version: str) -> Answer:
    """The update servers have three seconds, which visitors may use up, and a visitor may start WordPress's own updates; both refusals touch nothing."""
    for _ in range(5):
        answer = changed.update(component, version)
        if answer.code not in ("action.offer", "action.change_open"):
            break
    return answer


def test_twelve_good_updates_under_visitors_are_all_kept(changed: Changed) -> None:
    with visitors(changed.site.url) as seen:
        for number in range(1, 13):
            version = f"1.{number}"
            if number % 4 == 0:
                changed.updates.offer("labtheme", version, theme=True, package=zipped(theme_files("labtheme", version)))
                component = THEME
            else:
                changed.offer(version)
                component = TINY
            assert updated(changed, component, version).result["state"] == "confirm"
            asked = seen.total() + 12
            while seen.total() < asked:
                state = changed.state()
                assert state is not None
                assert state["state"] == "confirm", state
            assert changed.close().result["state"] == "closed"
            assert changed.clean()
    print(f"\n12 updates kept, {seen.total()} requests meanwhile: {dict(seen)}")
    assert changed.served() == "1.11"
    assert not (changed.site.root / ".maintenance").exists()


def test_a_real_update_whose_new_version_dies_is_taken_back_by_a_visitor(changed: Changed) -> None:
    changed.updates.offer("tiny", "1.1", package=_dies())
    answer = changed.update(TINY, "1.1")
    # The call itself may already have shown it; else the next visitor does.
    if answer.status == 200:
        assert httpx.get(changed.site.url, timeout=60).status_code in (500, 503)
    assert changed.served() == "1.0"
    state = changed.state()
    assert state is not None
    assert (state["id"], state["state"]) == (changed.changes[-1], "restored")


def _dies() -> bytes:
    return zipped(plugin_files("tiny", "1.1", "throw new Error( 'new' );"))
