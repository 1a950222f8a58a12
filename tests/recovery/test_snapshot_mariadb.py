"""Snapshots of a large, a busy and an old-fashioned MariaDB: in steps that say they are no point in time, and all tables at once or none."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from lab.site import Lab
from tests.connector.peer import Peer
from tests.recovery.snapped import Snapped, snapped
from tests.recovery.tables import content, post, run

pytestmark = [pytest.mark.site, pytest.mark.req("W14", "W15")]


@pytest.fixture(scope="module")
def mariadb(lab: Lab, peer: Peer) -> Iterator[Snapped]:
    with snapped(lab, peer, "db-own", database="mariadb") as found:
        yield found


def test_a_large_database_is_taken_in_steps_and_says_that_it_is_no_point_in_time(mariadb: Snapped) -> None:
    here = mariadb.site
    run(
        here,
        "CREATE TABLE wp_big ( name varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci, n int, body text, PRIMARY KEY ( name, n ) )",
        "INSERT INTO wp_big SELECT CONCAT(ELT(1 + seq % 4, 'ä', 'Z', 'a', 'é'), '-', seq % 977), seq, REPEAT(MD5(seq), 40) FROM seq_1_to_160000",
    )
    before = here.query("CHECKSUM TABLE wp_big")[0]["Checksum"]
    made = mariadb.make(database=True, seconds=1)
    assert made.steps > 2
    assert not made.result["point_in_time"]
    assert made.result["rows"] > 160_000
    assert mariadb.verify(made.id, seconds=1)["verified"]
    assert not mariadb.listed()[made.id]["point_in_time"]
    run(here, "DELETE FROM wp_big WHERE n % 3 = 0", "UPDATE wp_big SET body = '' WHERE n % 5 = 0")
    assert mariadb.restore(made.id, "database").status == 200
    assert here.query("CHECKSUM TABLE wp_big")[0]["Checksum"] == before
    run(here, "DROP TABLE wp_big")


def test_a_dump_that_does_not_end_in_its_call_goes_on_in_steps(mariadb: Snapped) -> None:
    """Compressed rows are much more than the server says, so it tries the whole in one call and sees only then that it can't."""
    here = mariadb.site
    run(
        here,
        "CREATE TABLE wp_slow ( id int PRIMARY KEY, body longblob ) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4",
        "INSERT INTO wp_slow SELECT seq, REPEAT(CHAR(0), 500000) FROM seq_1_to_800",
    )
    before = here.query("CHECKSUM TABLE wp_slow")[0]["Checksum"]
    name = str(uuid.uuid4())
    began = time.monotonic()
    first = mariadb.create(name, database=True, seconds=1)
    assert time.monotonic() - began < 8
    assert (first.result["done"], first.result["point_in_time"], mariadb.parts(name, "database")) == (False, False, [])
    made = mariadb.make(database=True, seconds=1, name=name, step=1)
    assert made.steps > 1
    assert mariadb.verify(name)["verified"]
    run(here, "DELETE FROM wp_slow WHERE id % 2 = 0")
    assert mariadb.restore(name, "database").status == 200
    assert here.query("CHECKSUM TABLE wp_slow")[0]["Checksum"] == before
    run(here, "DROP TABLE wp_slow")


def test_tables_that_somebody_holds_are_not_swapped_and_nothing_is_changed(mariadb: Snapped) -> None:
    here = mariadb.site
    name = mariadb.kept(database=True)
    here.php(post("now"))
    before = content(here)
    held, let_go = here.state / "held", here.state / "let-go"
    hold = (
        "$wpdb->query('START TRANSACTION'); $wpdb->get_var(\"SELECT COUNT(*) FROM $wpdb->posts\"); touch($argv[1]);"
        "for ($i = 0; $i < 1200 && ! is_file($argv[2]); $i++) { usleep(50000); clearstatcache(); }"
    )
    holder = threading.Thread(target=here.php, args=(hold, str(held), str(let_go)))
    holder.start()
    try:
        deadline = time.monotonic() + 20
        while not held.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        refused = mariadb.restore(name, "database")
        assert (refused.status, refused.code, refused.json["says"].split(":")[0]) == (409, "action.snapshot", "locked")
    finally:
        let_go.touch()
        holder.join()
    assert content(here) == before
    assert mariadb.restore(name, "database").status == 200


def test_a_table_that_knows_no_transactions_makes_it_no_point_in_time(mariadb: Snapped) -> None:
    run(mariadb.site, "CREATE TABLE wp_old ( id int PRIMARY KEY ) ENGINE=MyISAM", "INSERT INTO wp_old VALUES ( 1 )")
    made = mariadb.make(database=True)
    assert not made.result["point_in_time"]
    assert mariadb.verify(made.id)["verified"]
    run(mariadb.site, "DELETE FROM wp_old")
    assert mariadb.restore(made.id, "database").status == 200
    assert len(mariadb.site.query("SELECT * FROM wp_old")) == 1
    run(mariadb.site, "DROP TABLE wp_old")
