"""What the connector costs a real WordPress, in CPU time: a signed read against a bare no-op REST route, a visitor's page and a REST request with and
without it, a heartbeat.

All run in one server process, turn by turn. For a request that says so in a header, a must-use plugin of this file leaves the connector out: that is the
baseline, a WordPress without us, in the same process and on the same database. CPU is what the kernel's own clock of the server process says (the finer
form of /proc/PID/stat), and on MariaDB the database server's is added to it. Claim and receipt are written by every signed read; each is a call of its own.
Limits: PHP's built-in server with opcache, one worker; it hangs up after each answer, so nobody keeps a connection alive.

A signed read leaves WordPress's own REST routes unmade, which the no-op route does not; its cost beside a no-op that does the same is told too.
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Bar, Figure, Turns
from lab.site import Lab, Site
from tests.connector.peer import Peer
from tests.connector.wire import Installation

BAR = Bar(1.15, at_most=True)
CONNECTOR = Path(__file__).parents[1] / "connector"
TURNS = 20
WARM = 2
IN_A_TURN = 2
LIMITS = {"PRESSWARDEN_LIMIT_ADDRESS": 100000, "PRESSWARDEN_LIMIT_INSTALLATION": 100000}
WITHOUT_US = {"X-Bench-Without": "1"}
LEAN = {**WITHOUT_US, "X-Bench-Lean": "1"}
ROUTES = """<?php
if ( isset( $_SERVER['HTTP_X_BENCH_WITHOUT'] ) ) {
	add_filter( 'option_active_plugins', '__return_empty_array' );
}
add_action(
	'rest_api_init',
	static function () {
		if ( isset( $_SERVER['HTTP_X_BENCH_LEAN'] ) ) {
			remove_action( 'rest_api_init', 'create_initial_rest_routes', 99 );
		}
		$open = array( 'methods' => 'POST', 'permission_callback' => '__return_true' );
		register_rest_route( 'bench/v1', '/noop', $open + array( 'callback' => static function () { return array(); } ) );
		register_rest_route(
			'bench/v1',
			'/heartbeat',
			$open + array( 'callback' => static function () { do_action( 'presswarden_heartbeat' ); return array(); } )
		);
	}
);
"""


def cpu(process: int) -> float:
    """Seconds of CPU a process has used, all its threads; the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime((~process << 3) | 2)


