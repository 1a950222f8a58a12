"""Gathers what is known of one site. Limits: reads; asks no site, and decides nothing: the gate asks all of it again before anything is sent."""

from datetime import datetime
from typing import Final

from presswarden.approvals import service as approvals
from presswarden.incidents import service as incidents
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import InstallationId, SiteId
from presswarden.policy.rules import Rules
from presswarden.proposals.updates import UpdateRefused, item, name_of
from presswarden.reports.sites.model import Part, Parts, SiteReport
from presswarden.rollouts import service as rollouts
from presswarden.sites import service as sites
from presswarden.sites.model import InstallationState
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Component, Components, Facts
from presswarden.telemetry.model import Rules as Wanted
from presswarden.telemetry.offers.model import PREFIX, Offer

_COMPONENTS: Final = ("core", "plugin:", "theme:", "translation:")
_WITH_FOLDERS: Final = ("plugin:", "theme:")


async def report(tx: Tx, wanted: SiteId, now: datetime) -> SiteReport:
    """Raises `SiteUnknown`."""
    site = await sites.site_of(tx, wanted)
    under_way = await rollouts.open_change(tx, site.id)
    facts = (await telemetry.facts(tx, site.id)).with_control(
        now, site_paired=site.state is InstallationState.PAIRED, site_change_open=under_way is not None, site_held=False
    )
    return SiteReport(
        site,
        facts,
        await telemetry.inventory(tx, site.id),
        await telemetry.standing(tx, site.id),
        await incidents.open_incidents(tx, site.id),
        under_way,
        telemetry.eligibility(facts, Wanted(), now),
        await approvals.station(tx, site.id),
        await approvals.mode_of(tx, site.id, now=now),
    )


async def parts(tx: Tx, wanted: SiteId, now: datetime) -> Parts:
    """The components that the site reported last, each with its offer and what stands against that. Raises `SiteUnknown`."""
    site = await sites.site_of(tx, wanted)
    inventory = await telemetry.inventory(tx, site.id)
    if inventory is None:
        return Parts(None, ())
    found, offers = inventory.components, await telemetry.offers_of(tx, site.id)
    named = tuple(key for key in sorted(found) if key.startswith(_COMPONENTS) and not key.startswith(PREFIX) and "version" in found[key])
    facts = (await telemetry.facts(tx, site.id, components=tuple(key for key in named if key in offers))).with_control(
        now,
        site_paired=site.state is InstallationState.PAIRED,
        site_change_open=await rollouts.open_change(tx, site.id) is not None,
        site_held=False,
    )
    rules, held = (await approvals.rules_for(tx, (site.id,), now=now))[site.id], await incidents.held_components(tx)
    listed = []
    for key in named:
        offer = offers.get(key)
        against: dict[str, str] = {}
        if offer is not None:
            against = {
                **_refused(site.id, site.installation, site.home, found, key, offer),
                **_holds(rules, key, offer, now),
                **({"held": "On another site a change of it could not be taken back."} if key in held else {}),
                **_unfit(facts, key, now),
            }
        listed.append(_part(key, found[key], offer, against, rules, now))
    return Parts(inventory.confirmed_at, tuple(listed))


def _part(key: str, component: Component, offer: Offer | None, against: dict[str, str], rules: Rules, now: datetime) -> Part:
    active, version = component.get("active"), component.get("version")
    until = [hold.until for hold in rules.operations.holds if hold.component == key and hold.until >= now.date()]
    return Part(
        key,
        name_of(key, component),
        version if isinstance(version, str) else "",
        active if isinstance(active, bool) else None,
        offer.named.version if offer else "",
        offer.first_seen if offer else None,
        tuple(against.items()),
        max(until).isoformat() if until else "",
    )


def _refused(site: SiteId, installation: InstallationId | None, home: str, found: Components, key: str, offer: Offer) -> dict[str, str]:
    """Why an update of it can't be asked for at all."""
    if installation is None:
        return {}
    try:
        item(site, installation, home, found, key, offer)
    except UpdateRefused as refusal:
        return {refusal.code.removeprefix("update."): f"{refusal.says} {refusal.do}".strip()}
    return {}


def _holds(rules: Rules, key: str, offer: Offer, now: datetime) -> dict[str, str]:
    for hold in rules.operations.holds:
        if hold.component == key and hold.until >= now.date() and hold.versions.holds(offer.named.version):
            return {"policy-hold": f"The policy holds this version until {hold.until.isoformat()}: {hold.reason}"}
    return {}


def _unfit(facts: Facts, key: str, now: datetime) -> dict[str, str]:
    target = key if key.startswith(_WITH_FOLDERS) else ""
    return {reason.code.value: reason.says for reason in telemetry.eligibility(facts, Wanted(target=target), now).reasons}
