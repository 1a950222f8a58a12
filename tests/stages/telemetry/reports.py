"""What a site might report, for tests: an installation, an honest inventory, and heartbeat bodies in the form of the wire."""

from dataclasses import dataclass
from datetime import datetime

from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import InstallationId, OrgId, SiteId, new_id
from presswarden.telemetry.model import Components, inventory_hash

HOME = "https://shop.example"

INVENTORY: dict[str, dict[str, Json]] = {
    "core": {"locale": "de_DE", "version": "7.1.4"},
    "passwords": {"count": 2, "users": {"0f3c9a1be2d45a77": {"count": 2, "last_used": 0, "never_used": 2, "oldest": 1_790_000_000}}},
    "php": {"memory_limit": 268435456, "version": "8.2.7"},
    "plugin:akismet/akismet.php": {"active": True, "name": "Akismet", "version": "5.7.2"},
    "plugin:hello.php": {"active": False, "name": "Hello Dolly", "version": "1.7.2"},
    "server": {"database": "mariadb", "os": "Linux"},
    "theme:twentytwentyfive": {"active": True, "name": "Twenty Twenty-Five", "version": "1.5"},
    "translation:plugin:akismet:de_DE": {"revised": "2026-10-01 10:00:00+0000"},
    "update:plugin:akismet/akismet.php": {"package": True, "requires_php": "7.2", "version": "5.8"},
}


@dataclass(frozen=True)
class Installed:
    org: OrgId
    id: InstallationId
    site: SiteId


def installation(org: OrgId) -> Installed:
    return Installed(org, InstallationId(new_id()), SiteId(new_id()))


def heartbeat(seq: int, sent_at: datetime, components: Components, /, **more: Json) -> dict[str, Json]:
    """A short heartbeat that names the hash of `components`; `more` adds or replaces members."""
    return {
        "bind": {"aud": "https://control.example", "dir": "heartbeat", "kid": "0" * 16, "nonce": "0" * 32, "v": 1},
        "checkpoint": "",
        "connector": "0.1.0",
        "epoch": 1,
        "fence": 0,
        "home": HOME,
        "inventory_hash": inventory_hash(components),
        "paused": "",
        "refusals": {},
        "repair": "",
        "seq": seq,
        "sent_at": int(sent_at.timestamp()),
        "v": 1,
        **more,
    }


def full(seq: int, sent_at: datetime, components: Components, /, **more: Json) -> dict[str, Json]:
    return heartbeat(seq, sent_at, components, inventory=components, **more)


def delta(seq: int, sent_at: datetime, before: Components, after: Components, /, **more: Json) -> dict[str, Json]:
    """A heartbeat with exactly the difference from `before` to `after`."""
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    gone = sorted(before.keys() - after.keys())
    return heartbeat(seq, sent_at, after, delta={"base": inventory_hash(before), "set": changed, "unset": gone}, **more)
