"""Updates among other people's code: it breaks, prints, leaves in the middle or takes files away. The answer is what the disk says."""

from __future__ import annotations

import time

import httpx
import pytest

from lab.death import await_deaths, die_at
from tests.connector.plans import Plan, Planned
from tests.recovery.acting import SLOW, TINY, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("S4")]


@pytest.mark.parametrize("does", ["throw", "print"])
def test_a_neighbour_that_breaks_or_prints_after_the_update_changes_neither_outcome_nor_bytes(changed: Changed, does: str) -> None:
    changed.offer()
    changed.neighbour(at="upgrader_process_complete", do=does)
    result = changed.update(TINY, "1.1").result
    assert (result["version"], result["active"]) == ("1.1", True)
    assert changed.served() == "1.1"
    assert changed.clean()


@pytest.mark.parametrize("hook", ["upgrader_pre_install", "upgrader_clear_destination"])
def test_a_neighbour_that_breaks_in_the_middle_leaves_the_old_version(changed: Changed, hook: str) -> None:
    there = changed.on_disk("plugins/tiny")
    changed.offer()
    changed.neighbour(at=hook, do="throw")
    assert changed.update(TINY, "1.1").code == "action.not_kept"
    changed.neighbour()
    assert changed.on_disk("plugins/tiny") == there
    assert changed.served() == "1.0"
    assert changed.clean()


@pytest.mark.req("N13")
def test_a_file_that_did_not_arrive_takes_the_update_back(changed: Changed) -> None:
    changed.offer()
    changed.neighbour(at="upgrader_post_install", do="delete", path="wp-content/plugins/tiny/inc/part.txt")
    there = changed.on_disk("plugins/tiny")
    answer = changed.update(TINY, "1.1")
    assert answer.code == "action.not_kept"
    assert "updated successfully" in answer.json["says"]
    changed.neighbour()
    assert changed.on_disk("plugins/tiny") == there
    assert changed.served() == "1.0"
    state = changed.state()
    assert state is not None
    assert state["state"] == "restored"


def settled(changed: Changed) -> str:
    """Version that is served once the site has looked after itself."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            served = changed.served()
        except httpx.HTTPError:
            served = ""
        if served:
            return served
        time.sleep(0.1)
    return ""


def cut_off(changed: Changed, snapshot: str) -> None:
    """The update begins and nobody answers it."""
    args = {"change": changed.changes[-1], "component": TINY, "deadline": 300, "snapshot": snapshot, "version": "1.1"}
    here = changed.paired.here
    plan = Plan(here.home, (Planned("wp.plugin.update", args, changed.before(TINY)),))
    message = here.planned(plan, fence=changed.fence)
    try:
        with httpx.Client(timeout=SLOW) as client:
            got = client.post(changed.site.url + "/wp-json/presswarden/v1/call", content=message.body, headers=message.headers)
        assert got.headers.get("X-WP-Agent-ReceiptSignature") is None
    except httpx.HTTPError:
        pass  # PHP's own server hangs up


def test_a_request_that_a_neighbour_ends_in_the_middle_is_taken_back(changed: Changed) -> None:
    there = changed.on_disk("plugins/tiny")
    changed.offer()
    snapshot = changed.snapshot(TINY)
    changed.changes.append("7f7f7f7f-0000-4000-8000-000000000001")
    changed.neighbour(at="upgrader_clear_destination", do="exit")
    cut_off(changed, snapshot)
    changed.neighbour()
    assert settled(changed) == "1.0"
    assert changed.on_disk("plugins/tiny") == there
    state = changed.state()
    assert state is not None
    assert (state["id"], state["state"]) == (changed.changes[-1], "restored")
    assert changed.site.option("auto_updater.lock") is None
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200


@pytest.mark.req("W15")
@pytest.mark.parametrize(
    "hook", ["upgrader_pre_install", "upgrader_clear_destination", "upgrader_post_install", "upgrader_process_complete"]
)
def test_a_killed_update_leaves_one_version_and_nothing_of_its_own(changed: Changed, hook: str) -> None:
    there = changed.on_disk("plugins/tiny")
    room, aside = changed.site.content / "upgrade", changed.site.content / "upgrade-temp-backup" / "plugins"
    changed.offer()
    snapshot = changed.snapshot(TINY)
    changed.changes.append(f"7f7f7f7f-0000-4000-8000-{time.monotonic_ns() % 10**12:012d}")
    changed.site.clear_events()
    die_at(changed.site, hook)
    cut_off(changed, snapshot)
    await_deaths(changed.site, 1)
    changed.site.stop()
    changed.site.start()  # a worker of PHP's own server is not replaced
    of_others = [room / "tiny.1.1-Others", room / "shop-Others", aside / "shop"]
    for folder in of_others:
        folder.mkdir(parents=True)
    assert settled(changed) == "1.0"
    assert changed.on_disk("plugins/tiny") == there
    assert not (changed.site.root / ".maintenance").exists()
    state = changed.state()
    assert state is not None
    assert (state["id"], state["state"]) == (changed.changes[-1], "restored")
    assert not (aside / "tiny").exists()
    for folder in of_others:
        folder.rmdir()
    assert changed.clean()
    assert changed.update(TINY, "1.1").status == 200


@pytest.mark.req("W15")
def test_a_lock_that_wordpress_took_after_an_update_was_killed_is_left_alone(changed: Changed) -> None:
    changed.offer()
    snapshot = changed.snapshot(TINY)
    changed.changes.append(f"7f7f7f7f-0000-4000-8000-{time.monotonic_ns() % 10**12:012d}")
    changed.site.clear_events()
    die_at(changed.site, "upgrader_pre_install")
    cut_off(changed, snapshot)
    await_deaths(changed.site, 1)
    changed.site.stop()
    changed.site.start()
    assert settled(changed) == "1.0"
    changed.site.php("update_option( 'auto_updater.lock', time() + 1 );")
    state = changed.state()
    assert state is not None
    assert state["state"] == "restored"
    assert changed.site.option("auto_updater.lock") is not None
    answer = changed.update(TINY, "1.1")
    assert answer.code == "action.change_open"
    changed.site.php("delete_option( 'auto_updater.lock' );")
    assert changed.update(TINY, "1.1").status == 200
