"""One plugin to one version on a real WordPress: what is done, what the answer says, and every package that is not what it should be."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from lab.packages import SLIPPED, Kind, plugin_files, write_plugin, zipped
from tests.recovery.acting import TINY, ZERO, Changed

pytestmark = [pytest.mark.site, pytest.mark.req("S4")]


@pytest.mark.req("N13", "N20")
def test_a_good_update_is_what_the_disk_shows_and_the_plugin_stays_on(changed: Changed) -> None:
    hashed = changed.offer()
    answer = changed.update(TINY, "1.1", package=hashed)
    result = answer.result
    assert (result["version"], result["was"], result["active"], result["state"]) == ("1.1", "1.0", True, "confirm")
    assert result["package"] == hashed
    assert result["maintenance"] == ""
    there = changed.on_disk("plugins/tiny")
    assert (result["files"], result["bytes"]) == (len(there), sum(len(data) for data in there.values()))
    assert there["tiny.php"] == str(plugin_files("tiny", "1.1")["tiny/tiny.php"]).encode()
    assert changed.served() == "1.1"
    assert changed.clean()
    state = changed.state()
    assert state is not None
    assert (state["id"], state["state"], state["deadline"]) == (changed.changes[-1], "confirm", result["deadline"])
    assert changed.close().result == {"change": changed.changes[-1], "state": "closed"}
    assert changed.served() == "1.1"


@pytest.mark.req("S1")
def test_what_else_is_offered_is_still_known_afterwards(changed: Changed, tmp_path: Path) -> None:
    changed.site.install_plugin(write_plugin(tmp_path, "other", "1.0"))
    changed.updates.offer("other", "2.0")
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    found = changed.paired.call("wp.site.inventory", {}).result["inventory"]
    assert found["update:plugin:other/other.php"]["version"] == "2.0"
    assert f"update:{TINY}" not in found
    assert (found[TINY]["known"], found["plugin:other/other.php"]["known"]) == (True, True)
    assert changed.close().status == 200


def test_a_plugin_that_is_off_stays_off(changed: Changed) -> None:
    changed.site.php("deactivate_plugins( 'tiny/tiny.php' );")
    changed.offer()
    result = changed.update(TINY, "1.1").result
    assert (result["version"], result["active"]) == ("1.1", False)


def test_no_language_pack_comes_along(changed: Changed) -> None:
    changed.updates.offer_translation("tiny", "de_DE", {"Hello": "Hallo"})
    changed.offer()
    assert changed.update(TINY, "1.1").status == 200
    assert not [asked for asked in changed.updates.asked if "/translation/plugin/" in asked.path]
    assert list((changed.site.content / "languages").rglob("tiny-*")) == []


def refused(changed: Changed, code: str, status: int, **how: str) -> str:
    """The update is refused, `tiny` is untouched, no change was opened and nothing lies about; what the refusal says."""
    there, state = changed.on_disk("plugins/tiny"), changed.state()
    answer = changed.update(TINY, "1.1", **how)
    assert (answer.code, answer.status) == (code, status), answer.body
    assert changed.on_disk("plugins/tiny") == there
    assert changed.served() == "1.0"
    assert changed.state() == state
    assert changed.clean()
    return str(answer.json["says"])


@pytest.mark.req("N13", "N3")
def test_a_package_of_another_hash_is_refused_before_it_is_unpacked(changed: Changed) -> None:
    changed.offer()
    refused(changed, "action.package_hash", 409, package=ZERO)
    assert changed.updates.downloads("tiny") == 1


@pytest.mark.req("N13")
def test_a_package_that_is_another_one_at_each_download_is_refused(changed: Changed) -> None:
    known = changed.offer(kind=Kind.CHANGED)
    assert changed.update(TINY, "1.1", package=known).result["package"] == known
    changed.reset()
    changed.offer(kind=Kind.CHANGED)
    changed.updates.package("/downloads.wordpress.org/plugin/tiny.1.1.zip")  # somebody else fetched it first
    refused(changed, "action.package_hash", 409, package=known)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Kind.CUT_ZIP, "no package"),
        (Kind.HTML, "no package"),
        (Kind.NO_PLUGIN_FILE, "no package"),
        (Kind.CUT_DOWNLOAD, "could not be fetched"),
        (Kind.MISSING, "could not be fetched"),
    ],
)
def test_what_is_no_package_leaves_the_old_version(changed: Changed, kind: Kind, word: str) -> None:
    changed.offer(kind=kind)
    assert word in refused(changed, "action.download", 502)


@pytest.mark.req("N20")
def test_a_disk_that_fills_up_while_unpacking_leaves_the_old_version(changed: Changed) -> None:
    changed.offer(package=zipped({**plugin_files("tiny", "1.1"), "tiny/vast.bin": os.urandom(6 * 2**20)}))
    snapshot, room = changed.snapshot(TINY), changed.site.content / "upgrade"
    room.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(room)], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        assert refused(changed, "action.files", 409, snapshot=snapshot) == "disk"
    finally:
        subprocess.run(["umount", str(room)], check=True)


def test_an_expected_hash_does_not_hide_that_the_download_was_cut(changed: Changed) -> None:
    hashed = changed.offer(kind=Kind.CUT_DOWNLOAD)
    refused(changed, "action.download", 502, package=hashed)


@pytest.mark.parametrize("header", ["Requires PHP: 99.0", "Requires at least: 99.0"])
def test_a_package_that_asks_for_newer_software_than_its_offer_said_is_refused(changed: Changed, header: str) -> None:
    files = plugin_files("tiny", "1.1")
    main = str(files["tiny/tiny.php"]).replace("Requires PHP: 7.4", "").replace("Requires at least: 6.2", "")
    files["tiny/tiny.php"] = main.replace("Version:", header + "\nVersion:")
    changed.offer(package=zipped(files))
    refused(changed, "action.requires", 409)


def test_members_that_climb_out_of_their_folder_are_not_written(changed: Changed) -> None:
    changed.offer(kind=Kind.ZIP_SLIP)
    assert changed.update(TINY, "1.1").status == 200
    assert [at for at, _, names in os.walk(changed.site.root.parent) if SLIPPED in names] == []


def test_a_link_in_a_package_leads_nowhere(changed: Changed) -> None:
    changed.offer(kind=Kind.SYMLINK)
    assert changed.update(TINY, "1.1").status == 200
    assert not (changed.site.content / "plugins" / "tiny" / "link.txt").is_symlink()


def test_a_redirected_package_is_hashed_where_it_ends(changed: Changed) -> None:
    changed.offer(kind=Kind.REDIRECT)
    bytes_sent = changed.updates.package("/downloads.wordpress.org/plugin/tiny.1.1.zip.moved")
    assert bytes_sent is not None
    assert changed.update(TINY, "1.1", package=hashlib.sha256(bytes_sent[1]).hexdigest()).status == 200


@pytest.mark.req("N13")
def test_a_package_without_the_plugins_own_file_is_taken_back(changed: Changed) -> None:
    files = {path.replace("tiny.php", "other.php"): text for path, text in plugin_files("tiny", "1.1").items()}
    changed.offer(package=zipped(files))
    there = changed.on_disk("plugins/tiny")
    answer = changed.update(TINY, "1.1")
    assert (answer.code, answer.status) == ("action.not_kept", 409)
    assert changed.on_disk("plugins/tiny") == there
    assert changed.served() == "1.0"
    assert changed.clean()
    state = changed.state()
    assert state is not None
    assert (state["id"], state["state"]) == (changed.changes[-1], "restored")


def test_a_package_of_another_version_than_offered_is_taken_back(changed: Changed) -> None:
    changed.offer(package=zipped(plugin_files("tiny", "1.2")))
    assert changed.update(TINY, "1.1").code == "action.not_kept"
    assert changed.served() == "1.0"
    assert changed.before(TINY) == {"active": True, "version": "1.0"}


def test_licence_keys_in_addresses_do_not_leave_the_site(changed: Changed) -> None:
    changed.offer()
    package = f"{changed.updates.url}/downloads.wordpress.org/plugin/tiny.1.1.zip?licence=secret-key"
    changed.neighbour(offer={"package": package.replace(changed.updates.url, "https://user:secret-name@api.wordpress.org/..")})
    changed.site.php("wp_update_plugins();")
    assert changed.inventory()["update:plugin:tiny/tiny.php"]["url"] == ""
    answer = changed.update(TINY, "1.1")
    assert "secret" not in json.dumps(answer.json)
