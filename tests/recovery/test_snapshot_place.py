"""Where snapshots lie: shut to the web, in the room they may take, in little memory, unreadable without the site's key, and gone with the plugin."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from lab.apache import served_by_apache
from lab.errors import LabError
from lab.fpm import served_by_fpm
from lab.packages import Kind
from lab.site import Lab, Site
from lab.updates import UpdateServer
from tests.connector.conftest import install
from tests.connector.peer import Peer
from tests.recovery.acting import Changed
from tests.recovery.snapped import TINY, Snapped, snapped

pytestmark = [pytest.mark.site, pytest.mark.req("W14")]


@pytest.fixture(scope="module")
def here(lab: Lab, peer: Peer) -> Iterator[Snapped]:
    with snapped(lab, peer, "snap-place") as found:
        yield found


@contextmanager
def as_it_is(_site: Site) -> Iterator[None]:
    """PHP's own server."""
    yield


@pytest.mark.parametrize("served", [as_it_is, served_by_fpm, served_by_apache], ids=["php", "nginx", "apache"])
def test_no_byte_of_any_file_of_the_folder_can_be_fetched(here: Snapped, served: Callable[[Site], AbstractContextManager[None]]) -> None:
    made = here.make(database=True)
    assert here.verify(made.id)["verified"]
    files = [path for path in here.folder.rglob("*") if path.is_file()]
    assert {"manifest.php", "canary.php", "work.lock.php", "f00000.php"} <= {path.name for path in files}
    try:
        with served(here.site):
            assert httpx.get(here.site.url + "/wp-includes/css/buttons.css").status_code == 200, "the server serves files"
            for path in files:
                got = httpx.get(f"{here.site.url}/{path.relative_to(here.site.root)}")
                assert got.content == b"", path
            for folder in {path.parent for path in files}:
                got = httpx.get(f"{here.site.url}/{folder.relative_to(here.site.root)}/")
                assert not any(path.name.encode() in got.content for path in files if path.name != "index.php"), folder
            canary = made.result["canary"]
            assert re.fullmatch(r"[0-9a-f]{32}", canary["token"])
            assert (here.site.root / canary["path"]).is_file()
            assert httpx.get(f"{here.site.url}/{canary['path']}").content == b""
    except LabError as missing:
        if "is missing" in str(missing):
            pytest.skip(str(missing))
        raise


def test_the_canary_tells_when_a_server_shows_what_lies_there(here: Snapped) -> None:
    canary = here.make().result["canary"]
    try:
        with served_by_apache(here.site, php=False):
            assert canary["token"] in httpx.get(f"{here.site.url}/{canary['path']}").text
    except LabError as missing:
        if "is missing" in str(missing):
            pytest.skip(str(missing))
        raise


def test_each_snapshot_has_a_canary_of_its_own_and_every_step_names_it(here: Snapped) -> None:
    one, other = here.make(), here.make()
    assert one.result["canary"]["token"] != other.result["canary"]["token"]
    assert one.id in one.result["canary"]["path"]


