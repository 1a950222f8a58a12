"""Every site of a fleet is asked, then with one of them hanging and one dying; every site is updated. The rigs and their limits are `bench.many`'s.

A hanging site is one whose PHP sleeps, a dying one has a plugin that ends every request with a fatal error: both real, both on the server of the others.
"""

from __future__ import annotations

import asyncio
import http.client
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from bench.many import Office, Rig, office, sizes
from presswarden.approvals import consent
from presswarden.approvals import service as approvals
from presswarden.approvals.model import AtTerminal
from presswarden.audit.model import Actor
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import CorrelationId, ProposalId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.batches import service as batches
from presswarden.mailbox.batches.model import Part
from presswarden.mailbox.model import RequestState
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Item, Source
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change, Result
from presswarden.sites import service as sites

PLUGIN = "plugin:good/good.php"
INVENTORY, HEALTH = "wp.site.inventory", "wp.site.health"
HANGS = "<?php\n/* Plugin Name: Good */\nif ( 'cli' !== PHP_SAPI ) { sleep( 45 ); }\n"
DIES = "<?php\n/* Plugin Name: Good */\nif ( 'cli' !== PHP_SAPI ) { throw new Error( 'This site is broken.' ); }\n"
PATIENCE = 1_800.0
"""Seconds for all the updates together; whoever is not done then is told as such."""


async def asked(here: Office, rig: Rig, tool: str, *, without: Sequence[int] = ()) -> tuple[dict[str, float], list[Part]]:
    """A read of every site, as one job, until all but `without` have settled; and how those stand then."""
    async with here.database.transaction(here.org) as tx:
        known = {site.label: site.id for site in await sites.list_sites(tx)}
        left = {known[rig.label(number)] for number in without}
        began, at = time.monotonic(), here.clock.now()
        job = await batches.read_many(tx, list(known.values()), tool, by=here.owner, now=at)
    await here.wake.ring(mailbox.DISPATCH)
    while True:
        async with here.database.reading(here.org) as tx:
            parts = await batches.parts(tx, job)
        others, bad = [one for one in parts if one.site not in left], [one for one in parts if one.site in left]
        if all(one.settled for one in others):
            break
        if time.monotonic() - began > 600:
            raise RuntimeError(f"{sum(not one.settled for one in others)} sites never settled")
        await asyncio.sleep(0.1)
    seconds = time.monotonic() - began
    wrong = [one for one in others if one.state is not RequestState.DONE]
    if wrong:
        raise RuntimeError(f"{len(wrong)} sites did not answer, such as {wrong[0]}; the figure would be worth nothing")
    took = sorted((one.settled_at - at).total_seconds() for one in others if one.settled_at is not None)
    return {"sites": len(others), "seconds": seconds, "p50": statistics.median(took), "p95": took[int(len(took) * 0.95) - 1]}, bad


async def reading(rig: Rig) -> dict[str, float]:
    async with office(rig.control.home) as here:
        await asked(here, rig, INVENTORY)  # fills caches
        rig.outward.kept.clear()
        control, php = rig.cpu()
        found, _ = await asked(here, rig, INVENTORY)
        control_after, php_after = rig.cpu()
    calls = [one for one in rig.outward.kept if b"/presswarden/v1/call" in one.there.partition(b"\r\n")[0]]
    return {
        **found,
        "control_cpu_ms": (control_after - control) / rig.count * 1000,
        "php_cpu_ms": (php_after - php) / rig.count * 1000,
        **sizes(calls),
    }


async def reading_beside_bad_ones(rig: Rig) -> dict[str, float | str]:
    """The same with a hanging and a dying site among them: what the others notice, and what is said of the two."""
    hanging, dying = rig.count - 2, rig.count - 1
    files = {number: rig.fleet.site(number).content / "plugins" / "good" / "good.php" for number in (hanging, dying)}
    kept = {number: file.read_bytes() for number, file in files.items()}
    try:
        for number, text in ((hanging, HANGS), (dying, DIES)):
            files[number].write_text(text)
        await asyncio.to_thread(_until_bad, rig, hanging, dying)
        async with office(rig.control.home) as here:
            alone, _ = await asked(here, rig, INVENTORY, without=(hanging, dying))
            told = await _told(here, rig, (hanging, dying))
    finally:
        for number, file in files.items():
            file.write_bytes(kept[number])
    await asyncio.to_thread(_until_good, rig, hanging, dying)
    return {**alone, "hanging": told[0], "dying": told[1]}


