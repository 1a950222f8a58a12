"""Why a site says no to an update before it touches anything: each reason with its code, its word and an untouched site."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.packages import write_plugin
from tests.connector.plans import Plan, Planned
from tests.connector.wire import send
from tests.recovery.acting import SLOW, TINY, Changed

pytestmark = [pytest.mark.site]


def refused(changed: Changed, code: str, version: str = "1.1", component: str = TINY, **how: Any) -> str:
    """Refused with that code, nothing fetched, nothing touched, no change opened; what it says."""
    there, state, asked = changed.on_disk("plugins/tiny"), changed.state(), len(changed.updates.asked)
    answer = changed.update(component, version, **how)
    assert (answer.code, answer.status) == (code, 403 if code.startswith("call.") else 409), answer.body
    assert changed.on_disk("plugins/tiny") == there
    assert changed.state() == state
    assert changed.clean()
    assert not [one for one in changed.updates.asked[asked:] if one.path.endswith(".zip")]
    return str(answer.json["says"])


@pytest.mark.parametrize(
    "before",
    [
        {"active": True, "version": "0.9"},
        {"active": False, "version": "1.0"},
        {"version": "1.0"},
        {"active": True, "version": "1.0", "more": 1},
        {"active": 1, "version": "1.0"},
        {},
    ],
)
@pytest.mark.req("N3")
def test_a_site_that_is_not_as_the_plan_found_it_is_left_alone(changed: Changed, before: dict[str, Any]) -> None:
    changed.offer()
    refused(changed, "action.before", before=before)


def test_a_plugin_that_is_not_there_is_not_updated(changed: Changed) -> None:
    snapshot = changed.snapshot(TINY)
    absent = {"active": True, "version": "1.0"}
    for component in ("plugin:none/none.php", "plugin:../tiny/tiny.php", "plugin:tiny/../../plugins/tiny/tiny.php"):
        assert changed.update(component, "1.1", before=absent, snapshot=snapshot).code == "call.snapshot"


def test_a_version_that_is_not_offered_is_refused(changed: Changed) -> None:
    refused(changed, "action.offer")
    changed.offer("1.2")
    refused(changed, "action.offer")
    changed.updates.close_plugin("tiny")
    refused(changed, "action.offer", "1.2")


def test_an_offer_that_went_is_noticed_although_wordpress_remembers_it(changed: Changed) -> None:
    changed.offer()
    changed.site.php("wp_update_plugins();")
    changed.updates.withdraw("tiny")
    refused(changed, "action.offer")


def test_a_site_that_reaches_no_update_server_says_so_and_keeps_what_it_knew(changed: Changed) -> None:
    changed.offer()
    changed.site.php("delete_site_transient( 'update_plugins' ); wp_update_plugins();")
    changed.site.use_updates("http://127.0.0.1:9")
    try:
        assert "did not answer" in refused(changed, "action.offer")
        assert changed.inventory()["update:plugin:tiny/tiny.php"]["version"] == "1.1"
    finally:
        changed.site.use_updates(changed.updates.url)


@pytest.mark.parametrize("version", ["0.9", "1.0"])
def test_what_is_not_newer_is_a_downgrade(changed: Changed, version: str) -> None:
    changed.offer(version)
    refused(changed, "action.downgrade", version)


@pytest.mark.parametrize("member", ["requires", "requires_php"])
def test_an_offer_that_asks_for_newer_software_is_refused(changed: Changed, member: str) -> None:
    changed.offer()
    changed.neighbour(offer={member: "99.0"})
    refused(changed, "action.requires")


@pytest.mark.req("N20")
def test_an_offer_without_a_package_wants_a_licence(changed: Changed) -> None:
    changed.offer()
    changed.neighbour(offer={"package": ""})
    assert refused(changed, "action.files") == "licence"


@pytest.mark.req("N20")
def test_a_site_that_may_not_change_its_files_says_so(changed: Changed) -> None:
    changed.offer()
    changed.neighbour(files=False)
    assert refused(changed, "action.files") == "file_mods"


@pytest.mark.req("N20")
def test_a_site_that_writes_its_files_by_ftp_says_so(changed: Changed) -> None:
    changed.offer()
    changed.neighbour(method="ftpext")
    assert refused(changed, "action.files") == "not_direct"


@pytest.mark.req("N20")
def test_a_linked_plugin_is_not_updated(changed: Changed) -> None:
    changed.offer()
    snapshot = changed.snapshot(TINY)
    place, elsewhere = changed.site.content / "plugins" / "tiny", changed.site.state / "linked"
    shutil.rmtree(elsewhere, ignore_errors=True)
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    try:
        assert refused(changed, "action.files", snapshot=snapshot) == "link"
        assert changed.inventory()[TINY]["link"] is True
    finally:
        place.unlink()
        elsewhere.rename(place)
        changed.site.stop()  # PHP remembers for two minutes where a link led
        changed.site.start()


@pytest.mark.req("N20")
def test_a_plugin_on_another_file_system_is_not_updated(changed: Changed) -> None:
    changed.offer()
    snapshot = changed.snapshot(TINY)
    with other_device(changed.site.content / "plugins" / "tiny"):
        assert refused(changed, "action.files", snapshot=snapshot) == "other_device"
        assert changed.inventory()[TINY]["same_device"] is False


@contextmanager
def other_device(place: Path) -> Iterator[None]:
    kept = place.with_name("kept-aside")
    shutil.copytree(place, kept)
    if subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], capture_output=True, check=False).returncode:
        shutil.rmtree(kept)
        pytest.skip("this machine lets nobody mount a file system")
    try:
        shutil.copytree(kept, place, dirs_exist_ok=True)
        shutil.rmtree(kept)
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.req("N20")
def test_a_file_that_can_not_be_replaced_is_noticed_before_the_update(changed: Changed) -> None:
    changed.offer()
    snapshot = changed.snapshot(TINY)
    fixed = changed.site.content / "plugins" / "tiny" / "inc" / "part.txt"
    if subprocess.run(["chattr", "+i", str(fixed)], capture_output=True, check=False).returncode:
        pytest.skip("this file system or user can't make a file immutable")
    try:
        assert refused(changed, "action.files", snapshot=snapshot) == "not_writable"
    finally:
        subprocess.run(["chattr", "-i", str(fixed)], check=True)


@pytest.mark.req("N20")
def test_a_disk_with_less_than_twice_the_room_is_too_full(changed: Changed) -> None:
    changed.offer()
    snapshot = changed.snapshot(TINY)
    vast = changed.site.content / "plugins" / "tiny" / "vast.bin"
    with vast.open("wb") as made:
        made.truncate(shutil.disk_usage(changed.site.content).free // 2 + 2**30)  # sparse: it takes no room
    try:
        answer = changed.update(TINY, "1.1", snapshot=snapshot)
        assert (answer.code, answer.json["says"]) == ("action.files", "disk")
    finally:
        vast.unlink()


@pytest.mark.req("N20")
def test_a_plugin_without_a_folder_is_not_updated(changed: Changed) -> None:
    made = write_plugin(changed.site.state / "single", "single", "1.0") / "single.php"
    shutil.copy(made, changed.site.content / "plugins" / "single.php")
    changed.updates.offer("single", "1.1")
    assert refused(changed, "action.files", component="plugin:single.php") == "single_file"


@pytest.mark.req("N14")
def test_the_connector_does_not_update_itself_this_way(changed: Changed) -> None:
    own = "plugin:presswarden-connector/presswarden-connector.php"
    changed.updates.offer("presswarden-connector", "99.0")
    assert refused(changed, "action.files", "99.0", component=own) == "own"
    args = {"change": str(uuid.uuid4()), "component": own, "deadline": 300, "snapshot": ""}
    answer = changed.act("wp.plugin.deactivate", args, changed.before(own))
    assert (answer.code, answer.json["says"]) == ("action.files", "own")
    assert changed.before(own)["active"] is True


@pytest.mark.req("W14", "W7")
def test_no_update_without_a_verified_snapshot_of_that_component(changed: Changed) -> None:
    changed.offer()
    made = str(uuid.uuid4())
    args = {"component": TINY, "database": False, "seconds": 20, "snapshot": made, "step": 0}
    assert changed.paired.call("wp.snapshot.create", args).result["done"]
    for snapshot in (made, str(uuid.uuid4()), changed.snapshot("plugin:presswarden-connector/presswarden-connector.php")):
        refused(changed, "call.snapshot", snapshot=snapshot)


def test_one_change_at_a_time(changed: Changed) -> None:
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    changed.offer("1.2")
    snapshot = changed.snapshot(TINY)
    assert changed.update(TINY, "1.2", snapshot=snapshot).code == "action.change_open"
    assert changed.served() == "1.1"
    assert changed.close(changed.changes[0] if len(changed.changes) == 2 else changed.changes[-2]).status == 200


def test_wordpress_updating_by_itself_goes_first(changed: Changed) -> None:
    changed.offer()
    changed.site.php("add_option( 'auto_updater.lock', time() );")
    try:
        answer = changed.update(TINY, "1.1")
        assert answer.code == "action.change_open"
        assert "by itself" in answer.json["says"]
        assert changed.served() == "1.0"
    finally:
        changed.site.php("delete_option( 'auto_updater.lock' );")


def test_an_update_that_was_slow_to_begin_never_does(changed: Changed) -> None:
    changed.offer()
    slow = changed.site.content / "mu-plugins" / "06-slow.php"
    snapshot = changed.snapshot(TINY)
    slow.write_text("<?php\n$_SERVER['REQUEST_TIME'] -= 130;\n")
    try:
        answer = changed.update(TINY, "1.1", snapshot=snapshot)
    finally:
        slow.unlink()
    assert (answer.code, "two minutes" in answer.json["says"]) == ("action.before", True)
    assert changed.served() == "1.0"
    assert changed.clean()
    assert changed.update(TINY, "1.1", snapshot=snapshot).status == 200


def test_only_an_open_change_is_closed_and_only_once(changed: Changed) -> None:
    assert changed.close(str(uuid.uuid4())).json["says"].startswith("unknown")
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    assert changed.close().status == 200
    answer = changed.close()
    assert answer.code == "action.change_state"
    assert answer.json["says"].startswith("closed")


def test_a_change_comes_as_a_leaf_and_preparing_does_not(changed: Changed) -> None:
    here = changed.paired.here
    args = {"change": str(uuid.uuid4()), "component": TINY, "deadline": 300, "snapshot": str(uuid.uuid4()), "version": "1.1"}
    assert changed.paired.call("wp.plugin.update", args).code == "call.plan"
    step = {"component": TINY, "database": False, "seconds": 5, "snapshot": str(uuid.uuid4()), "step": 0}
    leaf = here.planned(Plan(here.home, (Planned("wp.snapshot.create", step),)))
    assert changed.paired.send(leaf).code == "call.plan"


def test_a_newer_writer_shuts_the_older_one_out(changed: Changed) -> None:
    here = changed.paired.here
    plan = Plan(here.home, (Planned("wp.maintenance.clear"), Planned("wp.maintenance.clear")))
    try:
        assert send(changed.site.url, here.planned(plan, 1, fence=7), timeout=SLOW).status == 200
        assert send(changed.site.url, here.planned(plan, 2, fence=6), timeout=SLOW).code == "call.fence"
    finally:
        changed.fence = 7


@pytest.mark.parametrize(
    ("member", "value"),
    [("component", "theme:tiny"), ("component", "plugin:a\\b.php"), ("deadline", 59), ("deadline", 3601), ("version", ""), ("change", "1")],
)
def test_arguments_outside_the_schema_are_refused(changed: Changed, member: str, value: Any) -> None:
    args = {"change": str(uuid.uuid4()), "component": TINY, "deadline": 300, "snapshot": str(uuid.uuid4()), "version": "1.1"}
    assert changed.act("wp.plugin.update", {**args, member: value}).code == "call.args"
