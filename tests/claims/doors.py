"""Knocks that an attacker without any key can make at a WordPress: forms, ajax, XML-RPC, signed calls with a key of one's own.

Limits: builds and sends; what counts as getting in is for the test.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from dataclasses import replace
from typing import Any

import httpx

from lab.browser import Browser, Form, Page
from lab.site import Site
from tests.connector.wire import Answer, ControlKey, Installation, Message, send

PRETTY = "/wp-json/presswarden/v1/call"
PLAIN = "/?rest_route=/presswarden/v1/call"
SUBSCRIBER = ("visitor", "visitor-password-1")


def status(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.wp("presswarden", "status", "--format=json").stdout)
    return found


def record(site: Site) -> dict[str, Any]:
    """The stored pairing itself; empty where there never was one."""
    return dict(json.loads(site.option("presswarden_record") or "{}"))


def pinned(site: Site) -> dict[str, Any]:
    """The part of the pairing that an attacker wants to change."""
    names = ("state", "installation", "alg", "control", "home", "fingerprint", "control_keys", "site_public", "hmac_call", "words")
    return {name: value for name, value in record(site).items() if name in names}


def confirmation(here: Installation, key: ControlKey | None = None) -> Message:
    """The first signed call, with the control key beside it."""
    own = here if key is None else replace(here, key=key)
    return own.message("control.confirm").with_header("X-WP-Agent-ControlKey", base64.b64encode(own.key.public).decode())


def stranger(site: Site, installation: str = "") -> Installation:
    """Somebody with a key of their own who speaks the wire."""
    return Installation(installation or str(uuid.uuid4()), site.url, "http://127.0.0.1:9", ControlKey.new())


def knock(site: Site, message: Message, path: str = PRETTY, method: str = "POST") -> Answer:
    return send(site.url, message, path=path, method=method)


def register_visitor(site: Site) -> None:
    site.php("wp_insert_user( array( 'user_login' => $argv[1], 'user_pass' => $argv[2], 'role' => 'subscriber' ) );", *SUBSCRIBER)


def logged_in(site: Site, person: tuple[str, str]) -> Browser:
    browser = Browser(site.url)
    browser.log_in(*person)
    return browser


def post_form(site: Site, browser: Browser | None, **fields: str) -> Page:
    """A form sent to admin-post.php by hand, as another page's script would."""
    chosen = browser or Browser(site.url)
    page = Page(site.url + "/", 200, "", (), "")
    return chosen.submit(page, Form(site.url + "/wp-admin/admin-post.php", {"action": "presswarden", **fields}))


def nonces(page: Page) -> list[str]:
    return re.findall(r'name="(?:_wpnonce|presswarden_nonce)" value="([0-9a-f]+)"', page.html)


def anonymous(site: Site, method: str, path: str, **how: Any) -> httpx.Response:
    with httpx.Client(timeout=30, follow_redirects=False) as client:
        return client.request(method, site.url + path, **how)
