"""Many sites as the control plane knows them, written straight into the tables: a list of ten thousand is not made by ten thousand pairings.

Limits: for lists and their speed; nothing answers at these addresses, and what stages check on the way in was not checked.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert

from presswarden.approvals.modes.store import StationRow
from presswarden.identity.store import ClientRow, ClientSiteRow
from presswarden.incidents.store import IncidentRow
from presswarden.kernel.db import Base, Database
from presswarden.kernel.ids import OrgId, SiteId
from presswarden.sites.store import InstallationRow, SiteRow
from presswarden.sites.tags.store import TagRow
from presswarden.telemetry.offers.store import OfferRow
from presswarden.telemetry.roll.store import ComponentRow, RollRow
from presswarden.telemetry.store import StandingRow

FIRST = ("Cedar", "Harbor", "Maple", "Juniper", "Osprey", "Lantern", "Meadow", "Granite", "Willow", "Fennel", "Amber", "Copper")
SECOND = (
    "Bakery",
    "Books",
    "Clinic",
    "Cycles",
    "Dental",
    "Events",
    "Florist",
    "Gallery",
    "Hotel",
    "Kitchen",
    "Legal",
    "Museum",
    "Outdoor",
    "Pottery",
    "Studio",
)
CLIENTS = ("Northwind", "Osprey Group", "Lantern & Co", "Blue Harbor")
PLUGINS = (
    ("plugin:akismet/akismet.php", "Akismet Anti-spam", ("5.7.3", "5.7.2", "5.6")),
    ("plugin:woocommerce/woocommerce.php", "WooCommerce", ("10.4.1", "10.3.6", "9.9.5")),
    ("plugin:contact-form-7/wp-contact-form-7.php", "Contact Form 7", ("6.2.1", "6.1.4")),
    ("plugin:wordpress-seo/wp-seo.php", "Yoast SEO", ("26.5", "26.4", "25.9")),
    ("plugin:classic-editor/classic-editor.php", "Classic Editor", ("1.6.7", "1.6.5")),
    ("plugin:redirection/redirection.php", "Redirection", ("5.6.1", "5.5.2")),
    ("theme:twentytwentyfive", "Twenty Twenty-Five", ("1.4", "1.3")),
    ("theme:astra", "Astra", ("4.12.1", "4.11.9")),
)


def name_of(number: int) -> str:
    word = f"{FIRST[number % len(FIRST)]} {SECOND[number // len(FIRST) % len(SECOND)]}"
    turn = number // (len(FIRST) * len(SECOND))
    return word if turn == 0 else f"{word} {turn + 1}"


async def make_fleet(database: Database, org: OrgId, count: int, now: datetime) -> Sequence[SiteId]:
    """`count` sites of an organisation that exists, the same for the same `count` and `now`, but for their organisation."""
    dice = Random(count)  # the same list each time
    clients = [str(UUID(int=dice.getrandbits(128), version=4)) for _ in CLIENTS]
    made = [_rows(org, number, dice, clients, now) for number in range(count)]
    async with database.transaction(org) as tx:
        connection = await tx.connection()

        async def put(row: type[Base], rows: Iterable[dict[str, Any]]) -> None:
            whole = [{"org": org, **one} for one in rows]
            for start in range(0, len(whole), 500):
                await connection.execute(insert(cast("Table", row.__table__)), whole[start : start + 500])

        await put(ClientRow, ({"client": id_, "name": name, "created_at": now} for id_, name in zip(clients, CLIENTS, strict=True)))
        for kind in (
            SiteRow,
            InstallationRow,
            StandingRow,
            RollRow,
            ComponentRow,
            OfferRow,
            StationRow,
            ClientSiteRow,
            TagRow,
            IncidentRow,
        ):
            await put(kind, [row for rows in made for row in rows.get(kind, ())])
    return [SiteId(rows[SiteRow][0]["site"]) for rows in made]


def _rows(org: OrgId, number: int, dice: Random, clients: Sequence[str], now: datetime) -> dict[type[Base], list[dict[str, Any]]]:
    _ = org
    site, installation = (str(UUID(int=dice.getrandbits(128), version=4)) for _ in range(2))
    label = name_of(number)
    home = f"https://{label.lower().replace(' ', '-')}.example"
    silent, paused = dice.random() < 0.06, number % 41 == 40
    heard = now - timedelta(seconds=dice.randint(30_000, 200_000) if silent else dice.randint(5, 290))
    runs = [
        (key, name, versions[min(dice.choice((0, 0, 0, 1, 1, 2)), len(versions) - 1)], versions[0])
        for key, name, versions in PLUGINS
        if dice.random() < 0.7
    ]
    core = dice.choice(("7.1.4", "7.1.4", "7.1.4", "7.0.2", "6.9.4"))
    php = dice.choice(("8.4.3", "8.3.11", "8.2.27", "8.1.31"))
    offered = [(key, newest) for key, _, version, newest in runs if version != newest] + ([("core", "7.1.4")] if core != "7.1.4" else [])
    counts = {kind: sum(key.partition(":")[0] == kind for key, _ in offered) for kind in ("core", "plugin", "theme")}
    rows: dict[type[Base], list[dict[str, Any]]] = {
        SiteRow: [{"site": site, "label": label, "created_at": now - timedelta(days=90), "installation": installation,
                   "pause_reason": "Relaunch" if paused else None,
                   "paused_at": now if paused else None}],
        InstallationRow: [{
            "installation": installation, "site": site, "state": "paired", "alg": "ed25519", "home": home, "control_url": "https://control.example",
            "control_key": "0" * 16, "control_public": b"k" * 32, "control_epoch": 1, "site_epoch": 1, "seq": 1, "last_message_at": heard,
            "created_at": now - timedelta(days=90), "expires_at": now, "used_at": now, "paired_at": now - timedelta(days=90), "revoked_at": None,
            "revocation_told_at": None, "tries": 0, "verifier": None, "words": "", "connector": "0.1.0", "php": php, "wordpress": core}],
        StandingRow: [{
            "site": site, "installation": installation, "expected_since": now - timedelta(days=90), "heard_at": heard, "sent_at": heard, "read_at": None,
            "connector": "0.1.0", "home": home, "paused": "", "repair": "", "epoch": 1, "fence": 0, "inventory_hash": "", "refusals": {}, "checkpoint": ""}],
        RollRow: [{
            "site": site, "wordpress": core, "php": php, "core_updates": counts["core"], "plugin_updates": counts["plugin"],
            "theme_updates": counts["theme"], "translation_updates": 0, "updates": len(offered)}],
        ComponentRow: [
            {"site": site, "component": "core", "name": "WordPress", "version": core, "active": True},
            {"site": site, "component": "php", "name": "PHP", "version": php, "active": True},
            *({"site": site, "component": key, "name": name, "version": version, "active": dice.random() < 0.9} for key, name, version, _ in runs)],
        OfferRow: [{"site": site, "component": key, "version": version, "url": "", "first_seen": now, "gone_at": None} for key, version in offered],
        ClientSiteRow: [{"site": site, "client": dice.choice(clients)}] if dice.random() < 0.8 else [],
        TagRow: [{"site": site, "tag": tag} for tag in ("shop", "care-plan", "staging") if dice.random() < 0.25],
    }  # fmt: skip
    if dice.random() < 0.5:
        mode = dice.choice(("observe", "approve", "autonomous"))
        rows[StationRow] = [{"site": site, "mode": mode, "critical": dice.random() < 0.1, "snapshot_confirmed_at": now}]
    if dice.random() < 0.05:
        id_ = str(UUID(int=dice.getrandbits(128), version=4))
        rows[IncidentRow] = [{"id": id_, "site": site, "kind": "unreachable" if silent else "fatal", "state": "contained", "open_key": f"{site}:{id_}",
                              "opened_at": now, "last_at": now, "recovered_at": None, "signals": 1}]  # fmt: skip
    return rows