MEMORY = '<?php\nregister_shutdown_function( static function () { file_put_contents( %r, memory_get_peak_usage( true ) . "\\n", FILE_APPEND ); } );\n'


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_64_mb_of_memory_are_enough_for_more_than_100_mb(lab: Lab, peer: Peer, database: str) -> None:
    with snapped(lab, peer, f"snap-memory-{database}", database=database) as here:
        peak = here.site.state / "peak"
        here.install(more=110_000_000)
        here.site.php(
            "$wpdb->query('CREATE TABLE wp_big ( id int NOT NULL PRIMARY KEY, body longtext )');"
            "for ($i = 0; $i < 120; $i++) { $rows = array(); for ($j = 0; $j < 10; $j++) {"
            " $rows[] = '(' . ($i * 10 + $j) . \", '\" . str_repeat(md5((string) ($i * 10 + $j)), 3000) . \"')\"; }"
            " $wpdb->query('INSERT INTO wp_big VALUES ' . implode(',', $rows)); }"
        )
        before = here.site.query("SELECT COUNT(*) AS n, SUM(LENGTH(body)) AS bytes FROM wp_big")[0]
        assert int(before["bytes"]) > 110_000_000
        (here.site.content / "mu-plugins" / "peak.php").write_text(MEMORY.replace("%r", f"'{peak}'"))
        with served_by_fpm(here.site, settings={"memory_limit": "64M"}):
            name = here.kept(database=True)
            (here.site.content / "plugins" / "tiny" / "more-0.bin").unlink()
            here.site.query("DELETE FROM wp_big WHERE id > 5")
            assert here.restore(name).status == 200
            assert here.restore(name, "database").status == 200
        assert here.site.query("SELECT COUNT(*) AS n, SUM(LENGTH(body)) AS bytes FROM wp_big")[0] == before
        assert (here.site.content / "plugins" / "tiny" / "more-0.bin").stat().st_size == 20_000_000
        print(f"{database}: peak {max(map(int, peak.read_text().split())) / 1048576:.0f} MiB")
        assert max(map(int, peak.read_text().split())) < 64 * 1048576


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of that size in place of the folder."""
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("says", [True, False])
def test_a_full_disk_is_a_clear_error_and_nothing_half_counts(here: Snapped, says: bool) -> None:
    here.install(more=100_000_000)
    off = {} if says else {"disable_functions": "disk_free_space"}
    with small_disk(here.folder, "80m"), served_by_fpm(here.site, settings=off):
        refused = here.create(str(uuid.uuid4()))
        assert (refused.status, refused.code) == (409, "action.snapshot")
        assert refused.json["says"].split(":")[0] == ("disk" if says else "write")
        assert here.listed() == {}
        assert [path.name for path in here.folder.iterdir() if path.is_dir()] == []
        here.install()
        if not says:
            assert here.verify(here.make().id)["verified"], "what fits is made"
    here.install()


def test_without_a_cipher_a_snapshot_is_refused(here: Snapped) -> None:
    with served_by_fpm(here.site, settings={"disable_functions": "openssl_get_cipher_methods"}):
        refused = here.create(str(uuid.uuid4()))
    assert (refused.status, refused.code, refused.json["says"].split(":")[0]) == (409, "action.snapshot", "openssl")


def test_only_one_call_works_on_snapshots_at_a_time(here: Snapped) -> None:
    with (here.folder / "work.lock.php").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = here.create(str(uuid.uuid4()))
    assert (refused.code, refused.json["says"].split(":")[0]) == ("action.snapshot", "busy")


def test_a_snapshot_sealed_under_another_key_is_unreadable_and_not_put_back(here: Snapped) -> None:
    name = here.kept()
    config = here.site.root / "wp-config.php"
    text = config.read_text()
    asked = """
    use Presswarden\\Connector\\Site\\{SnapshotCheck,SnapshotRestore,Snapshots};
    use Presswarden\\Connector\\Core\\Refusal;
    $states = array_column( Snapshots::listed( time() )->snapshots, 'state', 'id' );
    try { SnapshotRestore::files( $argv[1], wp_generate_uuid4() ); } catch ( Refusal $refusal ) { $no = $refusal->says; }
    try { Snapshots::usable( $argv[1], 'plugin:tiny/tiny.php', time() ); } catch ( Refusal $refusal ) { $nor = $refusal->wire_code; }
    echo $states[ $argv[1] ], ' ', strstr( $no, ':', true ), ' ', $nor, ' ', (int) SnapshotCheck::step( $argv[1], 5, 0 )->verified;
    """
    config.write_text(text.replace("<?php", "<?php\ndefine('PRESSWARDEN_KEY', 'another key, long enough to be one, 0123456789');", 1))
    try:
        assert here.site.php(asked, name) == "unreadable sealed call.snapshot 0"
    finally:
        config.write_text(text)
    assert here.listed()[name]["state"] == "verified"


def test_old_ones_go_by_themselves_and_those_an_open_change_needs_stay(here: Snapped) -> None:
    with UpdateServer.start() as updates:
        for name in here.listed():
            assert here.delete(name).status == 200
        here.site.use_updates(updates.url)
        changed = Changed(here.paired, updates)
        updates.offer("tiny", "1.1", Kind.GOOD)
        here.site.php("wp_update_plugins();")
        assert changed.update(TINY, "1.1", package=updates.sha256("tiny")).status == 200
        needed = next(iter(here.listed()))
        refused = here.delete(needed)
        assert (refused.status, refused.code) == (409, "action.snapshot_needed")
        other = here.kept("theme:twentytwentyfive")
        tidy = "Presswarden\\Connector\\Site\\Snapshots::prune(time() + 15 * 86400);"
        here.site.php(tidy)
        assert set(here.listed()) == {needed}
        assert other not in here.listed()
        assert changed.close().status == 200
        here.site.php(tidy)
        assert here.listed() == {}
        here.install()


@pytest.mark.req("W15")
def test_taking_a_change_back_leaves_what_was_written_meanwhile_and_counts_it(here: Snapped) -> None:
    with UpdateServer.start() as updates:
        here.site.use_updates(updates.url)
        changed = Changed(here.paired, updates)
        here.install()
        kept = here.kept("theme:twentytwentyfive")
        updates.offer("tiny", "1.1", Kind.GOOD)
        here.site.php("wp_update_plugins();")
        assert changed.update(TINY, "1.1", package=updates.sha256("tiny")).status == 200
        change = changed.changes[-1]
        needed = next(name for name, row in here.listed().items() if row["component"] == TINY)
        here.site.php(
            "foreach (array('post', 'shop_order') as $kind) {"
            " wp_insert_post(array('post_title' => 'meanwhile', 'post_type' => $kind, 'post_status' => 'publish')); }"
        )
        for answer, code in (
            (here.restore(kept), "action.change_open"),
            (here.restore(kept, change=change), "call.args"),
            (here.restore(needed, change=str(uuid.uuid4())), "action.change_state"),
        ):
            assert answer.code == code
        told = here.restore(needed, change=change).result
        assert (told["version"], told["state"], told["tables"]) == ("1.0", "restored", 0)
        assert (told["lost"]["orders"], told["lost"]["users"]) == (1, 0)
        assert told["lost"]["posts"] >= 1, "and what WordPress itself wrote in the second of opening"
        assert here.site.query("SELECT COUNT(*) AS n FROM wp_posts WHERE post_title = 'meanwhile'")[0]["n"] == 2
        again = here.restore(needed, change=change)
        assert (again.code, again.json["says"].split(":")[0]) == ("action.change_state", "restored")


def test_what_was_never_verified_goes_after_a_day(here: Snapped) -> None:
    kept, made = here.kept(), here.make("core").id
    here.site.php("Presswarden\\Connector\\Site\\Snapshots::prune(time() + 90000);")
    assert kept in here.listed()
    assert made not in here.listed()


def test_no_more_room_is_taken_than_snapshots_may(here: Snapped) -> None:
    asked = """
    use Presswarden\\Connector\\Site\\{SnapshotQuota,Snapshots};
    $all = Snapshots::all();
    $room = SnapshotQuota::limit( $all ) - SnapshotQuota::taken( $all );
    foreach ( array( array( $room, 0 ), array( $room + 1, 0 ), array( $room + 1, 90000 ), array( 3221225472, 90000 ) ) as list( $bytes, $later ) ) {
        try { echo count( SnapshotQuota::room_for( $all, $bytes, time() + $later ) ), ' '; }
        catch ( Presswarden\\Connector\\Core\\Refusal $refusal ) { echo strstr( $refusal->says, ':', true ), ' '; }
    }
    echo SnapshotQuota::limit( $all );
    """
    here.kept()
    fits, fresh, old, never, limit = here.site.php(asked).split()
    assert (fits, fresh, old, never) == ("0", "quota", "1", "quota")
    assert int(limit) <= 2 * 1024**3


@pytest.mark.parametrize("keep", [False, True])
def test_snapshots_go_with_the_plugin_unless_the_administrator_keeps_them(lab: Lab, peer: Peer, keep: bool) -> None:
    with snapped(lab, peer, f"snap-gone-{keep}".lower()) as here:
        name = here.kept(database=True)
        if keep:
            assert here.site.wp("presswarden", "snapshots", "keep").code == 0
        here.site.php(
            "require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';"
            "deactivate_plugins('presswarden-connector/presswarden-connector.php'); delete_plugins(array('presswarden-connector/presswarden-connector.php'));"
        )
        assert not (here.site.content / "presswarden-state").exists()
        assert here.folder.exists() == keep
        if keep:
            install(here.site)
            assert here.site.php("echo Presswarden\\Connector\\Site\\Snapshots::all()[0]->state;") == "verified"
            assert (here.folder / name).is_dir()
