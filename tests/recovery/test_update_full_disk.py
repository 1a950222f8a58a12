"""A disk that fills up in the middle of an update, for real: the whole content folder on a small file system of its own.

What is unpacked lies on another one, as where a host puts it on a volume for what is temporary: so the new version is copied into its place file by
file, and the disk ends half way through it.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from lab.fpm import served_by_fpm
from lab.packages import plugin_files, write_plugin, zipped
from lab.site import Lab
from lab.updates import UpdateServer
from tests.connector.peer import Peer
from tests.recovery.acting import TINY, Changed, changed_site, copy_theme

pytestmark = [pytest.mark.site, pytest.mark.req("S4", "W15", "N20")]
MIB = 2**20


@pytest.fixture(scope="module", params=["7.1", "6.5"])
def full(request: pytest.FixtureRequest, lab: Lab, peer: Peer, updates: UpdateServer) -> Iterator[Changed]:
    found = changed_site(lab, peer, updates, f"full-{request.param.replace('.', '-')}", version=request.param)
    with small_disk(found.site.content, "160m", keep=True), small_disk(found.site.content / "upgrade", "64m"):
        yield found
        found.site.stop()
    found.site.delete()


@contextmanager
def small_disk(folder: Path, size: str, *, keep: bool = False) -> Iterator[None]:
    """A file system of that size in place of the folder; with `keep` it holds what lay there."""
    folder.mkdir(exist_ok=True)
    aside = folder.with_name(folder.name + "-aside")
    if keep:
        folder.rename(aside)
        folder.mkdir()
    mounted = (
        os.geteuid() == 0 and not subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=False).returncode
    )
    try:
        if not mounted:
            pytest.skip("only root can mount a small disk")
        if keep:
            subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        if keep:
            folder.rmdir()
            aside.rename(folder)


@contextmanager
def room_left(folder: Path, free: int) -> Iterator[None]:
    """The disk of the folder is filled up to that many bytes."""
    filler = folder / "uploads-of-years.bin"
    left = os.statvfs(folder)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left.f_bavail * left.f_bsize - free)
    try:
        yield
    finally:
        filler.unlink()


def install(full: Changed, megabytes: int) -> dict[str, bytes]:
    """`tiny` 1.0 of that size; what stands there then."""
    full.reset()
    room = write_plugin(full.site.state / str(time.monotonic_ns()), "tiny", "1.0")
    for number in range(megabytes):
        (room / f"a{number}.bin").write_bytes(os.urandom(MIB))
    copy_theme(room, full.site.content / "plugins" / "tiny")
    return full.on_disk("plugins/tiny")


def offer(full: Changed, megabytes: int) -> None:
    full.offer(package=zipped({**plugin_files("tiny", "1.1"), **{f"tiny/b{number}.bin": os.urandom(MIB) for number in range(megabytes)}}))


def is_as_before(full: Changed, there: dict[str, bytes], state: str) -> None:
    """The old version whole, on the disk and in what is served; nothing of the update is left."""
    assert full.on_disk("plugins/tiny") == there
    assert full.served() == "1.0"
    assert httpx.get(full.site.url, timeout=60).status_code == 200
    assert full.clean()
    found = full.state()
    assert found is not None
    assert (found["id"] == full.changes[-1], found["state"]) == (state == "restored", state)
    left = [
        path.name for path in (full.site.content / "presswarden-snapshots").iterdir() if path.name.startswith(("stage-", "room", "open"))
    ]
    assert left == []


@pytest.mark.parametrize(("old", "new", "free"), [(1, 12, 6), (8, 40, 24)])
def test_a_disk_that_fills_up_while_files_are_copied_leaves_the_old_version_and_says_so(
    full: Changed, old: int, new: int, free: int
) -> None:
    there = install(full, old)
    offer(full, new)
    snapshot = full.snapshot(TINY)
    with room_left(full.site.content, free * MIB):
        answer = full.update(TINY, "1.1", snapshot=snapshot)
        assert (answer.status, answer.code) == (409, "action.not_kept")
        assert "Could not copy file" in answer.json["says"]
        is_as_before(full, there, "restored")


def test_a_disk_that_is_full_once_the_files_are_there_leaves_the_old_version_and_says_so(full: Changed) -> None:
    there = install(full, 2)
    offer(full, 3)
    snapshot = full.snapshot(TINY)
    full.neighbour(at="upgrader_process_complete", do="fill")
    answer = full.update(TINY, "1.1", snapshot=snapshot)
    filled = full.site.content / "filled.bin"
    try:
        assert (answer.status, answer.code) == (409, "action.not_kept")
        assert "The disk is full" in answer.json["says"]
        is_as_before(full, there, "restored")
    finally:
        filled.unlink()


@pytest.mark.parametrize("says", [True, False])
def test_a_disk_without_room_for_the_way_back_is_refused_before_anything_is_touched(full: Changed, says: bool) -> None:
    """Where the host does not say how much is free, writing tells."""
    there = install(full, 4)
    offer(full, 1)
    snapshot, before = full.snapshot(TINY), full.state()
    off = {} if says else {"disable_functions": "disk_free_space"}
    with served_by_fpm(full.site, settings=off), room_left(full.site.content, 3 * MIB):
        answer = full.update(TINY, "1.1", snapshot=snapshot)
        assert (answer.status, answer.code) == (409, "action.files")
        assert answer.json["says"] == ("disk" if says else "disk: there is no room for the way back.")
        assert full.state() == before
        assert full.on_disk("plugins/tiny") == there
        assert full.served() == "1.0"
