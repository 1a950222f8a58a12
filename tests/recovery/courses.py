"""What must go on any supported WordPress, database and host: all reads, a heartbeat, an update that is kept, one that is taken back."""

from __future__ import annotations

import httpx

from lab.packages import Kind
from tests.recovery.acting import TINY, Changed

READS = ("wp.site.get_environment", "wp.site.inventory", "wp.site.health", "wp.snapshot.list")


def is_read_and_heard(changed: Changed) -> None:
    for tool in READS:
        answer = changed.paired.call(tool)
        assert (answer.status, answer.json["status"]) == (200, "done"), (tool, answer.body[:300])
    heard = len(changed.paired.peer.heartbeats)
    done = changed.site.wp("presswarden", "heartbeat")
    assert done.code == 0, done
    assert len(changed.paired.peer.heartbeats) > heard


def is_changed_and_healed(changed: Changed) -> None:
    """Leaves `tiny` 1.1 in place."""
    kept = changed.update(TINY, "1.1", package=changed.offer("1.1"))
    assert kept.status == 200, kept.body[:400]
    assert (kept.result["version"], kept.result["active"]) == ("1.1", True)
    assert changed.served() == "1.1"
    assert changed.close().result["state"] == "closed"
    changed.offer("1.2", Kind.FATAL)
    assert changed.update(TINY, "1.2").status == 200
    tries = 0
    while changed.served() != "1.1" and tries < 20:
        httpx.get(changed.site.url + "/", timeout=60)
        tries += 1
    assert changed.served() == "1.1", "the watchdog took the fatal version back"
    state = changed.state()
    assert state is not None
    assert (state["id"], state["state"]) == (changed.changes[-1], "restored")
    assert changed.clean()
    assert not changed.site.log.exists() or "presswarden-connector" not in unexpected(changed)


def unexpected(changed: Changed) -> str:
    """What PHP complained of, without the fatal errors that the bad version is made of."""
    return "\n".join(
        line for line in changed.site.log.read_text().splitlines() if "breaks on load" not in line and "plugins/tiny" not in line
    )
