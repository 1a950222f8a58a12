"""Attack 42: have the connector replaced by something else, or let it saw off the branch it sits on.

The attacker has calls signed and speaks for the site's update servers: any offer, any bytes. Only a release that the release key signed takes the connector's
place, newer than it, and the watchdog of the version before watches over it until somebody calls it good. Limits: who can write files on the site needs none of
this; a connector that was not built as a release takes none.
"""

from __future__ import annotations

import io
import shutil
import time
import uuid
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from lab.site import Lab
from lab.updates import UpdateServer
from tests.claims.attacks import Attack
from tests.claims.changing import state_of
from tests.claims.victims import FOLDER, GENEROUS, Swap, pair
from tests.connector.conftest import Paired
from tests.connector.peer import Peer
from tests.connector.releases import MAIN, NOW, STRANGER, fresh, signed, tree, unpacked, zipped
from tests.connector.wire import Answer
from tests.recovery.acting import Changed
from tests.recovery.opened import Watched

pytestmark = [pytest.mark.site, pytest.mark.req("N14")]

OWN = f"plugin:{FOLDER}/{MAIN}"
NEXT = "0.2.0"
BEFORE = Swap("src/Site/Updates/Update.php", "ReleasePackage::must_be( $upgrader->fetched(), $this->call->args->version );")
AFTER = Swap("src/Plugin.php", "add_filter( 'upgrader_source_selection', array( ReleasePackage::class, 'selected' ), PHP_INT_MAX, 4 );")
UPGRADE = """
require_once ABSPATH . 'wp-admin/includes/admin.php';
require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
delete_site_transient( 'update_plugins' );
wp_update_plugins();
$skin = new Automatic_Upgrader_Skin();
$done = ( new Plugin_Upgrader( $skin ) )->bulk_upgrade( array( $argv[1] ) )[ $argv[1] ];
echo is_wp_error( $done ) ? $done->get_error_code() : ( is_array( $done ) ? 'updated' : 'not updated' );
"""


