"""Verbs of a site's mode: how much may happen there without a person, whether a fault costs most there, and which snapshots were seen verified.

Limits: a mode only says what the policy may let run; it never lets anything through. Autonomous needs one verified snapshot of that site (W8).
"""

from datetime import datetime, timedelta
from typing import Final

from presswarden.approvals import policies
from presswarden.approvals.model import ModeRefused, Station
from presswarden.approvals.modes import store
from presswarden.audit import service as audit
from presswarden.audit.model import Actor, Entry
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import PersonId, SiteId, SnapshotId, new_id
from presswarden.policy.model import MODES, Mode
from presswarden.policy.rules import Rules
from presswarden.sites import service as sites

SNAPSHOT_COUNTS: Final = timedelta(hours=24)
"""So long a verified snapshot stands behind a change; the site refuses older ones too (wire.md, step 17)."""
_DISPATCHER: Final = Actor("process", "dispatcher")


async def station(tx: Tx, site: SiteId) -> Station:
    """What people decided about the site, as they decided it. Raises `SiteUnknown`."""
    await sites.site_of(tx, site)
    return (await store.stations(tx.org, tx, (site,)))[site]


async def mode_of(tx: Tx, site: SiteId, *, now: datetime) -> Mode:
    """The mode that counts now: what was chosen or the policy's default, never above the policy's `max_mode`. Raises `SiteUnknown`."""
    rules = (await policies.rules_for(tx, (site,), now=now))[site]
    return effective(await station(tx, site), rules)


def effective(station: Station, rules: Rules) -> Mode:
    """Strictest wins: a default of Autonomous is Approve until a snapshot was verified there."""
    wanted = station.mode or rules.operations.default_mode
    allowed = rules.operations.max_mode
    if station.snapshot_confirmed_at is None and wanted is Mode.AUTONOMOUS:
        wanted = Mode.APPROVE
    return min(wanted, allowed, key=MODES.index)


async def set_mode(tx: Tx, site: SiteId, mode: Mode, *, by: PersonId, now: datetime) -> Station:
    """Choose the site's mode. Anybody who may pause may make it quieter; more freedom is an admin's or owner's. Raises `ModeRefused`, `Forbidden`."""
    before, rules = await station(tx, site), (await policies.rules_for(tx, (site,), now=now))[site]
    quieter = MODES.index(mode) <= MODES.index(effective(before, rules))
    await identity.require(tx, by, Permission.SITE_PAUSE if quieter else Permission.SITE_MODE, site=site)
    if mode is Mode.AUTONOMOUS and before.snapshot_confirmed_at is None:
        raise ModeRefused(
            "No snapshot of this site was verified yet, so it can't be Autonomous.",
            do="Make one approved change there first: it makes and verifies a snapshot.",
        )
    if MODES.index(mode) > MODES.index(rules.operations.max_mode):
        raise ModeRefused(
            f"The policy allows this site at most «{rules.operations.max_mode}».", do="Change `max_mode` in the policy first."
        )
    after = Station(site, mode, before.critical, before.snapshot_confirmed_at)
    await store.put(tx.org, tx, after)
    if before.mode is not mode:
        await _record(
            tx, "site.mode_set", Actor("person", by), site, {"mode": mode.value, "was": before.mode.value if before.mode else ""}, now
        )
    return after


async def mark_critical(tx: Tx, site: SiteId, critical: bool, *, by: PersonId, now: datetime) -> Station:
    """A fault costs most there: every risk counts one level higher. To take the mark away lowers a bar, and is an owner's."""
    before = await station(tx, site)
    await identity.require(tx, by, Permission.SITE_MODE if critical else Permission.POLICY_SET, site=site)
    after = Station(site, before.mode, critical, before.snapshot_confirmed_at)
    await store.put(tx.org, tx, after)
    if before.critical is not critical:
        await _record(tx, "site.critical_set", Actor("person", by), site, {"critical": critical}, now)
    return after


async def snapshot_confirmed(tx: Tx, site: SiteId, snapshot: SnapshotId, *, now: datetime, by: Actor = _DISPATCHER) -> None:
    """A receipt of the site says that this snapshot was read back whole. Called with verified results only."""
    before = (await store.stations(tx.org, tx, (site,)))[site]
    await store.add_verified(tx.org, tx, site, snapshot, now)
    if before.snapshot_confirmed_at is None:
        await store.put(tx.org, tx, Station(site, before.mode, before.critical, now))
        await _record(tx, "site.snapshot_confirmed", by, site, {"snapshot": snapshot}, now)


async def snapshot_gone(tx: Tx, site: SiteId, snapshot: SnapshotId) -> None:
    """It was deleted, or found damaged: nothing stands behind it any more."""
    await store.drop_verified(tx.org, tx, site, snapshot)


async def snapshot_verified(tx: Tx, site: SiteId, snapshot: SnapshotId, *, now: datetime) -> bool:
    """True when this very snapshot was verified in the last 24 hours."""
    at = await store.verified_at(tx.org, tx, site, snapshot)
    return at is not None and timedelta() <= now - at < SNAPSHOT_COUNTS


async def _record(tx: Tx, kind: str, by: Actor, site: SiteId, payload: dict[str, Json], now: datetime) -> None:
    await audit.record(tx, Entry(kind, by, f"site:{site}", new_id(), payload), now=now)
