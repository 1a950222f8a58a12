"""A paired site as the control plane knows it: what it reported, what it is offered. Limits: nothing answers at its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from presswarden.identity import service as identity
from presswarden.kernel.canonical import Json
from presswarden.kernel.db import Database
from presswarden.kernel.ids import InstallationId, KeyId, OrgId, PersonId, SiteId, new_id
from presswarden.sites import service as sites
from presswarden.sites import store as sites_store
from presswarden.sites.model import Algorithm, Installation, InstallationState, Site
from presswarden.telemetry import service as telemetry
from presswarden.telemetry.model import Components, inventory_hash

AKISMET = "plugin:akismet/akismet.php"
URL = "https://downloads.wordpress.org/plugin/akismet.5.7.3.zip"
HEALTH: Mapping[str, Json] = {
    "as_of": 1_795_000_000, "change": None, "database_answers": True, "disk_free": 50_000_000_000, "fatals": [], "file_mods": True,
    "files_direct": True, "maintenance": False, "watchdog": True, "watchdog_door": "dropin", "writable": True,
}  # fmt: skip
COMPONENTS: Mapping[str, Mapping[str, Json]] = {
    "core": {"locale": "en_US", "multisite": False, "version": "7.1.4"},
    "php": {"version": "8.2.7"},
    AKISMET: {
        "active": True,
        "auto_update": False,
        "known": True,
        "link": False,
        "name": "Akismet",
        "same_device": True,
        "version": "5.7.2",
    },
}


def offered(version: str = "5.7.3", *, component: str = AKISMET, url: str = URL, package: bool = True) -> Components:
    offer: dict[str, Json] = {"package": package, "requires_php": "7.2", "requires_wp": "6.2", "url": url, "version": version}
    return {**COMPONENTS, f"update:{component}": offer}


@dataclass(frozen=True)
class Shop:
    """One organisation, its owner, and one paired site called `shop`."""

    database: Database
    org: OrgId
    owner: PersonId
    site: SiteId
    installation: InstallationId

    async def report(self, components: Components, now: datetime, *, health: Mapping[str, Json] = HEALTH, seq: int = 1) -> None:
        """A heartbeat, and the answers of two signed reads."""
        async with self.database.transaction(self.org) as tx:
            await telemetry.expect(tx, self.installation, self.site, now)
            await telemetry.take_heartbeat(tx, _Reporter(self.installation, self.site), _heartbeat(components, now, seq), now)
            looked = int(now.timestamp())
            await telemetry.record_read(tx, self.site, "wp.site.health", {**health, "as_of": looked, "site_time": looked}, now)

    async def known(self) -> Site:
        async with self.database.reading(self.org) as tx:
            return await sites.site_of(tx, self.site)


async def open_shop(database: Database, org: OrgId, now: datetime, *, label: str = "shop") -> Shop:
    """The organisation with its owner Olga, and the site."""
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", now)
        (owner,) = await identity.people(tx)
    return await add_shop(database, org, owner.id, now, label=label)


async def add_shop(database: Database, org: OrgId, owner: PersonId, now: datetime, *, label: str = "shop") -> Shop:
    """A paired site of an organisation that there is."""
    async with database.transaction(org) as tx:
        site, installation = SiteId(new_id()), InstallationId(new_id())
        await sites_store.add_site(org, tx, site, label, now)
        paired = Installation(
            org, installation, site, InstallationState.PAIRED, Algorithm.ED25519, f"https://{label.lower().replace(' ', '-')}.example", "https://control.example",
            KeyId("0" * 16), b"k" * 32, 1, 1, 0, None, now, now + timedelta(minutes=10), now, now, None, None, "", "0.1.0", "8.2.7", "7.1.4", False,
        )  # fmt: skip
        await sites_store.add_installation(org, tx, paired, b"")
    return Shop(database, org, owner, site, installation)


@dataclass(frozen=True)
class _Reporter:
    id: InstallationId
    site: SiteId


def _heartbeat(components: Components, now: datetime, seq: int) -> dict[str, Json]:
    return {
        "bind": {"aud": "https://control.example", "dir": "heartbeat", "kid": "0" * 16, "nonce": "0" * 32, "v": 1}, "checkpoint": "",
        "connector": "0.1.0", "epoch": 1, "fence": 0, "home": "https://shop.example", "inventory": dict(components),
        "inventory_hash": inventory_hash(components), "paused": "", "refusals": {}, "repair": "", "seq": seq, "sent_at": int(now.timestamp()), "v": 1,
    }  # fmt: skip
