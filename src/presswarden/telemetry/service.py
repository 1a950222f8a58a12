"""Verbs of telemetry: take heartbeats and signed reads in, hand facts out with their age, forget after the retention.

Limits: ingest and dispatch verified signature, sequence, binding and receipt before they call here. What a site says is its word, nothing more: a compromised
site lies, and what matters is seen from outside as well (N6). Visitor data and content never get in (W13).
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import Everyone, InstallationId, OrgId, SiteId, new_id
from presswarden.telemetry import documents, eligible, known, store
from presswarden.telemetry.model import (
    HEARTBEAT_LATE,
    Components,
    Eligibility,
    Facts,
    Heartbeat,
    Inventory,
    LateSite,
    Need,
    Reporter,
    Retention,
    Rules,
    Source,
    Standing,
    inventory_hash,
)
from presswarden.telemetry.offers import service as offers
from presswarden.telemetry.offers.model import Offer
from presswarden.telemetry.roll import service as roll
from presswarden.telemetry.rounds import store as rounds

RETENTION_DAYS = 30
_MOST_NAMED_IN_RECORD = 100
_MOST_IN_A_BATCH = 1_000


def read_heartbeat(body: Mapping[str, Json]) -> Heartbeat:
    """The heartbeat in a verified body. Raises `Malformed`, `TooLarge` or `PersonalData`; nothing of the body may be kept then."""
    return documents.heartbeat(body)


async def expect(tx: Tx, installation: InstallationId, site: SiteId, now: datetime) -> None:
    """From now on silence of this site is noticed. Called when a pairing is confirmed; forgets what an earlier installation said."""
    await store.expect(tx.org, tx, installation, site, now)


async def stop_expecting(tx: Tx, site: SiteId) -> None:
    """Silence is right now: the site was revoked."""
    await store.drop_standing(tx.org, tx, site)


async def take_heartbeat(tx: Tx, installation: Reporter, body: Mapping[str, Json] | Heartbeat, now: datetime) -> Need:
    """Store a heartbeat and what it says of the inventory; the answer is what the site should send next.

    A full inventory or a delta counts only when the result hashes to what the heartbeat itself names; else the stored map stays as it was, ages, and
    the whole inventory is asked for. After an unpairing's goodbye (`Heartbeat.unpaired`) nothing more is expected of the site.
    """
    heard = body if isinstance(body, Heartbeat) else documents.heartbeat(body)
    site = installation.site
    if heard.unpaired:
        await store.add_heartbeat(tx.org, tx, installation.id, site, heard, now)
        await store.drop_standing(tx.org, tx, site)
        return Need.NOTHING
    await store.add_heartbeat(tx.org, tx, installation.id, site, heard, now)
    await store.put_standing(tx.org, tx, installation.id, site, heard, now)
    if await store.confirm_inventory(tx.org, tx, site, Source.HEARTBEAT, heard.inventory_hash, heard.sent_at, now):
        return Need.NOTHING
    reported = _reported(heard, await store.inventory(tx.org, tx, site))
    if reported is None or inventory_hash(reported) != heard.inventory_hash:
        return Need.INVENTORY
    await _keep_inventory(tx, site, Source.HEARTBEAT, heard.inventory_hash, documents.components(reported, "inventory"), heard.sent_at, now)
    return Need.NOTHING


async def record_read(tx: Tx, site: SiteId, tool: str, result: Json, now: datetime) -> bool:
    """Keep the result of a signed read as facts; False when results of this tool are passed on and never stored. Raises as `take_heartbeat` does."""
    if tool not in known.KEPT_READS:
        return False
    told = documents.read_result(result, tool)
    if "inventory" in told:
        hash_, found = documents.read_inventory(told)
        if not await store.confirm_inventory(tx.org, tx, site, Source.READ, hash_, now, now):
            await _keep_inventory(tx, site, Source.READ, hash_, found, now, now)
    await store.put_read(tx.org, tx, site, tool, {key: value for key, value in told.items() if key != "inventory"}, now)
    return True


async def facts(tx: Tx, site: SiteId, *, components: tuple[str, ...] = ()) -> Facts:
    """All that is known about `site`, each with source and age; of plugins, themes and translations those named in `components`.

    A read answers under names of its own (`health.disk_free`), so nothing a heartbeat says is overwritten by it.
    """
    stands, holds = await store.standing(tx.org, tx, site), await store.inventory(tx.org, tx, site)
    told = [*(known.of_standing(stands) if stands else ()), *(known.of_inventory(holds, components) if holds else ())]
    for read in await store.reads(tx.org, tx, site):
        told += known.of_read(read.tool, read.result, read.taken_at)
        asked = read.result.get("as_of")
        if holds and isinstance(asked, Mapping):
            told += known.of_updates(holds, asked, read.taken_at, read.taken_at)
    return Facts(site, MappingProxyType({fact.name: fact for fact in told}))


async def inventory(tx: Tx, site: SiteId) -> Inventory | None:
    return await store.inventory(tx.org, tx, site)


async def newest_inventory(everyone: Everyone, tx: Tx) -> datetime | None:
    """When any site last reported something that was not known of it."""
    return await rounds.newest_inventory(everyone, tx)


async def offers_of(tx: Tx, site: SiteId) -> Mapping[str, Offer]:
    """What the site is offered now and since when, by component. Empty as long as nothing is known of it."""
    return await offers.offers(tx, await store.inventory(tx.org, tx, site))


async def standing(tx: Tx, site: SiteId) -> Standing | None:
    """The newest heartbeat in short, without the inventory."""
    return await store.standing(tx.org, tx, site)


async def standings(tx: Tx) -> Mapping[SiteId, Standing]:
    """The same for every site of the organisation, in one query: a list of sites costs no query for each."""
    return {one.site: one for one in await store.standings(tx.org, tx)}


async def silent(tx: Tx, now: datetime) -> int:
    """How many sites are late with their heartbeat."""
    return await store.silent(tx.org, tx, now - HEARTBEAT_LATE)


async def last_contact(tx: Tx, site: SiteId) -> datetime | None:
    """When the site was last heard: its newest heartbeat or verified answer, by our clock."""
    stands = await store.standing(tx.org, tx, site)
    heard = [moment for moment in (stands.heard_at, stands.read_at) if moment is not None] if stands else []
    return max(heard, default=None)


async def late(everyone: Everyone, tx: Tx, now: datetime) -> tuple[LateSite, ...]:
    """Sites whose heartbeat is 15 minutes late or more, longest silence first; also those that never sent one since they were paired."""
    return await rounds.late(everyone, tx, now - HEARTBEAT_LATE)


async def unread(everyone: Everyone, tx: Tx, tool: str, *, before: datetime, limit: int) -> tuple[tuple[OrgId, SiteId], ...]:
    """Sites that are heard of and did not answer this read since `before`, or never did; longest ago first."""
    return await rounds.unread(everyone, tx, tool, before, limit)


def eligibility(facts: Facts, rules: Rules, now: datetime) -> Eligibility:
    """Pure. Every reason why the site can't take the workflow; none means it can. What telemetry can't know (`site.paired`, `site.change_open`,
    `site.held`) comes in by `Facts.with_control`; missing, it counts against.
    """
    return Eligibility(tuple(eligible.reasons(facts, rules, now)))


async def waiting_for_audit(everyone: Everyone, tx: Tx) -> tuple[OrgId, ...]:
    """Organisations with heartbeats that the audit does not hold yet."""
    return await store.waiting_for_audit(everyone, tx)


async def audit_heartbeats(tx: Tx, now: datetime) -> int:
    """Put up to 1,000 waiting heartbeats into the audit as one batch (W19); the janitor calls it until it returns 0."""
    waiting = await store.unaudited(tx.org, tx, _MOST_IN_A_BATCH)
    if not waiting:
        return 0
    entry = await audit.record_batch(tx, "heartbeats.taken", [payload for _, _, payload in waiting], now=now)
    await store.mark_audited(tx.org, tx, [(installation, seq) for installation, seq, _ in waiting], entry)
    return len(waiting)


async def expire(tx: Tx, now: datetime, *, days: int = RETENTION_DAYS) -> int:
    """Delete the organisation's telemetry older than the retention; the number of rows that went.

    Where a site stands now is kept as long as it is paired. Heartbeats that wait for their audit batch stay until they are in it.
    Raises `RetentionRefused` for days outside the floor and the ceiling.
    """
    horizon = Retention(days).horizon(now)
    went = await store.expire(tx.org, tx, horizon)
    await offers.expire(tx, horizon)
    await roll.expire(tx)
    return went


async def _keep_inventory(tx: Tx, site: SiteId, source: Source, hash_: str, found: Components, sent_at: datetime, now: datetime) -> None:
    stored = await store.inventory(tx.org, tx, site)
    await store.put_inventory(tx.org, tx, site, source, hash_, found, sent_at, now)
    await offers.seen(tx, site, found, now)
    await roll.seen(tx, site, found)
    difference = _difference(stored.components if stored else {}, found)
    payload = {"components": len(found), "hash": hash_, "source": source.value, **difference}
    entry = Entry("inventory.changed", Actor("process", "telemetry"), f"site:{site}", new_id(), payload)
    await audit.record(tx, entry, now=now)


def _reported(heard: Heartbeat, stored: Inventory | None) -> Components | None:
    """The map a heartbeat leads to: the one in it, or its delta applied to the stored one when that is the base it names."""
    if heard.inventory is not None:
        return heard.inventory
    if heard.delta is None or stored is None or heard.delta.base != stored.hash:
        return None
    return heard.delta.applied_to(stored.components)


def _difference(before: Components, after: Components) -> dict[str, Json]:
    """The keys that came, changed and went, each list cut at 100: the whole is in the inventory, its hash in the entry."""
    came = sorted(after.keys() - before.keys())
    gone = sorted(before.keys() - after.keys())
    changed = sorted(key for key in after.keys() & before.keys() if after[key] != before[key])
    counted = {"came": came, "changed": changed, "gone": gone}
    cut = any(len(keys) > _MOST_NAMED_IN_RECORD for keys in counted.values())
    return {**{name: keys[:_MOST_NAMED_IN_RECORD] for name, keys in counted.items()}, "cut": cut}
