"""Snapshots of the database: every value comes back, all tables at once or none, and what is ours or a user's stays as it is now."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import httpx
import pytest

from lab.site import Lab
from tests.connector.conftest import install, pair
from tests.connector.peer import Peer
from tests.recovery.snapped import TINY, Snapped, snapped
from tests.recovery.tables import NEXT_SECOND, content, notes, pairing, post, run, tables

pytestmark = [pytest.mark.site, pytest.mark.req("W14", "W15")]

ODD = (
    "CREATE TABLE wp_odd ( id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, tiny tinyint, price decimal(30,10), ratio float, wide double,"
    " flags bit(10), raw blob, words text CHARACTER SET latin1, many mediumtext CHARACTER SET utf8mb4, born datetime NOT NULL,"
    " seen timestamp NULL, paper longtext, twice bigint GENERATED ALWAYS AS (tiny * 2) STORED, thrice bigint GENERATED ALWAYS AS (tiny * 3) VIRTUAL )",
    "SET SESSION sql_mode = ''",
    "INSERT INTO wp_odd ( id, tiny, price, ratio, wide, flags, raw, words, many, born, seen, paper ) VALUES"
    " ( 18446744073709551610, -128, -12345678901234567890.0123456789, 0.1, 0.1, b'1000000001', x'00010A0D1A22275C80FF', 'Grün', '😀 \\\\ '' \"',"
    " '0000-00-00 00:00:00', '2026-03-29 01:30:00', '{\"a\": [1]}' ),"
    " ( 5, NULL, NULL, 16777217.5, 1e308, NULL, NULL, NULL, NULL, '2026-01-01 00:00:00', NULL, NULL ),"
    " ( 6, 0, 0, 3.4028e38, -2.5, b'0', '', '', '', '1000-01-01 00:00:00', '1970-01-02 00:00:00', '[]' )",
    "CREATE TABLE wp_keyless ( name varchar(20), rank int ) DEFAULT CHARSET utf8mb4",
    "INSERT INTO wp_keyless VALUES ( 'a', 1 ), ( 'a', 1 ), ( NULL, NULL )",
    "CREATE TABLE wp_zero ( id int NOT NULL AUTO_INCREMENT PRIMARY KEY, word varchar(9) )",
    "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "INSERT INTO wp_zero VALUES ( 0, 'zero' ), ( 1, 'one' )",
)
PLAIN = """
use Presswarden\\Connector\\Site\\SnapshotManifest;
use Presswarden\\Connector\\Watch\\PartReader;
$m = SnapshotManifest::open( $argv[1] );
foreach ( $m->facts['dump']['parts'] as $n => list( $file, $hash ) ) {
	$path = $m->folder( 'database' ) . '/' . $file;
	foreach ( PartReader::entries( $path, $hash, $m->pack_key( 'database' ), $m->pack_id( 'database' ), $n ) as list( , $bytes ) ) {
		file_put_contents( $argv[2], $bytes, FILE_APPEND );
	}
}
"""


@pytest.fixture(scope="module", params=["sqlite-7.1", "mariadb-7.1", "sqlite-6.5", "mariadb-6.5"])
def site(lab: Lab, peer: Peer, request: pytest.FixtureRequest) -> Iterator[Snapped]:
    database, version = str(request.param).split("-")
    with snapped(lab, peer, f"db-{database}-{version.replace('.', '')}", version=version, database=database) as found:
        yield found


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def new(lab: Lab, peer: Peer, request: pytest.FixtureRequest) -> Iterator[Snapped]:
    with snapped(lab, peer, f"db-new-{request.param}", database=str(request.param)) as found:
        yield found


def test_the_database_comes_back_as_it_was_but_for_what_stays(site: Snapped) -> None:
    here = site.site
    if here.database.file is None:
        run(here, *ODD)
    here.php("set_transient('for_a_while', 'x', 3600); update_option('plain', \"a'b\\\\c\\0d\");" + post("before") + NEXT_SECOND)
    before, told = content(here), notes(here)
    name = site.kept(database=True)
    assert site.listed()[name]["point_in_time"]
    record = pairing(here)
    here.php(
        "update_option('plain', 'changed'); delete_option('blogdescription'); wp_delete_post(1, true);"
        f"{post('since')} {post('order', 'shop_order')}"
        "wp_insert_user(array('user_login'=>'since','user_pass'=>'x','role'=>'editor')); $wpdb->query('ALTER TABLE wp_links ADD COLUMN more int');"
        "set_transient('for_a_while', 'y', 3600);"
    )
    if here.database.file is None:
        run(here, "DELETE FROM wp_odd WHERE id = 5", "UPDATE wp_zero SET word = 'changed'", "DROP TABLE wp_keyless")
    assert content(here) != before
    answer = site.restore(name, "database")
    assert answer.result["lost"] == {"orders": 1, "posts": 1, "users": 0}
    assert (answer.result["scope"], answer.result["state"], answer.result["files"]) == ("database", "restored", 0)
    assert content(here) == before
    assert notes(here) == told
    assert answer.result["tables"] == len(before)
    assert here.query("SELECT COUNT(*) AS n FROM wp_users WHERE user_login = 'since'")[0]["n"] == 1, "users stay"
    assert here.option("_transient_for_a_while") is None
    assert pairing(here) == record
    health = site.paired.call("wp.site.health").result
    assert (health["quiet"], health["repair"], health["journal_first_bad"]) == ("", "", 0)
    assert not [table for table in tables(here) if "presswarden_r_" in table or "presswarden_o_" in table]
    assert httpx.get(here.url).status_code == 200
    here.php("wp_insert_post(array('post_title'=>'after','post_status'=>'publish')) || exit(1);")


def test_our_role_and_our_place_among_the_plugins_stand_through_a_restore(new: Snapped) -> None:
    here = new.site
    rights = json.loads(here.php("echo json_encode(get_role('presswarden_agent')->capabilities);"))
    here.php("remove_role('presswarden_agent'); update_option('active_plugins', array('tiny/tiny.php'));")
    # With neither in it: as if it had been made before the connector came.
    made = here.php(
        "use Presswarden\\Connector\\Site\\{Snapshots,SnapshotCheck}; $id = wp_generate_uuid4();"
        "require_once WP_PLUGIN_DIR . '/presswarden-connector/presswarden-connector.php';"
        "Snapshots::create($id, 'plugin:tiny/tiny.php', true, 20, 0); SnapshotCheck::step($id, 20, 0); echo $id;"
    )
    here.php(
        "update_option('active_plugins', array('presswarden-connector/presswarden-connector.php', 'tiny/tiny.php'));"
        "add_role('presswarden_agent', 'Presswarden agent', json_decode($argv[1], true));",
        json.dumps(rights),
    )
    assert new.restore(made, "database").status == 200
    assert json.loads(here.php("echo json_encode(get_role('presswarden_agent')->capabilities);")) == rights
    assert "presswarden-connector" in str(here.option("active_plugins"))
    assert here.php("echo (int) (bool) wp_next_scheduled('presswarden_heartbeat');") == "1"
    assert new.paired.call("wp.site.health").status == 200


def test_what_is_ours_is_in_no_dump(new: Snapped) -> None:
    name = new.kept(database=True)
    shown = new.site.php(PLAIN, name, str(new.site.state / "dump"))
    dump = (new.site.state / "dump").read_bytes()
    assert shown == ""
    assert b"Hello world" in dump
    for secret in (b"presswarden_record", b"presswarden_calls", b"presswarden-sealed", b"presswarden_flags", b"_transient_"):
        assert secret not in dump, secret
    folder = new.site.database.file.parent if new.site.database.file else new.folder
    assert [path.name for path in folder.iterdir() if path.name.startswith(".ht.presswarden-")] == []


def test_tables_that_came_since_stay_and_another_wordpress_in_the_same_database_is_left_alone(new: Snapped) -> None:
    here = new.site
    other = ("CREATE TABLE wp_shop_options ( a int )", "CREATE TABLE wp_shop_posts ( a int )", "INSERT INTO wp_shop_posts VALUES ( 1 )")
    here.php("foreach (json_decode($argv[1]) as $s) { $wpdb->query($s); }", json.dumps(other))
    made = new.make(database=True)
    assert new.verify(made.id)["verified"]
    here.php(
        "foreach (json_decode($argv[1]) as $s) { $wpdb->query($s); }",
        json.dumps(["INSERT INTO wp_shop_posts VALUES ( 2 )", "CREATE TABLE wp_since ( a int )", "INSERT INTO wp_since VALUES ( 7 )"]),
    )
    assert new.restore(made.id, "database").result["tables"] == made.result["tables"] - 2
    assert [row["a"] for row in here.query("SELECT a FROM wp_shop_posts ORDER BY a")] in ([1, 2], ["1", "2"])
    assert [int(row["a"]) for row in here.query("SELECT a FROM wp_since")] == [7]
    here.php("foreach (array('wp_shop_options', 'wp_shop_posts', 'wp_since') as $t) { $wpdb->query(\"DROP TABLE $t\"); }")


@pytest.mark.parametrize("how", ["one bit", "a byte cut", "a part gone"])
def test_a_dump_that_was_touched_is_refused_and_nothing_was_changed(new: Snapped, how: str) -> None:
    first, second = new.make(database=True).id, new.kept(database=True)
    new.site.php(post("now"))
    before = content(new.site)
    for name in (first, second):
        part = new.parts(name, "database")[0]
        whole = part.read_bytes()
        if how == "one bit":
            part.write_bytes(whole[:-7] + bytes([whole[-7] ^ 8]) + whole[-6:])
        elif how == "a byte cut":
            part.write_bytes(whole[:-1])
        else:
            part.unlink()
    told = new.verify(first)
    assert (told["verified"], told["done"]) == (False, True)
    refused = new.restore(second, "database")
    assert (refused.status, refused.code) == (409, "action.snapshot")
    assert content(new.site) == before


@pytest.mark.parametrize(
    ("word", "statements"),
    [
        ("view", ["CREATE VIEW wp_seen AS SELECT 1 AS one"]),
        ("trigger", ["CREATE TRIGGER wp_pulled BEFORE DELETE ON wp_links FOR EACH ROW BEGIN DELETE FROM wp_links WHERE 1 = 0; END"]),
        (
            "foreign_key",
            [
                "CREATE TABLE wp_up ( id int PRIMARY KEY )",
                "CREATE TABLE wp_down ( id int PRIMARY KEY, up int, FOREIGN KEY ( up ) REFERENCES wp_up ( id ) )",
            ],
        ),
    ],
)
def test_what_could_not_be_put_back_as_it_was_is_not_taken(new: Snapped, word: str, statements: list[str]) -> None:
    run(new.site, *statements)
    refused = new.create(str(uuid.uuid4()), database=True)
    assert (refused.status, refused.code, refused.json["says"].split(":")[0]) == (409, "action.snapshot", word)
    assert new.create(str(uuid.uuid4())).status == 200, "the files alone can be taken"
    run(
        new.site,
        *[
            f"DROP {kind} IF EXISTS {name}"
            for kind, name in (("VIEW", "wp_seen"), ("TRIGGER", "wp_pulled"), ("TABLE", "wp_down"), ("TABLE", "wp_up"))
        ],
    )


def test_the_database_of_a_network_is_not_taken(lab: Lab, peer: Peer) -> None:
    found = Snapped(pair(install(lab.site("db-network", multisite=True)), peer))
    found.install()
    refused = found.create(str(uuid.uuid4()), database=True)
    assert (refused.code, refused.json["says"].split(":")[0]) == ("action.snapshot", "network")
    assert found.create(str(uuid.uuid4()), TINY).status == 200
    found.site.delete()
