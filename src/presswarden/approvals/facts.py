"""What the policy has to know of sites, components and people, as it stands this moment. Limits: reads only; nothing is concluded here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from presswarden.actions.catalogue import CATALOGUE
from presswarden.actions.model import Klass
from presswarden.approvals import components
from presswarden.approvals.keys import store as keys
from presswarden.approvals.model import Given, Passkey, Station, Way
from presswarden.approvals.modes import store as modes
from presswarden.approvals.stations import effective
from presswarden.identity import service as identity
from presswarden.identity.model import ALLOWED, Permission, Person, Role, may
from presswarden.incidents import service as incidents
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import SiteId
from presswarden.policy.model import Approvers, ComponentFacts, Consent, Fleet, SiteFacts
from presswarden.policy.rules import Rules
from presswarden.proposals.model import Item
from presswarden.proposals.packages import service as packages
from presswarden.sites import service as sites
from presswarden.sites.model import InstallationState, Site
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Facts
from presswarden.telemetry.model import Rules as Wanted
from presswarden.telemetry.offers import service as offers

ROOM: int = 52_428_800
"""Bytes that a component's new files may take, where nobody knows: twice that has to be free (S1)."""
ROOM_FOR_CORE: int = 104_857_600


@dataclass(frozen=True, slots=True)
class Everybody:
    """Who belongs to the organisation now, and the passkeys in use."""

    people: tuple[Person, ...]
    passkeys: tuple[Passkey, ...]


async def of_sites(
    tx: Tx, items: Sequence[Item], rules: Mapping[SiteId, Rules], *, snapshot_verified: bool | None, now: datetime
) -> Mapping[SiteId, SiteFacts]:
    """One for each site that `items` touch."""
    wanted = tuple(dict.fromkeys(item.site for item in items))
    stations = await modes.stations(tx.org, tx, wanted)
    known = {site.id: site for site in await sites.some_sites(tx, wanted)}
    held = await incidents.held_components(tx)
    # A site that is not the organisation's has no facts, and the policy refuses what names it.
    return {
        site: await _of_site(
            tx, known[site], stations[site], rules[site], [one for one in items if one.site == site], held, snapshot_verified, now
        )
        for site in wanted
        if site in known
    }


async def of_items(tx: Tx, items: Sequence[Item]) -> tuple[tuple[Item, ComponentFacts], ...]:
    return tuple([(item, await _of_item(tx, item)) for item in items])


async def fleet(tx: Tx, touched: Sequence[SiteId]) -> Fleet:
    return Fleet(size=await sites.paired_count(tx), touched=len(set(touched)))


async def everybody(tx: Tx) -> Everybody:
    return Everybody(await identity.people(tx), await keys.passkeys(tx.org, tx))


async def approvers(tx: Tx, here: Everybody) -> Approvers:
    """Whoever may approve anywhere counts: a plan can't be cut so that its own approvers seem to be missing."""
    able = [one for one in here.people if _may_approve_somewhere(one)]
    with_passkey = {passkey.person for passkey in here.passkeys}
    return Approvers(len(able), await identity.last_removal(tx), sum(one.id in with_passkey for one in able))


def consents(now_here: Everybody, answers: Sequence[Given], wanted: Sequence[SiteId]) -> tuple[Consent, ...]:
    """Each yes, with what the person who said it may do now. Somebody who was removed may nothing."""
    here = {one.id: one for one in now_here.people}
    found = []
    for one in answers:
        if not one.yes:
            continue
        person = here.get(one.person)
        own = {passkey.id for passkey in now_here.passkeys if passkey.person == one.person}
        found.append(
            Consent(
                person=one.person,
                owner=person is not None and Role.OWNER in person.roles,
                may_approve=person is not None and all(may(person, Permission.APPROVE, site) for site in wanted),
                # A passkey that was taken out of use since then vouches for nobody.
                passkey=one.way is Way.PASSKEY and one.passkey in own,
                identities=frozenset({one.passkey, *own, person.mail if person else ""} - {""}),
                at=one.at,
            )
        )
    return tuple(found)


def _may_approve_somewhere(person: Person) -> bool:
    return any(Permission.APPROVE in ALLOWED[grant.role] for grant in person.grants)


async def _of_site(
    tx: Tx,
    site: Site,
    station: Station,
    rules: Rules,
    items: Sequence[Item],
    held: frozenset[str],
    snapshot_verified: bool | None,
    now: datetime,
) -> SiteFacts:
    facts = await telemetry.facts(tx, site.id, components=tuple({item.component for item in items if item.component}))
    zone, serves = facts.get("core.timezone"), facts.get("core.sites")
    return SiteFacts(
        site=site.id,
        mode=effective(station, rules),
        critical=station.critical,
        timezone=zone.value if zone is not None and isinstance(zone.value, str) else "",
        snapshot_confirmed=station.snapshot_confirmed_at is not None,
        snapshot_verified=snapshot_verified,
        ineligible=_ineligible(site, facts, items, held, now),
        paused=site.paused,
        contained=tuple(one.says for one in await incidents.containment(tx, site.id)),
        serves=max(serves.value, 1) if serves is not None and isinstance(serves.value, int) else 1,
    )


def _ineligible(site: Site, facts: Facts, items: Sequence[Item], held: frozenset[str], now: datetime) -> tuple[tuple[str, str], ...]:
    """Of what changes components; taking back, clearing and deleting need none of it. Open changes are the gate's to see."""
    paired = site.state is InstallationState.PAIRED
    found: dict[str, str] = {}
    for item in items:
        action = CATALOGUE.get(item.tool)
        if action is None or action.klass is not Klass.CHANGE or not item.component:
            continue
        told = facts.with_control(now, site_paired=paired, site_change_open=False, site_held=item.component in held)
        folder = item.component if item.component.startswith(("plugin:", "theme:")) else ""
        room = ROOM_FOR_CORE if item.component == "core" else ROOM
        for reason in telemetry.eligibility(told, Wanted(target=folder, estimate=room), now).reasons:
            found.setdefault(reason.code.value, reason.says)
    return tuple(found.items())


async def _of_item(tx: Tx, item: Item) -> ComponentFacts:
    holds = await telemetry.inventory(tx, item.site)
    offer = (await offers.offers(tx, holds)).get(item.component)
    offered = offer is not None and offer.named.version == item.version
    mine = holds.components.get(item.component, {}) if holds else {}
    # WordPress and its languages come from one place; of plugins and themes the site says whether the update API knows them.
    known = item.component == "core" or item.component.startswith("translation:") or mine.get("known") is True
    return ComponentFacts(
        known=known,
        offered=offered,
        offered_since=offer.first_seen if offer is not None and offered else None,
        security=False,  # no source tells it yet, and silence means no
        migrates=components.migrates(item.component),
        touchy=components.is_touchy(item.component),
        package_bound=bool(item.package),
        package_differs=bool(item.version) and await packages.differs(tx, item.component, item.version),
    )
