"""Attack 39: use the way back as a way to an older, vulnerable version, or take the way back away.

The attacker can have calls signed. Limits: a kept snapshot of a component (14 days at most) can be put back by whoever has a plan approved for it, at high
risk; until sites countersign, whoever holds the control key needs no approval for that.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from lab.packages import write_plugin
from tests.claims.attacks import Attack
from tests.claims.changing import state_of, weakened
from tests.claims.victims import Swap
from tests.recovery.acting import TINY, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("W14", "W15", "N14")]

OWN = "plugin:presswarden-connector/presswarden-connector.php"
SAME = Swap("src/Site/Snapshots.php", " || SnapshotSource::version( $component ) !== $info->version")
ITSELF = Swap("src/Site/SnapshotRestore.php", "if ( Updatable::is_own( $info->component ) ) {", "if ( false ) {")
NEEDED = Swap("src/Site/Snapshots.php", "if ( SnapshotQuota::is_needed( $id ) ) {", "if ( false ) {")


@pytest.fixture
def open_change(changed: Changed) -> Iterator[Changed]:
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    yield changed
    if state_of(changed)[1] == "confirm":
        assert changed.close().status == 200


def restore(changed: Changed, snapshot: str, change: str = "", scope: str = "files") -> dict[str, str]:
    return {"change": change, "scope": scope, "snapshot": snapshot}


def install(changed: Changed, version: str) -> None:
    changed.site.install_plugin(write_plugin(changed.site.state / "made" / uuid.uuid4().hex, "tiny", version))


def test_an_update_leads_to_newer_versions_only_and_its_snapshot_to_the_one_before(changed: Changed, attack: Attack) -> None:
    changed.offer("0.9")
    attack.refused("an older version", changed.update(TINY, "0.9"), "action.offer", "action.downgrade")
    changed.offer("1.0")
    attack.refused("the same version", changed.update(TINY, "1.0"), "action.offer", "action.downgrade")
    older = changed.snapshot(TINY)
    install(changed, "1.0.5")
    changed.offer("1.1")
    attack.refused("protected by an older version", changed.update(TINY, "1.1", snapshot=older), "call.snapshot")
    theme = changed.snapshot("theme:labtheme")
    attack.refused("protected by another component", changed.update(TINY, "1.1", snapshot=theme), "call.snapshot")
    attack.refused("protected by nothing", changed.update(TINY, "1.1", snapshot=str(uuid.uuid4())), "call.snapshot")
    attack.repelled("1.0.5 stands", changed.served() == "1.0.5")
    with weakened(changed.site, SAME):
        assert changed.update(TINY, "1.1", snapshot=older).status == 200
        taken = changed.act("wp.snapshot.restore", restore(changed, older, changed.changes[-1]))
        assert taken.result["version"] == "1.0", "a vulnerable version, under the name of a way back"


def test_a_change_that_is_over_is_not_taken_back(open_change: Changed, attack: Attack) -> None:
    change, snapshot = open_change.changes[-1], open_change.snapshots[-1]
    attack.refused(
        "by another name", open_change.act("wp.snapshot.restore", restore(open_change, snapshot, str(uuid.uuid4()))), "action.change_state"
    )
    attack.refused("a kept snapshot over it", open_change.act("wp.snapshot.restore", restore(open_change, snapshot)), "action.change_open")
    attack.refused("closing another", open_change.close(str(uuid.uuid4())), "action.change_state")
    assert open_change.close().result["state"] == "closed"
    attack.refused(
        "after it was closed", open_change.act("wp.snapshot.restore", restore(open_change, snapshot, change)), "action.change_state"
    )
    attack.refused("closed twice", open_change.close(change), "action.change_state")
    attack.repelled("the new version stands", open_change.served() == "1.1")


def test_the_way_back_of_an_open_change_can_not_be_taken_away(open_change: Changed, attack: Attack) -> None:
    change, snapshot = open_change.changes[-1], open_change.snapshots[-1]
    attack.refused("deleting its snapshot", open_change.act("wp.snapshot.delete", {"snapshot": snapshot}), "action.snapshot_needed")
    assert open_change.act("wp.snapshot.restore", restore(open_change, snapshot, change)).result["version"] == "1.0"
    assert state_of(open_change) == (change, "restored")
    assert open_change.served() == "1.0"


def test_without_that_check_it_is_gone(open_change: Changed) -> None:
    with weakened(open_change.site, NEEDED):
        assert open_change.act("wp.snapshot.delete", {"snapshot": open_change.snapshots[-1]}).result["deleted"] is True
        late = open_change.act("wp.snapshot.restore", restore(open_change, open_change.snapshots[-1], open_change.changes[-1]))
    assert late.status >= 400
    open_change.reset()


def test_the_connector_is_no_component_to_be_changed(changed: Changed, attack: Attack) -> None:
    switch = {"change": str(uuid.uuid4()), "component": OWN, "deadline": 300, "snapshot": ""}
    found = changed.before(OWN)
    attack.refused("switched off", changed.act("wp.plugin.deactivate", switch, found), "action.files")
    snapshot = changed.snapshot(OWN)
    attack.refused("updated", changed.update(OWN, "9.9", snapshot=snapshot), "action.files")
    attack.refused("put back to an older one", changed.act("wp.snapshot.restore", restore(changed, snapshot)), "action.files")
    with weakened(changed.site, ITSELF):
        assert changed.act("wp.snapshot.restore", restore(changed, snapshot)).status == 200


def test_the_owner_of_the_site_reads_of_every_change_in_its_own_journal(open_change: Changed, attack: Attack) -> None:
    change = open_change.changes[-1]
    assert open_change.close().status == 200
    off = {"change": str(uuid.uuid4()), "component": TINY, "deadline": 300, "snapshot": ""}
    assert open_change.act("wp.plugin.deactivate", off, open_change.before(TINY)).status == 200
    told = open_change.site.query("SELECT what, detail FROM wp_presswarden_journal ORDER BY n DESC LIMIT 3")
    whats = [row["what"] for row in told]
    attack.repelled("a change that the owner is not told of", whats == ["plugin.off", "change.closed", "change.opened"], whats)
    attack.repelled(
        "nor which", change in told[1]["detail"] and change in told[2]["detail"] and TINY in told[0]["detail"].replace("\\/", "/")
    )


def test_a_kept_snapshot_is_put_back_by_a_plan_of_its_own(changed: Changed) -> None:
    kept = changed.snapshot(TINY)
    install(changed, "1.0.5")
    assert changed.act("wp.snapshot.restore", restore(changed, kept)).result["version"] == "1.0"
    assert changed.served() == "1.0"
