"""What a snapshot costs a real WordPress: how fast a component's files and a database are packed, proved and put back, and how much memory that takes.

All by signed calls over PHP's built-in server with a memory limit of 64 MB, as a control plane makes them; a call's way there is part of the time.
A rate is plain bytes by seconds on the wall. Peak memory is what PHP itself says at the end of each call, the highest of all.
Limits: sizes that fit the five minutes of `python -m bench`; rates are this machine's, and what was just written is read from its page cache.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.figures import Bar, Figure
from lab.packages import write_plugin
from lab.site import Lab, Site
from tests.connector.peer import Peer
from tests.connector.plans import Plan, Planned
from tests.connector.wire import Answer, Installation, Message, send

CONNECTOR = Path(__file__).parents[1] / "connector"
LIMITS = {"PRESSWARDEN_LIMIT_ADDRESS": 100000, "PRESSWARDEN_LIMIT_INSTALLATION": 100000}
MEMORY = 64
BAR = Bar(1.0, at_most=True)
FILES = 100_000_000
ROWS = 1000
ROW_BYTES = 96_000
STEPS = 100
SLOW = httpx.Timeout(200.0)
COMPONENT = "plugin:bench/bench.php"
PEAK = """<?php
ini_set( 'memory_limit', '64M' );
if ( 'cli' !== PHP_SAPI ) {
	register_shutdown_function( static function () { file_put_contents( '%s', memory_get_peak_usage( true ) . "\\n", FILE_APPEND ); } );
}
"""
FILL = """
$wpdb->query( 'CREATE TABLE wp_bench ( id int NOT NULL PRIMARY KEY, body longtext )' );
for ( $i = 0; $i < (int) $argv[1]; $i += 10 ) {
	$rows = array();
	for ( $j = $i; $j < $i + 10; $j++ ) {
		$rows[] = '(' . $j . ", '" . str_repeat( md5( (string) $j ), (int) $argv[2] / 32 ) . "')";
	}
	$wpdb->query( 'INSERT INTO wp_bench VALUES ' . implode( ',', $rows ) );
}
"""


@dataclass
class Rig:
    """A paired site and the seconds that its calls took."""

    site: Site
    here: Installation
    calls: list[float] = field(default_factory=list)

    def call(self, tool: str, args: dict[str, Any]) -> Answer:
        return self._timed(self.here.message(tool, args))

    def act(self, tool: str, args: dict[str, Any]) -> Answer:
        return self._timed(self.here.planned(Plan(self.here.home, (Planned(tool, args),))))

    def _timed(self, message: Message) -> Answer:
        began = time.perf_counter()
        answer = send(self.site.url, message, timeout=SLOW)
        self.calls.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"the site refused: {answer.body[:300]!r}; the figure would be worth nothing")
        return answer

    def in_steps(self, tool: str, args: dict[str, Any], seconds: int) -> dict[str, Any]:
        step = 0
        for _ in range(STEPS):
            result = self.call(tool, {**args, "seconds": seconds, "step": step}).result
            if result["done"]:
                return result
            step = result["next"]
        raise RuntimeError("a snapshot did not come to its end")

    def seconds(self) -> float:
        """Of all calls since this was asked last."""
        total = sum(self.calls)
        self.calls.clear()
        return total


def measure(lab: Lab, database: str) -> Iterator[Figure]:
    site = lab.site(f"bench-{database}", database=database, workers=4, constants=LIMITS)
    peak = site.state / "peak"
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    folder = write_plugin(site.state / "made", "bench", "1.0")
    for number in range(50):
        (folder / f"{number}.bin").write_bytes(uuid.uuid4().bytes * (FILES // 50 // 16))
    site.install_plugin(folder)
    with Peer() as peer:
        done = site.wp("presswarden", "pair", peer.offer().text, "--wait=20")
        if done.code != 0:
            raise RuntimeError(f"the site did not pair: {done.stderr or done.stdout} {peer.problems}")
        (site.content / "mu-plugins" / "bench-peak.php").write_text(PEAK % peak)
        rig = Rig(site, next(iter(peer.sites.values())))
        if database == "sqlite":
            yield from _round(rig, "files", 10)
        site.php(FILL, str(ROWS), str(ROW_BYTES))
        yield from _round(rig, database, 25)
    highest = max(map(int, peak.read_text().split())) / 1048576
    yield Figure(f"peak memory of snapshots, {database}", f"{highest:.0f} MiB of {MEMORY} MiB", highest / MEMORY, BAR)
    site.delete()


def _round(rig: Rig, what: str, seconds: int) -> Iterator[Figure]:
    """Made, proved, put back."""
    name, with_database = str(uuid.uuid4()), what != "files"
    made = rig.in_steps("wp.snapshot.create", {"component": COMPONENT, "database": with_database, "snapshot": name}, seconds)
    count, longest = len(rig.calls), max(rig.calls)
    yield _rate(f"snapshot made, {what}", made["bytes"], rig.seconds(), f", {count} calls, the longest {longest:.1f} s")
    if not rig.in_steps("wp.snapshot.verify", {"snapshot": name}, seconds)["verified"]:
        raise RuntimeError("a snapshot did not verify; the figure would be worth nothing")
    yield _rate(f"snapshot proved, {what}", made["bytes"], rig.seconds())
    rig.act("wp.snapshot.restore", {"change": "", "scope": "database" if with_database else "files", "snapshot": name})
    restored = made["bytes"] - (FILES if with_database else 0)
    yield _rate(f"snapshot put back, {what}", restored, rig.seconds())


def _rate(name: str, plain: int, seconds: float, more: str = "") -> Figure:
    return Figure(name, f"{plain / 1e6 / seconds:.0f} MB/s ({plain / 1e6:.0f} MB in {seconds:.1f} s{more})")
