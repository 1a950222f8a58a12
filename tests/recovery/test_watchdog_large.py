"""A large plugin whose new version is fatal, on a host with the usual limits: 128 MB of memory and 30 seconds for a request."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from lab.errors import LabError
from lab.fpm import served_by_fpm
from lab.packages import BODIES, Kind, plugin_files
from lab.site import Site
from tests.recovery.acting import TINY, Changed, copy_theme
from tests.recovery.snapped import digests

pytestmark = [pytest.mark.site, pytest.mark.req("W15")]
FILES, SIZE = 6_700, 15_000
MEMORY, SECONDS = 128 * 2**20, 30
PEAK = """<?php
// An object's end comes after every shutdown function, also after one that ends the request.
$GLOBALS['presswarden_test_peak'] = new class() {
	public function __destruct() {
		file_put_contents( '%s', http_response_code() . ' ' . memory_get_peak_usage( true ) . "\\n", FILE_APPEND );
	}
};
"""


def members(version: str, body: str = "") -> dict[str, bytes]:
    """The plugin with 100 MB of code and pictures that don't pack well."""
    dice = random.Random(version)
    files = {name: text.encode() if isinstance(text, str) else text for name, text in plugin_files("tiny", version, body).items()}
    for number in range(FILES):
        kind = ("php", "png", "js")[number % 3]
        head = b"<?php return;\n__halt_compiler();" if kind == "php" else b""
        files[f"tiny/lib/{number % 50}/{number}.{kind}"] = head + dice.randbytes(SIZE)
    return files


def package(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as box:
        for name, content in files.items():
            box.writestr(name, content)
    return out.getvalue()


@contextmanager
def usual_limits(site: Site) -> Iterator[list[tuple[int, int]]]:
    """Status and peak of memory of each request are in the list when it ends."""
    peak, prepend, peaks = site.state / "peak", site.state / "prepend.php", list[tuple[int, int]]()
    prepend.write_text(PEAK.replace("%s", str(peak)))
    limits = {"memory_limit": "128M", "max_execution_time": str(SECONDS), "auto_prepend_file": str(prepend)}
    try:
        with served_by_fpm(site, terminate_after=SECONDS, settings=limits):
            yield peaks
    except LabError as missing:
        if "is missing" in str(missing):
            pytest.skip(str(missing))
        raise
    for line in peak.read_text().splitlines():
        status, most = line.split()
        peaks.append((int(status), int(most)))


def test_a_fatal_version_of_a_plugin_of_100_mb_is_taken_back_within_the_usual_limits(changed: Changed) -> None:
    room = changed.site.state / "large"
    for name, content in members("1.0").items():
        (room / name).parent.mkdir(parents=True, exist_ok=True)
        (room / name).write_bytes(content)
    copy_theme(room / "tiny", changed.site.content / "plugins" / "tiny")
    there = digests(changed.site.content / "plugins" / "tiny")
    changed.offer(package=package(members("1.1", BODIES[Kind.FATAL])))
    with usual_limits(changed.site) as peaks:
        began = time.monotonic()
        snapshot = changed.snapshot(TINY)
        made = time.monotonic()
        assert changed.update(TINY, "1.1", snapshot=snapshot).result["files"] == len(there)
        updated = time.monotonic()
        met = httpx.get(changed.site.url, timeout=2 * SECONDS)
        restored = time.monotonic()
        assert met.status_code == 503
        assert httpx.get(changed.site.url, timeout=SECONDS).status_code == 200
        assert changed.served() == "1.0"
        found = changed.state()
        assert found is not None
        assert (found["id"], found["state"], found["why"]) == (changed.changes[-1], "restored", "fatal-here")
    assert digests(changed.site.content / "plugins" / "tiny") == there
    most, (healing,) = max(peak for _, peak in peaks), [peak for status, peak in peaks if status == 503]
    print(
        f"\n{len(there)} files, {FILES * SIZE / 1e6:.0f} MB: snapshot {made - began:.1f} s, update {updated - made:.1f} s,"
        f" taken back {restored - updated:.1f} s with a peak of {healing / 2**20:.0f} MiB, peak of all requests {most / 2**20:.0f} MiB"
    )
    assert most < MEMORY
    assert restored - updated < SECONDS
