"""Attack 19: make the record of used calls fail, so that nothing is remembered: table gone or broken, database read-only, disk full, file locked away.

What stops it: an INSERT that did not happen, or a file beside it that could not be written, is a refusal (call.store; call.rate_address where requests can't
be counted), and nothing runs. A missing table is also seen by the newest call not standing in it (attack 16), so the proof takes out both: a failed INSERT
passes, and nobody looks back. Limits: the full disk is a small tmpfs of its own, which needs root; without it that test is skipped and the database's own
refusals stand for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.claims.attacks import Attack
from tests.claims.replays import CLAIM, intact_again
from tests.claims.victims import Paired, Swap

pytestmark = [pytest.mark.site, pytest.mark.req("P3", "W2")]

TOOLS = ("wp.site.health", "wp.site.inventory", "control.pause")
TABLE = "wp_presswarden_calls"
FORGETFUL = Swap("src/Site/Calls.php", "$this->must_remember( $call, $row, $water, $now );")
UNHEEDED = Swap(CLAIM, "throw $this->why_not( $call );", "return (int) ( microtime( true ) * 1000 );")
BREAKS = {
    "table missing": f"DROP TABLE {TABLE}",
    "table renamed": f"ALTER TABLE {TABLE} RENAME TO elsewhere",
    "a column gone": f"ALTER TABLE {TABLE} DROP COLUMN tool",
    "the database refuses to insert": f"CREATE TRIGGER shut BEFORE INSERT ON {TABLE} BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END",
    "the database swallows what is inserted": f"CREATE TRIGGER shut BEFORE INSERT ON {TABLE} BEGIN SELECT RAISE(IGNORE); END",
    "the disk is full": f"CREATE TRIGGER shut BEFORE INSERT ON {TABLE} BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
}


def refused(attack: Attack, paired: Paired, variant: str, *codes: str) -> None:
    before = len(paired.ran())
    for tool in TOOLS:
        args = {"reason": "x"} if tool == "control.pause" else {}
        message = paired.here.message(tool, args)
        for _ in range(2):
            attack.refused(f"{variant}: {tool}", paired.send(message), *(codes or ("call.store",)))
    attack.repelled(f"{variant}: nothing ran", len(paired.ran()) == before, paired.ran()[before:])


@pytest.mark.parametrize("broken", BREAKS)
def test_a_call_that_can_not_be_recorded_does_not_run(attack: Attack, mutated_site: Callable[..., Paired], broken: str) -> None:
    paired = mutated_site()
    log = paired.site.log.read_text() if paired.site.log.exists() else ""
    paired.site.query(BREAKS[broken])
    refused(attack, paired, broken)
    assert (paired.site.log.read_text() if paired.site.log.exists() else "") == log, "what a stranger sent is not logged either"


@pytest.mark.mariadb
def test_with_a_database_user_who_may_only_read_nothing_runs(attack: Attack, maria: Paired) -> None:
    intact_again(maria)
    config = maria.site.root / "wp-config.php"
    kept, place = config.read_text(), maria.site.database
    maria.site.query("CREATE OR REPLACE USER reader@localhost")
    maria.site.query(f"GRANT SELECT ON {place.name}.* TO reader@localhost")
    try:
        config.write_text(kept.replace("define( 'DB_USER', 'root' );", "define( 'DB_USER', 'reader' );"))
        assert config.read_text() != kept
        refused(attack, maria, "read-only user")
    finally:
        config.write_text(kept)
    assert maria.call("wp.site.health").status == 200


@pytest.mark.mariadb
def test_with_a_table_that_is_gone_or_shut_on_mariadb_nothing_runs(attack: Attack, maria: Paired) -> None:
    intact_again(maria)
    for variant, break_, mend in (
        ("table renamed", f"RENAME TABLE {TABLE} TO elsewhere", f"RENAME TABLE elsewhere TO {TABLE}"),
        ("insert refused", f"CREATE TRIGGER shut BEFORE INSERT ON {TABLE} FOR EACH ROW SIGNAL SQLSTATE '45000'", "DROP TRIGGER shut"),
    ):
        maria.site.query(break_)
        try:
            refused(attack, maria, variant)
        finally:
            maria.site.query(mend)
    assert maria.call("wp.site.health").status == 200


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """The folder's files, on a disk of their own with not a byte left."""
    if os.geteuid() != 0:
        pytest.skip("a full disk needs root, for a tmpfs of its own")
    held = folder.parent / f"{folder.name}-held"
    shutil.copytree(folder, held)
    size = sum(path.stat().st_size for path in held.rglob("*") if path.is_file())
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + 400_000}", "tmpfs", folder], check=False).returncode != 0:
        shutil.rmtree(held)
        pytest.skip("a full disk needs the right to mount a tmpfs")
    try:
        shutil.copytree(held, folder, dirs_exist_ok=True)
        try:
            with (folder / "ballast").open("wb", buffering=0) as ballast:
                for _ in range(10_000):
                    ballast.write(b"x" * 4096)
        except OSError:
            pass  # full
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(held)


def test_with_a_full_disk_under_the_database_nothing_runs(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    file = paired.site.database.file
    assert file is not None
    with full_disk(file.parent):
        for tool in TOOLS[:2]:
            answer = paired.call(tool)  # where not even WordPress comes up, its own error is the answer
            held = answer.status >= 500 and "X-WP-Agent-ReceiptSignature" not in answer.headers and paired.ran() == []
            attack.repelled(f"disk full under the database: {tool}", held, (answer.status, answer.body[:300]))
    assert paired.call("wp.site.health").status == 200


def test_with_a_full_disk_under_the_file_beside_the_database_nothing_runs(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    assert paired.call("wp.site.health").status == 200
    state = paired.site.content / "presswarden-state"
    paired.site.php("unlink( Presswarden\\Connector\\Site\\StateFolder::file( 'newest-call' ) );")
    with full_disk(state):
        refused(attack, paired, "disk full under the state folder", "call.store", "call.rate_address", "call.duplicate")


@pytest.mark.parametrize("how", ["gone", "a file"])
def test_without_the_folder_beside_the_database_nothing_runs(attack: Attack, mutated_site: Callable[..., Paired], how: str) -> None:
    paired = mutated_site()
    state = paired.site.content / "presswarden-state"
    shutil.rmtree(state)
    if how == "a file":
        state.write_text("")
    refused(attack, paired, f"state folder {how}", "call.store", "call.rate_address")
    if state.is_file():
        state.unlink()


def test_once_the_database_can_be_written_again_calls_run(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    paired.site.query(BREAKS["the disk is full"])
    message = paired.here.message("wp.site.health")
    assert paired.send(message).code == "call.store"
    paired.site.query("DROP TRIGGER shut")
    assert paired.send(message).status == 200, "what was not recorded was not used up either"


@pytest.mark.parametrize("broken", ["table missing", "the disk is full", "the database swallows what is inserted"])
def test_without_heed_to_the_failed_insert_the_call_runs_unrecorded(mutated_site: Callable[..., Paired], broken: str) -> None:
    paired = mutated_site(UNHEEDED, FORGETFUL)
    paired.site.query(BREAKS[broken])
    paired.call("control.pause", {"reason": "unrecorded"})
    assert [event["tool"] for event in paired.ran()] == ["control.pause"]
