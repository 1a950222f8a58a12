"""The secrets of a site, how they may be written, and every place of a site where one might turn up.

Limits: looks for secrets that are known to the test; what is derived from them in other ways is not found.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

import httpx

from lab.site import Site
from tests.claims.doors import logged_in
from tests.claims.victims import Paired

TABLES = ("wp_options", "wp_usermeta", "wp_users", "wp_presswarden_calls", "wp_presswarden_journal")
PHRASES = ("AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY", "AUTH_SALT", "SECURE_AUTH_SALT", "LOGGED_IN_SALT", "NONCE_SALT")


def forms(secret: bytes) -> list[bytes]:
    """How a secret may be written."""
    whole = len(secret) * 4 // 3  # the rest of base64 depends on what follows the secret
    both = (base64.b64encode(secret)[:whole], base64.urlsafe_b64encode(secret)[:whole])
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), *both]


def found(secrets: Mapping[str, bytes], where: bytes) -> list[str]:
    plain = where.replace(b"\\", b"")  # JSON inside JSON escapes the slashes of base64
    return [name for name, secret in secrets.items() if any(form in text for form in forms(secret) for text in (where, plain))]


def constants(site: Site) -> dict[str, bytes]:
    config = (site.root / "wp-config.php").read_text()
    return {name: re.search(rf"'{name}', '([0-9a-f]{{64}})'", config)[1].encode() for name in PHRASES}  # type: ignore[index]  # each is there


def of_site(paired: Paired) -> dict[str, bytes]:
    """Everything that a site must keep to itself."""
    secrets = {**constants(paired.site), "pairing secret": paired.offer.secret, "verifier": paired.offer.verifier}
    if paired.here.alg == "hmac-sha256":
        return {**secrets, "call key": paired.here.key.secret, "site key": paired.here.hmac_site}
    opened = paired.site.php(
        "$r = ( new Presswarden\\Connector\\Site\\RecordStore() )->read();"
        "echo base64_encode( Presswarden\\Connector\\Site\\Keys::open( 'site', $r->site_secret ) );"
    )
    return {**secrets, "site key": base64.b64decode(opened)[:32]}


def stored(site: Site) -> dict[str, bytes]:
    """What a copy of the database, the content folder and the logs would show."""
    kept = {table: json.dumps(site.query(f"SELECT * FROM {table}"), default=str).encode() for table in TABLES}
    kept |= {str(path): path.read_bytes() for path in site.content.rglob("*") if path.is_file() and "themes" not in path.parts}
    assert site.database.file is not None
    kept |= {str(path): path.read_bytes() for path in site.database.file.parent.iterdir()}
    return kept | {
        str(path): path.read_bytes() for path in (site.log, site.state / "server.log", site.state / "events.jsonl") if path.exists()
    }


def answers(paired: Paired) -> dict[str, bytes]:
    """What anybody, and what an administrator, gets to see over HTTP."""
    site, seen = paired.site, {}
    with httpx.Client(base_url=site.url, timeout=30) as client:
        for path in (
            "/",
            "/wp-json/",
            "/wp-json/presswarden/v1",
            "/wp-json/wp/v2/types",
            "/?rest_route=/presswarden/v1/call",
            "/readme.html",
            "/wp-login.php",
        ):
            answer = client.get(path)
            seen[path] = str(answer.headers).encode() + answer.content
        for path in (
            "/wp-json/wp/v2/settings",
            "/wp-json/wp/v2/users?context=edit",
            "/wp-json/wp/v2/plugins",
            "/wp-json/wp-site-health/v1/directory-sizes",
        ):
            seen[path] = client.get(path, auth=(site.admin[0], site.app_password)).content
    admin = logged_in(site, site.admin)
    for path in (
        "tools.php?page=presswarden",
        "options.php",
        "export.php?download=true&content=all",
        "site-health.php?tab=debug",
        "plugins.php",
        "users.php",
    ):
        seen[path] = admin.get(f"/wp-admin/{path}").html.encode()
    here, good = paired.here, paired.here.message("wp.site.inventory")
    for variant, message in {
        "inventory": good,
        "duplicate": good.with_header("Accept", "*/*"),
        "environment": here.message("wp.site.get_environment"),
        "health": here.message("wp.site.health"),
        "unknown tool": here.message("wp.site.keys"),
        "bad arguments": here.message("wp.site.health", {"key": "AUTH_KEY"}),
        "bad signature": good.with_header("X-WP-Agent-TTL", "99"),
        "bad header": good.with_header("X-WP-Agent-TTL", "x"),
        "another installation": good.with_header("X-WP-Agent-Installation", here.installation[::-1]),
    }.items():
        answer = paired.send(message)
        seen[variant] = str(answer.headers).encode() + answer.body
    for command in ("status", "heartbeat"):
        ran = site.wp("presswarden", command)
        seen[command] = (ran.stdout + ran.stderr).encode()
    seen["heartbeats"] = json.dumps([beat.body for beat in paired.peer.heartbeats]).encode()
    return seen
