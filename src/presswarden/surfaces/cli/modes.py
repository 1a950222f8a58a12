"""`presswarden site mode`: how much may happen on a site without a person. Limits: a mode lets nothing through by itself; the policy decides each time."""

from presswarden.approvals import service as approvals
from presswarden.identity import service as identity
from presswarden.identity.model import Permission
from presswarden.policy.model import Mode
from presswarden.proposals import service as proposals
from presswarden.sites import service as sites
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import document, moment, pairs


async def mode(desk: Desk, name: str, wanted: Mode | None, *, critical: bool | None) -> int:
    now = desk.clock.now()
    async with desk.database.transaction(desk.org) as tx:
        site = await sites.find_site(tx, name)
        await identity.require(tx, desk.person.id, Permission.SITE_SEE, site=site.id)
        if wanted is not None:
            await approvals.set_mode(tx, site.id, wanted, by=desk.person.id, now=now)
        if critical is not None:
            await approvals.mark_critical(tx, site.id, critical, by=desk.person.id, now=now)
        station = await approvals.station(tx, site.id)
        counts = await approvals.mode_of(tx, site.id, now=now)
    if wanted is not None or critical is not None:
        await desk.wake.ring(proposals.RELEASE)
    if desk.json:
        print(
            document(
                {
                    "site": site.id,
                    "mode": counts.value,
                    "chosen": station.mode.value if station.mode else None,
                    "critical": station.critical,
                    "snapshot_confirmed": station.snapshot_confirmed_at is not None,
                }
            )
        )
        return 0
    chosen = station.mode.value if station.mode else "nothing, so the policy's default"
    verified = moment(station.snapshot_confirmed_at) if station.snapshot_confirmed_at else "never: Autonomous is refused until one was"
    print(
        pairs(
            {
                "site": site.label,
                "mode": counts.value,
                "chosen": chosen,
                "critical": "yes" if station.critical else "no",
                "snapshot first verified": verified,
            }
        )
    )
    return 0