@pytest.fixture(scope="module")
def victim(lab: Lab, peer: Peer, updates: UpdateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    """A paired site that runs a release of today's version."""
    site = lab.site("released", constants=GENEROUS)
    site.install_plugin(unpacked(signed(NOW), tmp_path_factory.mktemp("now")), folder=FOLDER)
    site.use_updates(updates.url)
    made = pair(site, peer)
    yield Changed(Paired(made.site, made.peer, made.here, made.offer), updates)
    site.delete()


@pytest.fixture
def put(victim: Changed, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Lays a connector into the site. Afterwards the release of today stands there again, and no change is open."""

    def lay(files: Mapping[str, bytes], *changes: Swap) -> None:
        target = victim.site.content / "plugins" / FOLDER
        shutil.rmtree(target)
        shutil.copytree(unpacked(files, tmp_path / uuid.uuid4().hex), target)
        for change in changes:
            change.apply(target)
        fresh(target)
        victim.site.php("Presswarden\\Connector\\Site\\Watchdog::arm();")
        fresh(victim.site.content / "mu-plugins" / "presswarden-watchdog")

    yield lay
    victim.updates.withdraw(FOLDER)
    if (victim.state() or {}).get("state") == "confirm":
        assert victim.close().status == 200
    if installed(victim) != NOW or "KEYS = array();" in key_file(victim):
        lay(signed(NOW))


@pytest.fixture
def offered(victim: Changed, put: Callable[..., None], tmp_path: Path) -> Callable[..., Answer]:
    """What becomes of a call for that version when the site is offered these files, or these bytes."""

    def ask(files: Mapping[str, bytes] | bytes, version: str = NEXT, *, component: str = OWN, snapshot: str | None = None) -> Answer:
        package = files if isinstance(files, bytes) else zipped(files, tmp_path)
        victim.updates.offer(FOLDER, version, package=package)
        victim.changes.append(str(uuid.uuid4()))
        args = {
            "change": victim.changes[-1], "component": component, "deadline": 300, "snapshot": snapshot or victim.snapshot(OWN), "version": version,
        }  # fmt: skip
        return victim.act("wp.connector.update", args, victim.before(OWN), victim.updates.sha256(FOLDER))

    return ask


def installed(victim: Changed) -> str:
    return (victim.site.content / "plugins" / FOLDER / MAIN).read_text().partition("const VERSION = '")[2].partition("'")[0]


def key_file(victim: Changed) -> str:
    return (victim.site.content / "plugins" / FOLDER / "src/Core/ReleaseKey.php").read_text()


def untouched(victim: Changed) -> bool:
    return installed(victim) == NOW and victim.clean() and (victim.site.content / "presswarden-snapshots" / "open.php").exists() is False


def packages(room: Path) -> dict[str, Mapping[str, bytes] | bytes]:
    """Everything that is no newer release, by what is wrong with it."""
    good = signed(NEXT)
    changed = {**good, MAIN: good[MAIN] + b"\n// and more\n"}
    older = signed("0.0.9")
    return {
        "signed by nobody": tree(NEXT),
        "signed by a stranger, who trusts the true key": signed(NEXT, key=STRANGER),
        "one file changed": changed,
        "one file more": {**good, "src/Evil.php": b"<?php\n"},
        "one file fewer": {name: held for name, held in good.items() if name != "uninstall.php"},
        "the list of another release": {**good, "release.json": older["release.json"], "release.sig": older["release.sig"]},
        "an empty signature": {**good, "release.sig": b""},
        "an older release under a newer name": older,
        "today's release under a newer name": signed(NOW),
        "another folder at its top": zipped(good, room).replace(b"presswarden-connector/", b"presswarden-c0nnector/"),
        "a file beside the folder": twice(zipped(good, room), "presswarden-evil.php"),
        "a file that climbs out": twice(zipped(good, room), f"{FOLDER}/../akismet/akismet.php"),
        "one name twice": twice(zipped(good, room), f"{FOLDER}/{MAIN}"),
        "a page instead of a zip": b"<!doctype html><p>no zip",
    }


def twice(package: bytes, name: str) -> bytes:
    out = io.BytesIO(package)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the writer itself warns of a name that is there
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr(name, "<?php // evil\n")
    return out.getvalue()


@pytest.mark.parametrize("reader", ["the zip extension", "WordPress's own"])
def test_what_is_no_newer_release_is_refused_before_it_is_unpacked(
    victim: Changed, offered: Callable[..., Answer], attack: Attack, tmp_path: Path, reader: str
) -> None:
    must_use = victim.site.content / "mu-plugins" / "06-reader.php"
    if reader != "the zip extension":
        must_use.write_text("<?php add_filter( 'unzip_file_use_ziparchive', '__return_false' );")
    try:
        snapshot = victim.snapshot(OWN)
        for what, package in packages(tmp_path).items():
            attack.refused(f"{what} ({reader})", offered(package, snapshot=snapshot), "action.release")
            attack.repelled(f"{what}: nothing is left of it", untouched(victim))
        assert offered(signed(NEXT), snapshot=snapshot).result["version"] == NEXT
        assert installed(victim) == NEXT
    finally:
        must_use.unlink(missing_ok=True)


def test_without_both_looks_a_strangers_bytes_take_its_place(
    victim: Changed, put: Callable[..., None], offered: Callable[..., Answer]
) -> None:
    put(signed(NOW), BEFORE)
    answer = offered(tree(NEXT))
    assert (answer.status, installed(victim)) == (409, NOW), "what was unpacked is looked at too"
    put(signed(NOW), BEFORE, AFTER)
    assert offered(tree(NEXT)).status == 200
    assert "KEYS = array();" in key_file(victim)


def test_it_is_no_way_to_older_versions_nor_to_other_plugins(victim: Changed, offered: Callable[..., Answer], attack: Attack) -> None:
    attack.refused("an older release", offered(signed("0.0.9"), "0.0.9"), "action.offer", "action.downgrade")
    attack.refused("the same release", offered(signed(NOW), NOW), "action.offer", "action.downgrade")
    other = f"plugin:other/{MAIN}"
    attack.refused("another plugin of that file name", offered(signed(NEXT), component=other, snapshot=str(uuid.uuid4())), "call.args")
    attack.refused(
        "a plugin of another name", offered(signed(NEXT), component="plugin:tiny/tiny.php", snapshot=str(uuid.uuid4())), "call.args"
    )
    victim.updates.offer(FOLDER, NEXT, package=b"")
    attack.refused("by the tool for other plugins", victim.update(OWN, NEXT), "action.files")
    args = {"change": str(uuid.uuid4()), "component": OWN, "deadline": 300, "snapshot": str(uuid.uuid4()), "version": NEXT}
    attack.refused("without a snapshot", victim.act("wp.connector.update", args, victim.before(OWN)), "call.snapshot")
    attack.repelled("today's release stands", installed(victim) == NOW)


def test_a_connector_that_is_no_release_takes_none(
    victim: Changed, put: Callable[..., None], offered: Callable[..., Answer], attack: Attack
) -> None:
    put(tree(NOW))
    answer = offered(signed(NEXT))
    attack.refused("a release for a tree that knows no key", answer, "action.release")
    assert "no release key" in answer.json["says"]


def test_wordpress_itself_puts_no_other_package_in_its_place(
    victim: Changed, put: Callable[..., None], attack: Attack, tmp_path: Path
) -> None:
    for what, files in {
        "signed by nobody": tree(NEXT),
        "older than it says": signed("0.0.9"),
        "by a stranger": signed(NEXT, key=STRANGER),
    }.items():
        victim.updates.offer(FOLDER, NEXT, package=zipped(files, tmp_path))
        told = victim.site.php(UPGRADE, f"{FOLDER}/{MAIN}")
        attack.repelled(f"{what}, by WordPress's own update", (told, installed(victim)) == ("presswarden_release", NOW), told)
    victim.updates.offer(FOLDER, NEXT, package=zipped(signed(NEXT), tmp_path))
    assert victim.site.php(UPGRADE, f"{FOLDER}/{MAIN}") == "updated"
    assert installed(victim) == NEXT


def test_a_release_takes_its_place_and_its_watchdog_comes_when_it_was_called_good(victim: Changed, offered: Callable[..., Answer]) -> None:
    folder = victim.site.content / "mu-plugins" / "presswarden-watchdog"
    marker, health_of, dropin = (tree(NOW)[name].decode() for name in ("src/Watch/Marker.php", "src/Site/Health.php", "doors/dropin.php"))
    newer = {
        "src/Watch/Marker.php": marker.replace(
            "final class Marker {\n", "final class Marker {\n\tpublic static function newer(): void {}\n", 1
        ),
        "src/Site/Health.php": health_of.replace("$watch  =", "\\Presswarden\\Connector\\Watch\\Marker::newer();\n\t\t$watch  =", 1),
        "doors/dropin.php": dropin + "\n// newer\n",
    }
    result = offered(signed(NEXT, newer)).result
    assert (result["version"], result["was"], result["active"], result["state"]) == (NEXT, NOW, True, "confirm")
    health = victim.paired.call("wp.site.health").result
    assert (health["watchdog"], health["watchdog_door"]) == (True, "dropin"), (
        "the watchdog of the version before stands, beside what the new one calls"
    )
    assert victim.site.wp("presswarden", "heartbeat").code == 0
    httpx.get(victim.site.url + "/wp-cron.php", timeout=60)
    assert "newer" not in (folder / "Marker.php").read_text()
    assert victim.close().result["state"] == "closed"
    assert "newer" in (folder / "Marker.php").read_text()
    assert "// newer" in (victim.site.content / "fatal-error-handler.php").read_text()
    assert victim.paired.call("wp.site.health").result["watchdog"] is True
    assert victim.inventory()[OWN]["version"] == NEXT


def test_a_release_that_dies_is_taken_back_by_the_first_visitor(victim: Changed, offered: Callable[..., Answer], attack: Attack) -> None:
    dies = tree(NEXT)[MAIN].decode() + "\nthrow new \\Error( 'This release dies.' );\n"
    assert offered(signed(NEXT, {MAIN: dies})).status == 200
    change, tries = victim.changes[-1], 0
    while installed(victim) != NOW and tries < 100:
        httpx.get(victim.site.url + "/", timeout=60)
        tries += 1
    attack.repelled("the release before stands after one visit", tries <= 2, tries)
    attack.repelled("and answers", state_of(victim) == (change, "restored"), state_of(victim))
    assert httpx.get(victim.site.url + "/", timeout=60).status_code == 200


def test_a_release_that_is_mute_is_taken_back_by_the_recover_call(victim: Changed, offered: Callable[..., Answer], attack: Attack) -> None:
    mute = tree(NEXT)[MAIN].decode().replace("Plugin::start( __FILE__ );", "")
    assert offered(signed(NEXT, {MAIN: mute})).status == 200
    change = victim.changes[-1]
    assert victim.paired.call("wp.site.health").code == "rest_no_route"
    said = Watched(victim.paired).recover(change)
    attack.repelled("the watchdog needs no connector", (said.status_code, said.json()["restored"]) == (200, True), said.text)
    attack.repelled("the release before answers", state_of(victim) == (change, "restored"))
    assert installed(victim) == NOW


def test_a_release_that_is_mute_goes_after_its_deadline(victim: Changed, offered: Callable[..., Answer]) -> None:
    mute = tree(NEXT)[MAIN].decode().replace("Plugin::start( __FILE__ );", "")
    assert offered(signed(NEXT, {MAIN: mute})).status == 200
    victim.site.shift_clock(400)
    try:
        deadline = time.monotonic() + 20
        while installed(victim) != NOW and time.monotonic() < deadline:
            httpx.get(victim.site.url + "/", timeout=60)
        assert installed(victim) == NOW
    finally:
        victim.site.shift_clock(0)
