"""Who may change a site: the agent's own capabilities, no pause and no doubt about the site; and a network as one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from lab.site import Lab
from lab.updates import UpdateServer
from tests.connector.peer import Peer
from tests.recovery.acting import TINY, Changed, changed_site

pytestmark = [pytest.mark.site]

CAPABILITY = "get_role( 'presswarden_agent' )->{$argv[1]}( $argv[2] );"


@pytest.mark.req("W10")
@pytest.mark.parametrize(
    ("tool", "capability"),
    [
        ("wp.plugin.update", "update_plugins"),
        ("wp.theme.update", "update_themes"),
        ("wp.core.update", "update_core"),
        ("wp.translation.update", "install_languages update_core"),  # WordPress gives the first to whoever has the second
        ("wp.plugin.activate", "activate_plugins"),
        ("wp.plugin.deactivate", "activate_plugins"),
        ("wp.change.close", "update_plugins"),
        ("wp.maintenance.clear", "update_core"),
    ],
)
def test_each_tool_needs_its_own_capability(changed: Changed, tool: str, capability: str) -> None:
    some = "11111111-1111-4111-8111-111111111111"
    component = {"wp.theme.update": "theme:a", "wp.core.update": "core", "wp.translation.update": "translation:plugin:a:de_DE"}.get(
        tool, TINY
    )
    args: dict[str, object] = {"change": some}
    if tool == "wp.maintenance.clear":
        args = {}
    elif tool != "wp.change.close":
        args |= {"component": component, "deadline": 300, "snapshot": some} | ({"version": "1"} if tool.endswith("update") else {})
    for one in capability.split():
        changed.site.php(CAPABILITY, "remove_cap", one)
    try:
        assert changed.act(tool, args).code == "call.capability"
    finally:
        for one in capability.split():
            changed.site.php(CAPABILITY, "add_cap", one)
    assert changed.act(tool, args).code != "call.capability"


@pytest.mark.req("N20")
def test_where_no_file_may_change_a_change_can_still_be_called_good(changed: Changed) -> None:
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    changed.neighbour(files=False)
    assert changed.close().status == 200


@pytest.mark.req("A8")
@pytest.mark.parametrize("paused", ["local", "control"])
def test_a_pause_stops_everything_but_the_end_of_the_open_change(changed: Changed, paused: str) -> None:
    changed.offer()
    snapshot = changed.snapshot(TINY)
    assert changed.update(TINY, "1.1", snapshot=snapshot).status == 200
    before = changed.before(TINY)
    if paused == "local":
        assert changed.site.wp("presswarden", "pause").code == 0
    else:
        assert changed.paired.call("control.pause", {"reason": "a test"}).status == 200
    try:
        other = "11111111-1111-4111-8111-111111111111"
        assert changed.update(TINY, "1.2", snapshot=snapshot, before=before).code == "call.paused"
        step = {"component": TINY, "database": False, "seconds": 5, "snapshot": other, "step": 0}
        assert changed.paired.call("wp.snapshot.create", step).code == "call.paused"
        assert changed.act("wp.maintenance.clear", {}).code == "call.paused"
        assert changed.close(other).code == "call.paused"
        for args in ({"change": "", "scope": "files", "snapshot": snapshot}, {"change": other, "scope": "files", "snapshot": snapshot}):
            assert changed.act("wp.snapshot.restore", args).code == "call.paused"
        if paused == "local":
            back = {
                "change": changed.changes[0] if len(changed.changes) == 1 else changed.changes[-2],
                "scope": "files",
                "snapshot": snapshot,
            }
            assert changed.act("wp.snapshot.restore", back).result["state"] == "restored"
            assert changed.close(back["change"]).code == "call.paused"
        else:
            assert changed.close(changed.changes[-2]).status == 200
    finally:
        if paused == "local":
            assert changed.site.wp("presswarden", "resume").code == 0
        else:
            assert changed.paired.call("control.resume").status == 200


@pytest.mark.req("W17")
def test_a_quiet_site_is_not_changed_and_nothing_is_prepared(changed: Changed) -> None:
    changed.offer()
    snapshot, before = changed.snapshot(TINY), changed.before(TINY)
    changed.site.shift_clock(2 * 86_400)
    try:
        late = {"component": TINY, "database": False, "seconds": 5, "snapshot": snapshot, "step": 0}
        here = changed.paired.here
        assert changed.paired.send(here.message("wp.snapshot.create", late, timestamp=changed.now(2 * 86_400))).code == "call.quiet"
        assert before == {"active": True, "version": "1.0"}
    finally:
        changed.site.shift_clock(0)


@pytest.fixture(scope="module")
def network(lab: Lab, peer: Peer, updates: UpdateServer) -> Iterator[Changed]:
    found = changed_site(lab, peer, updates, "update-network", multisite=True)
    yield found
    found.site.delete()


@pytest.mark.req("N17")
def test_a_network_is_updated_as_one_by_an_agent_that_holds_the_networks_capability(network: Changed) -> None:
    network.reset()
    result = network.update(TINY, "1.1", package=network.offer()).result
    assert (result["version"], result["active"]) == ("1.1", True)
    assert network.close().status == 200
    other = network.site.php(
        "echo get_site_url( wpmu_create_blog( '127.0.0.1:' . parse_url( home_url(), PHP_URL_PORT ), '/two/', 'Two', 1 ) );"
    )
    assert httpx.get(other.strip().rstrip("/") + "/wp-json/tiny/v1/version", timeout=60).json() == {"version": "1.1"}
    told = network.inventory()["core"]
    assert (told["multisite"], told["sites"]) == (True, 2), "whoever decides has to know how many sites it changes"

    network.offer("1.2")
    network.site.php(CAPABILITY, "remove_cap", "manage_network_plugins")
    assert network.update(TINY, "1.2").code == "call.capability"
    network.site.php(CAPABILITY, "add_cap", "manage_network_plugins")
    assert network.update(TINY, "1.2").status == 200
    told = network.site.php("echo json_encode( is_super_admin( get_user_by( 'login', 'presswarden-agent' )->ID ) );")
    assert json.loads(told) is False
