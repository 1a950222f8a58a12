"""So many real WordPress sites and one `presswarden serve`: what a heartbeat, a read of all, an update of all and the record of it cost.

The sites share one WordPress tree, its opcache and one PHP server (`lab.fleet`); database, keys, connector state and the plugin that is updated are each one's
own. Two relays count every byte between them and the control plane. Times are wall time of the whole turn, CPU is the kernel's count of the control plane's
and of PHP's processes. Limits: sites, control plane, package server and relays share this machine, so each time is an upper bound; SQLite on both sides.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.relay import Exchange, Relay
from lab.demo.control import Control
from lab.fleet import Fleet
from lab.packages import write_plugin
from lab.site import Lab
from lab.updates import UpdateServer
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId
from presswarden.kernel.wake import PipeWake
from presswarden.sites import service as sites
from presswarden.sites.model import NoControlKey

CONNECTOR = Path(__file__).parents[1] / "connector"
WORKERS = 10
AT_ONCE = 8  # sites that do something by themselves at the same moment
ROUTES = """<?php
add_action(
	'rest_api_init',
	static function () {
		$open = array( 'methods' => 'POST', 'permission_callback' => '__return_true' );
		$beat = static function () { do_action( 'presswarden_heartbeat' ); return array(); };
		$look = static function () {
			delete_site_transient( 'update_plugins' );
			wp_update_plugins();
			do_action( 'presswarden_heartbeat' );
			$found = get_site_transient( 'update_plugins' );
			return isset( $found->response['good/good.php'] ) ? array() : array( 'not offered' ); // WordPress waits three seconds for that answer
		};
		register_rest_route( 'bench/v1', '/beat', $open + array( 'callback' => $beat ) );
		register_rest_route( 'bench/v1', '/look', $open + array( 'callback' => $look ) );
	}
);
"""


class Behind(Control):
    """A control plane whose public address is a relay's, which names each caller as a proxy does."""

    def __init__(self, home: Path, public: str, updates: UpdateServer) -> None:
        hosts = f"downloads.wordpress.org={updates.url}/downloads.wordpress.org"
        super().__init__(
            home,
            {
                "PRESSWARDEN_URL": public,
                "PRESSWARDEN_HEALTH_SECONDS": "1",
                "PRESSWARDEN_PACKAGE_HOSTS": hosts,
                "PRESSWARDEN_TRUSTED_PROXIES": "127.0.0.1",
            },
        )


