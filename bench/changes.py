"""The way of an approved change on three real WordPress sites: sagas a second, and how long after the last yes a site gets its first byte.

The control plane is the installed `presswarden serve` on SQLite; this process files and approves as two people do. Each site updates a plugin twice: one site
after the other, for the first byte, then all three at once, for the rate. The three looks after a change take one second together, the least that can
be set. Limits: control plane, sites and package server share this machine, so both figures are lower bounds.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from lab.demo.control import Control
from lab.packages import write_plugin
from lab.site import Lab, Site
from lab.updates import UpdateServer
from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import AtTerminal
from presswarden.audit.model import Actor
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, OrgId, PersonId, ProposalId, new_id
from presswarden.kernel.wake import PipeWake
from presswarden.mailbox import service as mailbox
from presswarden.proposals.model import Draft, Item, Proposal, Source
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Result
from presswarden.sites import service as sites

CONNECTOR = Path(__file__).parents[1] / "connector"
LIMITS = {"PRESSWARDEN_LIMIT_ADDRESS": 100000, "PRESSWARDEN_LIMIT_INSTALLATION": 100000}
SITES = 3
PLUGIN = "plugin:good/good.php"
SECONDS = 120.0
HEARD = """<?php
if ( 'cli' !== PHP_SAPI && 'Presswarden' === ( $_SERVER['HTTP_USER_AGENT'] ?? '' ) ) {
	file_put_contents( '%s', $_SERVER['REQUEST_TIME_FLOAT'] . "\\n", FILE_APPEND );
}
"""


@dataclass(frozen=True)
class Office:
    """Two people, and the tables that they and the control plane share."""

    database: Database
    wake: PipeWake
    org: OrgId
    asker: PersonId
    approver: PersonId
    clock: SystemClock


def measure(lab: Lab) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="presswarden-bench-") as folder, UpdateServer.start() as updates:
        made = [_site(lab, number, updates) for number in range(SITES)]
        with _control(Path(folder) / "home", updates) as control:
            for number, site in enumerate(made):
                _pair(control, site, f"shop{number}")
            yield from asyncio.run(_both_ways(control, updates, made))
        for site in made:
            site.delete()


def _site(lab: Lab, number: int, updates: UpdateServer) -> Site:
    site = lab.site(f"saga-{number}", workers=4, constants=LIMITS)
    site.install_plugin(CONNECTOR, folder="presswarden-connector")
    site.install_plugin(write_plugin(site.state / "made", "good", "1.0"))
    site.use_updates(updates.url)
    (site.content / "mu-plugins" / "bench-heard.php").write_text(HEARD % _heard(site))
    return site


def _heard(site: Site) -> Path:
    return site.state / "heard"


@contextmanager
def _control(home: Path, updates: UpdateServer) -> Iterator[Control]:
    hosts = f"downloads.wordpress.org={updates.url}/downloads.wordpress.org"
    control = Control(home, {"PRESSWARDEN_HEALTH_SECONDS": "1", "PRESSWARDEN_PACKAGE_HOSTS": hosts})
    try:
        control.start()
        yield control
    finally:
        control.stop()


def _pair(control: Control, site: Site, label: str) -> None:
    text = control.ask("site", "pair", label, "--no-wait")["pairing"]
    done = site.wp("presswarden", "pair", text, "--wait=30")
    if done.code != 0:
        raise RuntimeError(f"the site did not pair: {done.stderr or done.stdout}")


async def _both_ways(control: Control, updates: UpdateServer, made: list[Site]) -> list[Figure]:
    database = Database(f"sqlite:///{control.home / 'presswarden.sqlite'}")
    try:
        office = await _open(control, database)
        _offer(control, updates, made, "1.1")
        firsts = [await _first_byte(office, site, await _file(office, number, "1.0", "1.1", updates)) for number, site in enumerate(made)]
        _offer(control, updates, made, "1.2")
        filed = [await _file(office, number, "1.1", "1.2", updates) for number in range(SITES)]
        began = time.perf_counter()
        for one in filed:
            await _approve(office, one)
        for one in filed:
            await _done(office, one.id)
        seconds = time.perf_counter() - began
    finally:
        await database.dispose()
    usual, worst = statistics.median(firsts) * 1000, max(firsts) * 1000
    return [
        Figure("saga on three real sites", f"{SITES / seconds:.2f} sagas/s ({SITES} sites at once, {seconds:.1f} s)"),
        Figure("approve -> first byte at a real site", f"p50 {usual:.0f} ms, longest of {SITES} {worst:.0f} ms"),
    ]


async def _open(control: Control, database: Database) -> Office:
    clock = SystemClock()
    async with database.reading(EVERYONE) as tx:
        org = (await identity.default_organisation(EVERYONE, tx)).id
    async with database.transaction(org) as tx:
        owner = await identity.owner(tx)
        asker = await identity.add_person(
            tx, name="Otto", mail="otto@example.org", grant=Grant(Role.OPERATOR), by=owner.id, now=clock.now()
        )
    return Office(database, PipeWake(control.home / "wake"), org, asker.id, owner.id, clock)


def _offer(control: Control, updates: UpdateServer, made: list[Site], version: str) -> None:
    """Each site learns of the version, says so, and is looked at: what the policy asks for."""
    updates.offer("good", version)
    for number, site in enumerate(made):
        site.php("delete_site_transient('update_plugins'); wp_update_plugins();")
        done = site.wp("presswarden", "heartbeat")
        if done.code != 0:
            raise RuntimeError(f"the heartbeat was refused: {done.stderr or done.stdout}")
        control.run("site", "read", f"shop{number}", "wp.site.health")


async def _file(office: Office, number: int, was: str, version: str, updates: UpdateServer) -> Proposal:
    async with office.database.transaction(office.org) as tx:
        site = await sites.find_site(tx, f"shop{number}")
        if site.installation is None:
            raise RuntimeError("the site is not paired")
        before: dict[str, Json] = {"active": True, "version": was}
        item = Item(site.id, site.installation, site.home, "wp.plugin.update", PLUGIN, version, before, updates.sha256("good"))
        draft = Draft(Source.PERSON, Actor("person", office.asker), f"Update good to {version}", (item,), (), None)
        filed, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=office.clock.now())
    return filed


async def _approve(office: Office, filed: Proposal) -> None:
    async with office.database.transaction(office.org) as tx:
        seen = AtTerminal(local=True, tty=True, typed=consent.typed_confirmation(filed))
        await consent.say_yes(
            tx, filed.id, office.approver, digest=filed.plan.digest, evidence=seen, release=rollouts.release, now=office.clock.now()
        )
    await office.wake.ring(mailbox.DISPATCH)


async def _first_byte(office: Office, site: Site, filed: Proposal) -> float:
    """Seconds from the last yes to the first request, by the site's own clock, which is this machine's."""
    _heard(site).unlink(missing_ok=True)
    began = time.time()
    await _approve(office, filed)
    await _done(office, filed.id)
    return min(float(line) for line in _heard(site).read_text().split()) - began


async def _done(office: Office, proposal: ProposalId) -> None:
    for _ in range(int(SECONDS / 0.05)):
        async with office.database.reading(office.org) as tx:
            (change,) = await rollouts.changes(tx, proposal=proposal)
        if change.result is not None:
            break
        await asyncio.sleep(0.05)
    if change.result is not Result.SUCCEEDED:
        raise RuntimeError(f"a change came to {change.result}: {change.code} {change.says}")
