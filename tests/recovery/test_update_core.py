"""WordPress itself to its next version: real trees, real upgrader, and what is left when it goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from lab import core
from lab.site import Lab
from lab.updates import UpdateServer
from tests.connector.peer import Peer
from tests.recovery.acting import ZERO, Changed, changed_site

pytestmark = [pytest.mark.site, pytest.mark.req("S4")]


@pytest.fixture(scope="module")
def offered(updates: UpdateServer) -> tuple[str, str]:
    """The newest version, offered; and the hash of its zip."""
    newest = core.tree("7.1")
    updates.offer_core(newest.version, newest.path)
    found = updates.package(f"/downloads.wordpress.org/release/wordpress-{newest.version}.zip")
    assert found is not None
    return newest.version, hashlib.sha256(found[1]).hexdigest()


@pytest.fixture(scope="module")
def old(lab: Lab, peer: Peer, updates: UpdateServer) -> Iterator[Changed]:
    found = changed_site(lab, peer, updates, "update-core", version="6.8")
    yield found
    found.site.delete()


def version(changed: Changed) -> str:
    return str(changed.before("core")["version"])


def database(changed: Changed) -> str:
    return changed.site.option("db_version") or ""


def core_files(changed: Changed) -> dict[str, bytes]:
    """The PHP of WordPress itself."""
    root = changed.site.root
    kept = [*root.glob("*.php"), *(path for folder in ("wp-admin", "wp-includes") for path in (root / folder).rglob("*.php"))]
    return {str(path.relative_to(root)): path.read_bytes() for path in kept}


def test_another_wordpress_than_the_plan_names_is_not_unpacked(old: Changed, offered: tuple[str, str]) -> None:
    there = core_files(old)
    assert old.update("core", offered[0], package=ZERO).code == "action.package_hash"
    assert core_files(old) == there
    assert old.clean()
    assert list(old.site.root.glob("presswarden-*.php")) == []


def test_a_wordpress_that_is_not_offered_is_refused(old: Changed, offered: tuple[str, str]) -> None:
    snapshot = old.snapshot("core")
    assert old.update("core", "7.2", snapshot=snapshot).code == "action.offer"
    assert old.update("core", "6.2", snapshot=snapshot).code == "action.downgrade"
    assert old.update("core", offered[0], snapshot=snapshot, before={"version": "6.1"}).code == "action.before"


@pytest.mark.req("W15")
def test_half_a_wordpress_is_taken_back_whole(old: Changed, offered: tuple[str, str]) -> None:
    was, upgraded, there = version(old), database(old), core_files(old)
    old.neighbour(at="_core_updated_successfully", do="delete", path="wp-includes/class-wp-block.php")
    answer = old.update("core", offered[0], package=offered[1])
    assert answer.code == "action.not_kept", answer.body
    old.neighbour()
    assert version(old) == was
    assert core_files(old) == there
    assert database(old) == upgraded
    assert old.clean()
    assert httpx.get(old.site.url + "/", timeout=60).status_code == 200


def test_wordpress_is_updated_with_its_database_and_without_what_it_brings_along(old: Changed, offered: tuple[str, str]) -> None:
    was, upgraded = version(old), database(old)
    beside = sorted(path.name for folder in ("plugins", "themes") for path in (old.site.content / folder).iterdir())
    result = old.update("core", offered[0], package=offered[1]).result
    assert (result["version"], result["was"], result["active"], result["package"]) == (offered[0], was, True, offered[1])
    assert version(old) == offered[0]
    assert int(database(old)) > int(upgraded)
    assert sorted(path.name for folder in ("plugins", "themes") for path in (old.site.content / folder).iterdir()) == beside
    assert old.clean()
    assert httpx.get(old.site.url + "/", timeout=60).status_code == 200
    tree, there = core.tree("7.1").path, core_files(old)
    for path in (path for folder in ("wp-admin", "wp-includes") for path in (tree / folder).rglob("*.php")):
        assert there[str(path.relative_to(tree))] == path.read_bytes()
    assert old.close().status == 200
    assert list(old.site.root.glob("presswarden-*.php")) == []


def test_a_wordpress_with_a_linked_folder_is_not_updated(old: Changed, offered: tuple[str, str]) -> None:
    snapshot = old.snapshot("core")
    place, elsewhere = old.site.root / "wp-admin" / "css", old.site.state / "css"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    answer = old.update("core", "99.0", snapshot=snapshot)
    assert (answer.code, answer.json["says"]) == ("action.files", "link")
