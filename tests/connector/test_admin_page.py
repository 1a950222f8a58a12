"""The admin page: for administrators, with a nonce on every form, and hostile text shown as text."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from lab.site import Site
from tests.connector.browser import PAGE, logged_in, nonce_on, notices, submit
from tests.connector.conftest import Paired
from tests.connector.peer import Peer

pytestmark = pytest.mark.site


def state(site: Site) -> str:
    return str(json.loads(site.wp("presswarden", "status", "--format=json").stdout)["state"])


@pytest.mark.req("W11", "X1")
def test_an_administrator_pairs_through_the_page_and_sees_what_it_approves(new_site: Callable[..., Site], peer: Peer) -> None:
    site, offer = new_site(), peer.offer()
    with logged_in(site) as browser:
        page = browser.get(PAGE).text
        for tool in ("wp.site.get_environment", "wp.site.inventory", "wp.site.health", "wp.snapshot.list"):
            assert f"<code>{tool}</code>" in page
        after = submit(browser, "pair", presswarden_string=f" {offer.text}\n")
        assert "calls this site back" in notices(after.text)[0]
        assert state(site) == "paired"
        page = browser.get(PAGE).text
        assert " ".join(peer.sites[offer.installation].words) in page
        assert offer.secret.hex() not in page
        assert offer.text not in page


def test_a_wrong_string_is_told_with_its_next_step(new_site: Callable[..., Site]) -> None:
    site = new_site()
    with logged_in(site) as browser:
        assert "Copy it again" in notices(submit(browser, "pair", presswarden_string="presswarden-1.abc.00000000").text)[0]
    assert state(site) == "unpaired"


@pytest.mark.req("A8")
def test_pause_resume_and_unpair_work_from_the_page(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    with logged_in(paired.site) as browser:
        submit(browser, "pause")
        assert paired.call("wp.site.inventory").code == "call.paused"
        submit(browser, "resume")
        assert paired.call("wp.site.inventory").status == 200
        assert "heard this site" in notices(submit(browser, "heartbeat").text)[0]
        submit(browser, "unpair")
    assert state(paired.site) == "unpaired"
    assert paired.peer.heartbeats[-1].body["repair"] == "unpaired"


def test_a_form_without_its_nonce_or_with_that_of_another_form_does_nothing(shared: Paired) -> None:
    with logged_in(shared.site) as browser:
        pause = nonce_on(browser.get(PAGE).text, "pause")
        for nonce in ({}, {"presswarden_nonce": "0123456789"}, {"presswarden_nonce": pause}):
            got = browser.post("/wp-admin/admin-post.php", data={"action": "presswarden", "presswarden_do": "unpair", **nonce})
            assert got.status_code == 403
        got = browser.post(
            "/wp-admin/admin-post.php", data={"action": "presswarden", "presswarden_do": "phpinfo", "presswarden_nonce": pause}
        )
        assert got.status_code == 400
    assert state(shared.site) == "paired"


@pytest.mark.parametrize("role", ["subscriber", "contributor", "author", "editor"])
def test_who_is_not_an_administrator_sees_and_does_nothing(shared: Paired, role: str) -> None:
    shared.site.php(
        "wp_insert_user( array( 'user_login' => $argv[1], 'user_pass' => 'pass-word-1', 'role' => $argv[1], 'user_email' => $argv[1] . '@example.test' ) );",
        role,
    )
    with logged_in(shared.site, role, "pass-word-1") as browser:
        assert browser.get(PAGE).status_code == 403
        for verb in ("unpair", "pause"):
            assert browser.post("/wp-admin/admin-post.php", data={"action": "presswarden", "presswarden_do": verb}).status_code == 403
    assert httpx.post(
        shared.site.url + "/wp-admin/admin-post.php", data={"action": "presswarden", "presswarden_do": "unpair"}
    ).status_code in (200, 302, 400, 403)
    assert state(shared.site) == "paired"


@pytest.mark.req("W20")
def test_hostile_text_is_shown_as_text_in_page_and_command_line(shared: Paired) -> None:
    evil = "<script>alert(1)</script>\u202egpj.exe\u200b\x1b[31m"
    assert shared.call("control.pause", {"reason": evil}).status == 200
    assert shared.call("control.resume").status == 200
    with logged_in(shared.site) as browser:
        page = browser.get(PAGE).text
        told = browser.get(PAGE + "&presswarden_said=<script>alert(2)</script>").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[U+202E]gpj.exe[U+200B][U+001B]" in page
    for text in (page, told):
        assert "<script>alert" not in text
        assert not set("\u202e\u200b\x1b") & set(text)
    shown = shared.site.wp("presswarden", "status").stdout
    assert not set("\u202e\u200b\x1b") & set(shown)


def test_a_refused_request_leaves_none_of_its_text_behind(shared: Paired) -> None:
    evil = "<img src=x onerror=alert(7)>"
    message = shared.here.message("wp.site.health").with_header("X-WP-Agent-Signature", evil).with_header("User-Agent", evil)
    assert shared.send(message).code == "call.shape"
    rows = [
        row
        for table in ("wp_options", "wp_presswarden_calls", "wp_presswarden_journal")
        for row in shared.site.query(f"SELECT * FROM {table}")
    ]
    assert "onerror=alert(7)" not in json.dumps(rows)


def test_an_entry_of_the_journal_without_detail_shows_no_empty_box(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    assert paired.call("control.pause", {"reason": "a detail"}).status == 200
    with logged_in(paired.site) as browser:
        page = browser.get(PAGE).text
    assert "<strong>pairing.confirmed</strong> <span>control plane</span></li>" in page
    assert "reason: a detail</code></li>" in page
    assert "<code></code>" not in page


@pytest.mark.req("W11")
def test_in_a_network_only_who_runs_the_network_pairs_it_and_only_on_the_main_site(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair(multisite=True)
    site = paired.site
    site.php(
        "$id = wp_insert_user( array( 'user_login' => 'local', 'user_pass' => 'pass-word-1', 'user_email' => 'l@example.test' ) );"
        "add_user_to_blog( 1, $id, 'administrator' );"
        "wpmu_create_blog( parse_url( home_url(), PHP_URL_HOST ) . ':' . parse_url( home_url(), PHP_URL_PORT ), '/two/', 'Two', 1 );"
    )
    with logged_in(site, "local", "pass-word-1") as browser:
        assert browser.get("/wp-admin/options-general.php").status_code == 200, "an administrator of the main site"
        assert browser.get(PAGE).status_code == 403
        for verb in ("unpair", "pause"):
            assert browser.post("/wp-admin/admin-post.php", data={"action": "presswarden", "presswarden_do": verb}).status_code == 403
    with logged_in(site) as browser:
        assert browser.get(PAGE).status_code == 200
        submit(browser, "pause")
    assert json.loads(site.wp("presswarden", "status", "--format=json").stdout)["paused"] == "local"
    allowed = site.php(
        r"use Presswarden\Connector\Admin\Page; wp_set_current_user( 1 ); echo (int) Page::is_for_this_person();"
        r"switch_to_blog( 2 ); echo (int) Page::is_for_this_person();"
    )
    assert allowed == "10"
