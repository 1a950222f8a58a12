"""Secrets at rest: sealed under the site's own key, never in the clear, and a changed key is told and not papered over."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from lab.site import Site
from tests.connector.browser import PAGE, logged_in
from tests.connector.conftest import Paired

pytestmark = pytest.mark.site


def change_key(site: Site, value: str) -> None:
    config = site.root / "wp-config.php"
    config.write_text(config.read_text().replace("<?php", f"<?php\ndefine('PRESSWARDEN_KEY', '{value}');", 1))


def status(site: Site) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(site.wp("presswarden", "status", "--format=json").stdout)
    return value


@pytest.mark.req("W9", "W20")
def test_no_secret_stands_in_the_database_or_the_content_folder_in_the_clear(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair("--hmac")
    paired.call("wp.site.health")
    dump = "\n".join(
        json.dumps(row)
        for table in ("wp_options", "wp_usermeta", "wp_presswarden_calls", "wp_presswarden_journal")
        for row in paired.site.query(f"SELECT * FROM {table}")
    )
    files = b"".join(path.read_bytes() for path in (paired.site.content / "presswarden-state").iterdir())
    secrets = [paired.here.key.secret, paired.here.hmac_site, paired.offer.secret, paired.offer.verifier]
    for secret in secrets:
        for form in (secret.hex(), base64.b64encode(secret).decode()):
            assert form not in dump
            assert form.encode() not in files
        assert secret not in files


@pytest.mark.req("W20")
def test_nothing_in_the_state_folder_can_be_fetched(shared: Paired) -> None:
    folder = shared.site.content / "presswarden-state"
    names = [path.name for path in folder.iterdir()]
    assert len(names) >= 4
    for name in names:
        got = httpx.get(f"{shared.site.url}/wp-content/presswarden-state/{name}")
        assert got.content in (b"",) or got.status_code in (403, 404)


@pytest.mark.req("W9")
@pytest.mark.parametrize("mode", ["", "--hmac"])
def test_a_changed_auth_key_is_needs_repair_without_crash_and_without_new_keys(new_pair: Callable[..., Paired], mode: str) -> None:
    paired = new_pair(*([mode] if mode else []))
    before = json.loads(str(paired.site.option("presswarden_record")))
    ran = len(paired.ran())
    config = (paired.site.root / "wp-config.php").read_text()
    change_key(paired.site, "another key, long enough to be one, 0123456789")
    answer = paired.call("wp.site.health")
    assert (answer.status, answer.code) == (503, "call.store")
    assert "AUTH_KEY" in answer.json["says"]
    assert "X-WP-Agent-ReceiptSignature" not in answer.headers
    assert len(paired.ran()) == ran
    assert paired.site.wp("presswarden", "heartbeat").code == 1
    shown = status(paired.site)
    assert shown["repair"] == "sealed_mac"
    assert "AUTH_KEY" in shown["next_step"]
    with logged_in(paired.site) as browser:
        assert "Needs repair" in browser.get(PAGE).text
    after = json.loads(str(paired.site.option("presswarden_record")))
    secrets = ("site_secret", "site_public", "hmac_call", "hmac_site", "control_keys")
    assert {name: after[name] for name in secrets} == {name: before[name] for name in secrets}
    (paired.site.root / "wp-config.php").write_text(config)
    assert paired.call("wp.site.health").status == 200
    assert status(paired.site)["repair"] == ""


def test_a_stranger_learns_nothing_about_a_changed_key(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    change_key(paired.site, "another key, long enough to be one, 0123456789")
    forged = paired.here.message("wp.site.health").with_header("X-WP-Agent-TTL", "99")
    answer = paired.send(forged)
    assert (answer.status, answer.code) == (401, "call.signature")