def _front(rig: Rig, number: int, seconds: float) -> int:
    """The status of a site's front page; 0 when it does not answer within `seconds`."""
    connection = http.client.HTTPConnection("127.0.0.1", rig.fleet.port, timeout=seconds)
    try:
        connection.request("GET", f"/{rig.label(number)}/")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _until_bad(rig: Rig, hanging: int, dying: int) -> None:
    """PHP looks at a file it has compiled only every two seconds."""
    _until(lambda: _front(rig, hanging, 5) == 0 and _front(rig, dying, 30) == 500)


def _until_good(rig: Rig, *numbers: int) -> None:
    _until(lambda: all(_front(rig, number, 60) in {200, 301} for number in numbers))


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("a site did not become what it was to be")
        time.sleep(0.5)


async def _told(here: Office, rig: Rig, numbers: tuple[int, int]) -> list[str]:
    """What is said of the two, half a minute after all others have answered at the latest."""
    for _ in range(150):
        async with here.database.reading(here.org) as tx:
            (newest, *_) = await batches.batches(tx)
            parts = {one.site: one for one in await batches.parts(tx, newest.id)}
            found = [parts[(await sites.find_site(tx, rig.label(number))).id] for number in numbers]
        if all(one.settled for one in found):
            break
        await asyncio.sleep(0.2)
    return [_says(one, newest.at) for one in found]


def _says(part: Part, asked_at: datetime) -> str:
    return (
        "still asked"
        if part.settled_at is None
        else f"{part.state} after {(part.settled_at - asked_at).total_seconds():.0f} s: {part.says}"
    )


async def updating(rig: Rig) -> dict[str, float]:
    """Every site's plugin from 1.0 to 1.1, each planned, approved by the owner, snapshotted, carried out, looked at and closed."""
    rig.updates.offer("good", "1.1")
    await asyncio.to_thread(rig.all_at, "look", 5)
    async with office(rig.control.home) as here:
        await asked(here, rig, HEALTH)
        filed = [await _file(here, rig, number) for number in range(rig.count)]
        rig.outward.kept.clear()
        (control, php), began = rig.cpu(), time.monotonic()
        for proposal in filed:
            await _approve(here, proposal)
        ended = await _ended(here, filed, began)
        seconds, (control_after, php_after) = time.monotonic() - began, rig.cpu()
    passed = sum(len(one.there) + len(one.back) for one in rig.outward.kept)
    done = sum(each is not None and each.result is Result.SUCCEEDED for each in ended)
    others = {
        f"{each.result} {each.code}: {each.says}" if each else "not ended"
        for each in ended
        if not (each and each.result is Result.SUCCEEDED)
    }
    if others:
        print(f"  not all succeeded: {', '.join(sorted(others))}", flush=True)
    return {
        "seconds": seconds,
        "succeeded": done,
        "control_cpu_ms": (control_after - control) / rig.count * 1000,
        "php_cpu_ms": (php_after - php) / rig.count * 1000,
        "kb": passed / rig.count / 1024,
        "requests": len(rig.outward.kept) / rig.count,
    }


async def _file(here: Office, rig: Rig, number: int) -> ProposalId:
    async with here.database.transaction(here.org) as tx:
        site = await sites.find_site(tx, rig.label(number))
        if site.installation is None:
            raise RuntimeError("the site is not paired")
        before: dict[str, Json] = {"active": True, "version": "1.0"}
        item = Item(site.id, site.installation, site.home, "wp.plugin.update", PLUGIN, "1.1", before, rig.updates.sha256("good"))
        draft = Draft(Source.PERSON, Actor("person", here.asker), "Update good to 1.1", (item,), (), None)
        filed, _ = await approvals.submit(tx, draft, correlation=CorrelationId(new_id()), now=here.clock.now())
    return filed.id


async def _approve(here: Office, wanted: ProposalId) -> None:
    async with here.database.transaction(here.org) as tx:
        filed = await proposals.proposal(tx, wanted)
        seen = AtTerminal(local=True, tty=True, typed=consent.typed_confirmation(filed))
        await consent.say_yes(
            tx, wanted, here.owner, digest=filed.plan.digest, evidence=seen, release=rollouts.release, now=here.clock.now()
        )
    await here.wake.ring(mailbox.DISPATCH)


async def _ended(here: Office, filed: list[ProposalId], began: float) -> list[Change | None]:
    found: dict[ProposalId, Change | None] = dict.fromkeys(filed)
    while time.monotonic() - began < PATIENCE:
        async with here.database.reading(here.org) as tx:
            for proposal in [one for one, change in found.items() if change is None]:
                changes = await rollouts.changes(tx, proposal=proposal)
                if changes and changes[0].result is not None:
                    found[proposal] = changes[0]
        if all(found.values()):
            break
        await asyncio.sleep(0.2)
    return list(found.values())