@dataclass(frozen=True)
class Rig:
    """A paired site and the processes whose time counts."""

    site: Site
    here: Installation
    peer: Peer
    processes: tuple[int, ...]

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
        """One request, read until the server hangs up: PHP's server does that once everything of the request is over, its shutdown too."""
        lines = {
            "Host": f"127.0.0.1:{self.site.port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in {**lines, **(headers or {})}.items())
        came = b""
        with socket.create_connection(("127.0.0.1", self.site.port), timeout=60) as connection:
            connection.sendall(head.encode() + b"\r\n" + body)
            while some := connection.recv(65536):
                came += some
        answered, _, content = came.partition(b"\r\n\r\n")
        if answered.split(b" ", 2)[1] != b"200":
            raise RuntimeError(f"{path} did not answer: {came[:600]!r}; the figure would be worth nothing")
        return content

    def signed_read(self) -> None:
        message = self.here.message("wp.site.get_environment", {})
        self.ask("POST", "/wp-json/presswarden/v1/call", message.body, message.headers)

    def no_op(self, headers: dict[str, str] | None = None) -> None:
        if self.ask("POST", "/wp-json/bench/v1/noop", headers=headers) != b"[]":
            raise RuntimeError("the no-op route said something")

    def page(self, headers: dict[str, str] | None = None) -> None:
        self.ask("GET", "/", headers=headers)

    def heartbeat(self) -> None:
        before = len(self.peer.heartbeats)
        self.ask("POST", "/wp-json/bench/v1/heartbeat")
        if len(self.peer.heartbeats) != before + 1:
            raise RuntimeError("a heartbeat was not exactly one short message")

    def spent(self) -> float:
        return sum(cpu(process) for process in self.processes)


@contextmanager
def rigged(lab: Lab, database: str) -> Iterator[Rig]:
    """A site of its own, paired with the scripted control plane of the connector's tests."""
    site = lab.site(f"cost-{database}", database=database, workers=1, constants=LIMITS)
    (site.content / "mu-plugins" / "bench-routes.php").write_text(ROUTES)
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    with Peer() as peer:
        offer = peer.offer()
        done = site.wp("presswarden", "pair", offer.text, "--wait=20")
        if done.code != 0 or site.pid is None:
            raise RuntimeError(f"the site did not pair: {done.stderr or done.stdout} {peer.problems}")
        processes = (site.pid,) if database == "sqlite" else (site.pid, lab.mariadb().pid)
        site.wp("presswarden", "heartbeat")  # the first carries the whole inventory; the usual one does not
        yield Rig(site, peer.sites[offer.installation], peer, processes)
    site.delete()


def taken(rig: Rig, requests: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Milliseconds of CPU of one request of each kind in each turn."""
    found: dict[str, list[float]] = {name: [] for name in requests}
    for turn in range(WARM + TURNS):
        for name in requests if turn % 2 else reversed(requests):
            began = rig.spent()
            for _ in range(IN_A_TURN):
                requests[name]()
            found[name].append((rig.spent() - began) / IN_A_TURN * 1000)
    return found


def queries(rig: Rig, ask: Callable[[], None], path: str) -> int:
    """Database queries of one request of a kind, as the lab's oracle counted them; the last of three."""
    rig.site.clear_events()
    for _ in range(3):
        ask()
    told = [event["queries"] for event in rig.site.await_events("request", 3) if event["path"] == path]
    return int(told[-1])


def measure(lab: Lab, database: str) -> list[Figure]:
    with rigged(lab, database) as rig:
        requests: dict[str, Callable[[], None]] = {
            "bare": lambda: rig.no_op(WITHOUT_US),
            "lean": lambda: rig.no_op(LEAN),
            "read": rig.signed_read,
            "with": rig.no_op,
            "beat": rig.heartbeat,
            "page": lambda: rig.page(WITHOUT_US),
            "ours": rig.page,
        }
        found = taken(rig, requests)
        plain = queries(rig, requests["page"], "/")
        ours = queries(rig, requests["ours"], "/")
        call = queries(rig, requests["read"], "/wp-json/presswarden/v1/call")
        route = queries(rig, requests["bare"], "/wp-json/bench/v1/noop")
    return _told(database, found, (plain, ours), (route, call))


def _told(database: str, found: dict[str, list[float]], page: tuple[int, int], rest: tuple[int, int]) -> list[Figure]:
    read = Turns.of(found["bare"], found["read"], warm=WARM)
    lean = Turns.of(found["lean"], found["read"], warm=WARM)
    route = Turns.of(found["bare"], found["with"], warm=WARM)
    visit = Turns.of(found["page"], found["ours"], warm=WARM)
    beat = statistics.median(mine - base for base, mine in zip(found["with"][WARM:], found["beat"][WARM:], strict=True))
    bare, signed = read.usual
    without, with_us = visit.usual
    return [
        Figure(
            f"signed read, {database}",
            f"{signed:.1f} ms CPU, {rest[1]} queries; no-op route {bare:.1f} ms, {rest[0]} queries",
            read.cost,
            BAR,
        ),
        Figure(f"signed read beside a no-op route without WordPress's own, {database}", f"that one {lean.usual[0]:.1f} ms CPU", lean.cost),
        Figure(f"no-op route with the connector active, {database}", f"{route.usual[1]:.1f} ms CPU", route.cost),
        Figure(
            f"visitor's page, {database}",
            f"{with_us:.1f} ms CPU, {page[1]} queries; without the connector {without:.1f} ms, {page[0]} queries",
            visit.cost,
        ),
        Figure(f"queries of a visitor's page, {database}", f"{page[1]} of {page[0]}", page[1] / page[0], Bar(1.0, at_most=True)),
        Figure(f"heartbeat on the site, {database}", f"{beat:.1f} ms CPU every 5 minutes, {beat / 3000:.4f} % of one core"),
    ]
