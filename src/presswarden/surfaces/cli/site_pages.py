"""`presswarden site list` and `site show`: what is known, from where, and how old it is. Limits: shows what telemetry holds; asks no site."""

from datetime import datetime

from presswarden.identity import service as identity
from presswarden.identity.model import Permission, may
from presswarden.incidents import service as incidents
from presswarden.incidents.model import Incident
from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.reports.sites import service as reports
from presswarden.sites import service as sites
from presswarden.sites.model import InstallationState, Site
from presswarden.surfaces.cli.desk import Desk
from presswarden.surfaces.cli.output import age, document, moment, pairs, table
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Eligibility, Fact, Facts, Inventory, Standing

UPDATE = "update:"


async def list_sites(desk: Desk) -> int:
    async with desk.database.reading(desk.org) as tx:
        found = [each for each in await sites.list_sites(tx) if may(desk.person, Permission.SITE_SEE, each.id)]
        if not found:
            await identity.require(tx, desk.person.id, Permission.SITE_SEE)
        standings = await telemetry.standings(tx)
        troubles = await incidents.open_counts(tx)
    if desk.json:
        print(document([_plain_site(each, standings.get(each.id), troubles.get(each.id, 0)) for each in found]))
        return 0
    if not found:
        print("No site yet. Connect the first with: presswarden site pair LABEL")
        return 0
    now = desk.clock.now()
    rows = [
        (
            each.label,
            each.home or "not paired yet",
            _state(each),
            _heard(standings.get(each.id), now),
            str(troubles.get(each.id, 0)),
            each.id,
        )
        for each in found
    ]
    print(table(("SITE", "HOME", "STATE", "HEARD", "INCIDENTS", "ID"), rows))
    return 0


async def show(desk: Desk, name: str) -> int:
    now = desk.clock.now()
    async with desk.database.reading(desk.org) as tx:
        site = await sites.find_site(tx, name)
        await identity.require(tx, desk.person.id, Permission.SITE_SEE, site=site.id)
        known = await reports.report(tx, site.id, now)
    facts, inventory, standing, troubles, eligible = known.facts, known.inventory, known.standing, known.incidents, known.ready
    if desk.json:
        print(document(_plain(site, facts, inventory, standing, troubles, eligible, now)))
        return 0
    print(pairs(_overview(site, standing, now)))
    for incident in troubles:
        print(f"\nIncident {incident.id}: {incident.kind}, {incident.state} (presswarden incident show {incident.id})")
    if site.state is not InstallationState.PAIRED and standing is None:
        return 0
    print("\nFacts")
    print(table(("FACT", "VALUE", "AGE", "FROM"), [(each.name, _value(each.value), _age(each, now), each.source) for each in facts]))
    if inventory is not None:
        print(f"\nComponents (confirmed {age(inventory.confirmed_at, now)})")
        print(table(("COMPONENT", "VERSION", "ACTIVE", "UPDATE"), _components(inventory)))
    print("\nReady for a change: " + ("yes" if eligible.eligible else "no"))
    for reason in eligible.reasons:
        print(f"  {reason.code}: {reason.says}")
    return 0


def _overview(site: Site, standing: Standing | None, now: datetime) -> dict[str, str]:
    shown = {
        "site": site.label,
        "id": site.id,
        "home": site.home or "not paired yet",
        "state": _state(site),
        "heard": _heard(standing, now),
    }
    if site.paired_at:
        shown["paired"] = moment(site.paired_at)
    if site.pause_reason is not None:
        shown["pause"] = site.pause_reason or "no reason given"
    if standing is not None and standing.repair:
        shown["needs repair"] = standing.repair
    return shown


def _components(inventory: Inventory) -> list[tuple[str, str, str, str]]:
    rows = []
    for key, component in sorted(inventory.components.items()):
        if key.startswith(UPDATE) or "version" not in component:
            continue
        offered = inventory.components.get(f"{UPDATE}{key}", {}).get("version", "")
        rows.append((key, _value(component["version"]), _value(component.get("active", "")), _value(offered)))
    return rows


def _state(site: Site) -> str:
    state = site.state.value if site.state else "not paired"
    return f"{state}, pause wanted" if site.paused and site.state is InstallationState.PAIRED else state


def _heard(standing: Standing | None, now: datetime) -> str:
    return age(standing.heard_at if standing else None, now)


def _age(fact: Fact, now: datetime) -> str:
    return age(now - fact.age(now), now)


def _value(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return "" if value is None else document(value).replace("\n", " ") if isinstance(value, dict | list) else str(value)


def _plain_site(site: Site, standing: Standing | None, troubles: int) -> dict[str, Json]:
    heard = standing.heard_at if standing else None
    return {
        "id": site.id, "label": site.label, "home": site.home, "state": site.state.value if site.state else None, "pause_wanted": site.paused,
        "paired_at": unix(site.paired_at) if site.paired_at else None, "heard_at": unix(heard) if heard else None, "incidents": troubles,
    }  # fmt: skip


def _plain(
    site: Site,
    facts: Facts,
    inventory: Inventory | None,
    standing: Standing | None,
    troubles: tuple[Incident, ...],
    eligible: Eligibility,
    now: datetime,
) -> dict[str, Json]:
    shown: dict[str, Json] = {
        each.name: {"value": each.value, "age_seconds": int(each.age(now).total_seconds()), "source": each.source.value} for each in facts
    }
    return {
        **_plain_site(site, standing, len(troubles)),
        "facts": shown,
        "components": {key: dict(component) for key, component in inventory.components.items()} if inventory else {},
        "inventory_hash": inventory.hash if inventory else "",
        "incident_ids": [each.id for each in troubles],
        "ready": {"yes": eligible.eligible, "reasons": [each.code.value for each in eligible.reasons]},
    }