@dataclass
class Rig:
    """Paired sites, their control plane, and the wires between."""

    fleet: Fleet
    control: Behind
    serving: int
    """The control plane's process."""
    inward: Relay
    outward: Relay
    updates: UpdateServer

    @property
    def count(self) -> int:
        return len(self.fleet.sites)

    def label(self, number: int) -> str:
        return self.fleet.site(number).name

    def post(self, number: int, route: str, seconds: float = 120) -> None:
        """To a site's own route, past the relay."""
        connection = http.client.HTTPConnection("127.0.0.1", self.fleet.port, timeout=seconds)
        try:
            connection.request("POST", f"/{self.label(number)}/wp-json/bench/v1/{route}", b"")
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status != 200 or said != b"[]":
            raise RuntimeError(f"{self.label(number)} answered {answer.status} to {route}: {said[:300]!r}")

    def all_at(self, route: str, tries: int = 1) -> None:
        """Every site does it, so many at once."""

        def persist(number: int) -> None:
            for left in reversed(range(tries)):
                try:
                    self.post(number, route)
                except RuntimeError:
                    if not left:
                        raise
                else:
                    break

        with ThreadPoolExecutor(AT_ONCE) as hands:
            list(hands.map(persist, range(self.count)))

    def cpu(self) -> tuple[float, float]:
        """Seconds that the control plane and PHP have used."""
        return _cpu(self.serving), sum(map(_cpu, self._php()))

    def memory(self) -> dict[str, float]:
        """MB: the control plane now and at its most; PHP's processes together, what they share counted once."""
        status = Path(f"/proc/{self.serving}/status").read_text()
        now, most = (_kilobytes(status, name) / 1024 for name in ("VmRSS", "VmHWM"))
        shares = (_kilobytes(Path(f"/proc/{pid}/smaps_rollup").read_text(), "Pss") for pid in self._php())
        return {"control": now, "control_most": most, "php": sum(shares) / 1024}

    def _php(self) -> list[int]:
        told = subprocess.run(["pgrep", "-g", str(self.fleet.pid)], capture_output=True, text=True, check=True)
        return [int(line) for line in told.stdout.split()]


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _kilobytes(text: str, name: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:"))


@dataclass(frozen=True)
class Office:
    """The owner, an operator, and the tables that they and the control plane share."""

    database: Database
    wake: PipeWake
    org: OrgId
    asker: PersonId
    owner: PersonId
    clock: SystemClock


@asynccontextmanager
async def office(home: Path) -> AsyncIterator[Office]:
    database, clock = Database(f"sqlite:///{home / 'presswarden.sqlite'}"), SystemClock()
    try:
        async with database.reading(EVERYONE) as tx:
            org = (await identity.default_organisation(EVERYONE, tx)).id
        async with database.transaction(org) as tx:
            owner = await identity.owner(tx)
            known = [one for one in await identity.people(tx) if one.mail == "otto@example.org"]
            asker = known[0] if known else await identity.add_person(
                tx, name="Otto", mail="otto@example.org", grant=Grant(Role.OPERATOR), by=owner.id, now=clock.now()
            )  # fmt: skip
        yield Office(database, PipeWake(home / "wake"), org, asker.id, owner.id, clock)
    finally:
        await database.dispose()


@contextmanager
def paired(count: int, say: Callable[[str], None]) -> Iterator[tuple[Rig, dict[str, float]]]:
    """So many sites, each paired, with the seconds that took."""
    with (
        tempfile.TemporaryDirectory(prefix="presswarden-figures-") as made,
        Lab() as lab,
        UpdateServer.start() as updates,
        Relay(names_callers=True) as inward,
        Relay() as outward,
    ):
        folder, began = Path(made), time.monotonic()
        connector = folder / "presswarden-connector"
        shutil.copytree(CONNECTOR, connector, ignore=shutil.ignore_patterns("tests"))
        good = write_plugin(folder / "plugins", "good", "1.0")
        fleet = lab.fleet(count, plugins=(connector, good), workers=WORKERS, front=int(outward.url.rpartition(":")[2]))
        outward.target = fleet.port
        (fleet.home / "shared" / "mu-plugins" / "bench-routes.php").write_text(ROUTES)
        for site in fleet.sites:
            site.install_plugin(good, activate=False)  # its own copy, which can be updated
            site.use_updates(updates.url)
        founded = time.monotonic() - began
        say(f"{count} sites made in {founded:.0f} s")
        control = Behind(folder / "home", inward.url, updates)
        inward.target = int(control.url.rpartition(":")[2])
        try:
            serving, began = control.start(), time.monotonic()
            asyncio.run(_pair(control, inward.url, fleet))
            seconds = time.monotonic() - began
            say(f"paired in {seconds:.0f} s")
            yield Rig(fleet, control, serving, inward, outward, updates), {"founded": founded, "paired": seconds}
        finally:
            control.stop()


async def _pair(control: Behind, url: str, fleet: Fleet) -> None:
    """A string for each, typed at each site's own command line."""
    room = asyncio.Semaphore(AT_ONCE // 2)
    async with office(control.home) as here:

        async def one(number: int) -> None:
            async with room:
                text = await _string(here, url, fleet.site(number).name)
                done = await asyncio.to_thread(fleet.site(number).wp, "presswarden", "pair", text, "--wait=60")
                if done.code != 0:
                    raise RuntimeError(f"site {number} did not pair: {done.stderr or done.stdout} {control.log()}")

        await asyncio.gather(*(one(number) for number in range(len(fleet.sites))))


async def _string(here: Office, url: str, label: str) -> str:
    """Once the dispatcher has made a key for it: it keeps a few ahead."""
    for _ in range(600):
        try:
            async with here.database.transaction(here.org) as tx:
                text, _, _ = await sites.begin_pairing(tx, home_label=label, control_url=url, requested_by=here.owner, now=here.clock.now())
        except NoControlKey:
            await asyncio.sleep(0.2)
        else:
            return str(text)
    raise RuntimeError("no control key was made")


def sizes(kept: Sequence[Exchange]) -> dict[str, float]:
    """Bytes of exchanges: the middle one there and back, all of it and without HTTP's own lines; and the largest of what was said, both ways together."""
    if not kept:
        raise RuntimeError("nothing passed; the figure would be worth nothing")
    said = [[len(way.partition(b"\r\n\r\n")[2]) for way in (one.there, one.back)] for one in kept]
    return {
        "there": statistics.median(len(one.there) for one in kept),
        "back": statistics.median(len(one.back) for one in kept),
        "said_there": statistics.median(there for there, _ in said),
        "said_back": statistics.median(back for _, back in said),
        "most_said": max(map(sum, said)),
    }


def heartbeats(rig: Rig) -> dict[str, float]:
    """Every site tells once that nothing changed, and is given its standing order."""
    for turn in range(40):  # the whole inventory, whatever that moved, then until the dispatcher has signed an order for each
        rig.inward.kept.clear()
        rig.all_at("beat")
        if turn and not any(b'"order":""' in one.back or b'"inventory":' in one.there for one in rig.inward.kept):
            break
        time.sleep(1)
    rig.inward.kept.clear()
    (control, php), began = rig.cpu(), time.monotonic()
    rig.all_at("beat")
    seconds, (control_after, php_after) = time.monotonic() - began, rig.cpu()
    sent = [one for one in rig.inward.kept if b"/ingest/v1/heartbeat" in one.there.partition(b"\r\n")[0]]
    if len(sent) != rig.count or any(b" 200 " not in one.back.partition(b"\r\n")[0] or b'"inventory":' in one.there for one in sent):
        raise RuntimeError(
            f"not every heartbeat was one short message: {[bytes(one.there + one.back)[:400] for one in sent[:2]]} of {len(sent)}"
        )
    return {
        "seconds": seconds,
        "control_cpu_ms": (control_after - control) / rig.count * 1000,
        "php_cpu_ms": (php_after - php) / rig.count * 1000,
        **sizes(sent),
    }


def recorded(rig: Rig) -> dict[str, float]:
    """What the record holds when all was placed, what verifying it takes, and what the database weighs."""
    began = time.monotonic()
    waiting = "SELECT count(*) FROM audit_queue"
    while _count(rig.control.home, waiting):
        if time.monotonic() - began > 300:
            raise RuntimeError("the janitor did not place every entry")
        time.sleep(0.1)
    placed = time.monotonic() - began
    entries = _count(rig.control.home, "SELECT count(*) FROM audit_leaves")
    began = time.monotonic()
    rig.control.run("audit", "verify")
    verified = time.monotonic() - began
    size = (rig.control.home / "presswarden.sqlite").stat().st_size
    return {"entries": entries, "placed_after": placed, "verify_seconds": verified, "database_mb": size / 2**20}


def _count(home: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"file:{home / 'presswarden.sqlite'}?mode=ro", uri=True)) as database:
        return int(database.execute(sql).fetchone()[0])
