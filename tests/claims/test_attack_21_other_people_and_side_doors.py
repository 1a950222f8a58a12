"""Attack 21: come as a subscriber, a contributor or nobody at every address of the site: REST, admin page, forms, options, admin-ajax, heartbeat, cron,
XML-RPC.

What stops it: the connector hooks one REST route (signature), one admin page and one form (capability, then nonce), and nothing else: no admin-ajax action,
no WordPress heartbeat, no XML-RPC method, no option that others may write; its cron jobs send what they send whoever wakes them. The proofs take the
capabilities out, and hook the form to the side doors the way other connectors did: then the same knocks change the pairing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from lab.browser import Browser, Form, Page
from lab.errors import LabError
from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.doors import logged_in, pinned, post_form, record
from tests.claims.victims import Paired, Swap

pytestmark = [pytest.mark.site, pytest.mark.req("W11", "W12")]

PEOPLE = ("subscriber", "contributor", "author", "editor")
WORD = "visitor-password-1"
FORMS = (
    "/wp-admin/admin-post.php",
    "/wp-admin/admin-ajax.php",
    "/wp-admin/options.php",
    "/wp-cron.php",
    "/",
    "/wp-admin/tools.php?page=presswarden",
)
PAGES = (
    "/wp-admin/tools.php?page=presswarden",
    "/wp-admin/admin.php?page=presswarden",
    "/wp-admin/tools.php?page=presswarden&presswarden_said=done.pair",
    "/wp-admin/options.php",
    "/wp-admin/export.php",
    "/wp-admin/site-health.php?tab=debug",
    "/wp-admin/",
    "/wp-admin/profile.php",
    "/",
)
TELLING = (
    "/wp-json/",
    "/wp-json/wp/v2/settings",
    "/wp-json/wp/v2/users?context=edit",
    "/wp-json/wp/v2/plugins",
    "/wp-json/wp-site-health/v1/tests/x",
)
VERBS = ("pause", "unpair", "copy", "moved", "restored", "heartbeat", "resume", "pair")
FORM, PAGE, PLUGIN = "src/Admin/Form.php", "src/Admin/Page.php", "src/Plugin.php"
FORM_FOR_ALL = (
    Swap(FORM, "if ( ! current_user_can( Page::CAPABILITY ) ) {", "if ( false ) {"),
    Swap(FORM, "check_admin_referer( self::nonce_of( $verb ), self::NONCE );"),
)
PAGE_FOR_ALL = Swap(PAGE, "public const CAPABILITY = 'manage_options';", "public const CAPABILITY = 'read';")
SIDE_DOORS = Swap(
    PLUGIN,
    "		if ( is_admin() ) {\n",
    "		foreach ( array( 'wp_ajax_presswarden', 'wp_ajax_nopriv_presswarden', 'admin_post_nopriv_presswarden' ) as $hook ) {\n"
    "			add_action( $hook, array( Form::class, 'submitted' ) );\n		}\n		if ( is_admin() ) {\n",
)


@dataclass
class Caller:
    """Somebody at this site, logged in or not."""

    site: Site
    role: str
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser(self.site.url)
        if self.role:
            self.site.php(
                "if ( ! username_exists( $argv[1] ) ) { wp_insert_user( array( 'user_login' => $argv[1], 'user_pass' => $argv[2], 'role' => $argv[1] ) ); }",
                self.role,
                WORD,
            )
            self.browser = logged_in(self.site, (self.role, WORD))

    def post(self, path: str, **fields: str) -> Page:
        return self.browser.submit(Page(self.site.url + "/", 200, "", (), ""), Form(self.site.url + path, fields))

    def get(self, path: str) -> Page | None:
        try:
            return self.browser.get(path)
        except LabError:
            return None


@pytest.fixture
def victim(mutated_site: Callable[..., Paired]) -> Callable[..., Paired]:
    return mutated_site


def knocks(caller: Caller, paired: Paired) -> None:
    """Every address that might do something, with every verb of the admin page."""
    for verb in VERBS:
        own = {"presswarden_do": verb, "presswarden_string": paired.offer.text, "presswarden_replace": "1"}
        post_form(caller.site, caller.browser, **own)
        for path in FORMS:
            caller.post(path, action="presswarden", **own)
        for action in (f"presswarden_{verb}", verb, "heartbeat"):
            caller.post("/wp-admin/admin-ajax.php", action=action, **own, **{"data[presswarden_do]": verb})
    for option in ("presswarden_record", "presswarden_flags", "presswarden_inventory"):
        caller.post("/wp-admin/options.php", action="update", option_page="general", page_options=option, **{option: "{}"})
        caller.post("/wp-json/wp/v2/settings", **{option: "{}"})


def xml_rpc(caller: Caller) -> list[str]:
    told = []
    calls = [f"<methodName>{name}</methodName><params/>" for name in ("presswarden.call", "presswarden.pair", "presswarden.pause")]
    values = "".join(f"<param><value>{value}</value></param>" for value in ("1", caller.role, WORD))
    option = "<param><value><struct><member><name>presswarden_record</name><value>{}</value></member></struct></value></param>"
    calls += [
        f"<methodName>wp.getOptions</methodName><params>{values}</params>",
        f"<methodName>wp.setOptions</methodName><params>{values}{option}</params>",
    ]
    for call in calls:
        told.append(
            httpx.post(caller.site.url + "/xmlrpc.php", content=f"<?xml version='1.0'?><methodCall>{call}</methodCall>", timeout=30).text
        )
    return told


@pytest.mark.parametrize("role", ["", *PEOPLE])
def test_no_address_does_anything_for_who_is_no_administrator(attack: Attack, victim: Callable[..., Paired], role: str) -> None:
    paired = victim()
    caller = Caller(paired.site, role)
    before, sent = pinned(paired.site), len(paired.peer.heartbeats)
    knocks(caller, paired)
    after = record(paired.site)
    attack.repelled(f"{role or 'nobody'}: the pairing", pinned(paired.site) == before, after)
    attack.repelled("pauses", (after["paused_local"], after["paused_control"], after["quiet"]) == (False, False, ""), after)
    attack.repelled("actions", paired.ran() == [], paired.ran())
    told = "".join(xml_rpc(caller))
    attack.repelled(
        "XML-RPC", "presswarden_record" not in told and after["installation"] not in told and pinned(paired.site) == before, told
    )
    attack.repelled("heartbeats are WordPress's own business", len(paired.peer.heartbeats) - sent <= 2)


@pytest.mark.parametrize("role", ["", *PEOPLE])
def test_no_page_shows_the_connector_to_who_is_no_administrator(attack: Attack, paired_site: Paired, role: str) -> None:
    caller = Caller(paired_site.site, role)
    for path in PAGES:
        page = caller.get(path)
        shown = "" if page is None else page.html
        attack.repelled(
            f"{role or 'nobody'} at {path}", paired_site.here.installation not in shown and "presswarden_nonce" not in shown, shown[:300]
        )


@pytest.mark.parametrize("role", ["", *PEOPLE])
def test_no_route_of_the_rest_interface_tells_or_takes_anything_of_ours(attack: Attack, paired_site: Paired, role: str) -> None:
    site = paired_site.site
    if role:
        Caller(site, role)
        word = site.php(
            "[ $p ] = WP_Application_Passwords::create_new_application_password( get_user_by( 'login', $argv[1] )->ID, array( 'name' => uniqid() ) ); echo $p;",
            role,
        )
    ran, before = len(paired_site.ran()), pinned(site)
    with httpx.Client(base_url=site.url, auth=(role, word) if role else None, timeout=30) as client:
        for path in TELLING:
            told = client.get(path).text
            attack.repelled(
                f"{role or 'nobody'}: {path}", "presswarden/v1" not in told and paired_site.here.installation not in told, told[:300]
            )
        for method in ("GET", "POST", "PUT", "DELETE"):
            for path in (
                "/wp-json/presswarden/v1",
                "/wp-json/presswarden/v1/call",
                "/wp-json/presswarden/v1/pair",
                "/?rest_route=/presswarden/v1/call",
            ):
                answer = client.request(method, path, json={"tool": "control.pause", "args": {"reason": "x"}})
                attack.repelled(
                    f"{method} {path}", answer.status_code >= 400 and "receipt" not in str(answer.headers).lower(), answer.text[:300]
                )
    attack.repelled("nothing ran and nothing changed", len(paired_site.ran()) == ran and pinned(site) == before)


def test_cron_and_heartbeat_say_no_more_when_a_stranger_wakes_them(attack: Attack, paired_site: Paired) -> None:
    ran = len(paired_site.ran())
    answer = httpx.get(paired_site.site.url + "/wp-cron.php?doing_wp_cron", timeout=60)
    attack.repelled("wp-cron.php shows nothing", answer.text == "", answer.text[:200])
    answer = httpx.post(
        paired_site.site.url + "/wp-admin/admin-ajax.php", data={"action": "heartbeat", "data[presswarden]": "1"}, timeout=30
    )
    attack.repelled("WordPress's heartbeat for nobody", "presswarden" not in answer.text, answer.text)
    attack.repelled("nothing ran", len(paired_site.ran()) == ran)


def test_the_administrator_sees_the_page_and_pauses(victim: Callable[..., Paired]) -> None:
    paired = victim()
    admin = logged_in(paired.site, paired.site.admin)
    page = admin.get("/wp-admin/tools.php?page=presswarden")
    assert paired.here.installation in page.html
    form = next(form for form in page.forms if form.fields.get("presswarden_do") == "pause")
    assert "done.pause" in admin.submit(page, form).url
    assert record(paired.site)["paused_local"] is True


def test_without_its_capability_a_subscriber_sees_the_page(victim: Callable[..., Paired]) -> None:
    paired = victim(PAGE_FOR_ALL)
    page = Caller(paired.site, "subscriber").get("/wp-admin/tools.php?page=presswarden")
    # Tools is no menu of a subscriber, but the page has an address of its own.
    assert page is not None
    assert paired.here.installation in page.html


@pytest.mark.parametrize(("changes", "role", "path"), [
    (FORM_FOR_ALL, "subscriber", "/wp-admin/admin-post.php"),
    ((*FORM_FOR_ALL, SIDE_DOORS), "subscriber", "/wp-admin/admin-ajax.php"),
    ((*FORM_FOR_ALL, SIDE_DOORS), "", "/wp-admin/admin-ajax.php"),
    ((*FORM_FOR_ALL, SIDE_DOORS), "", "/wp-admin/admin-post.php"),
])  # fmt: skip
def test_without_the_checks_the_same_knock_takes_the_pairing_apart(
    victim: Callable[..., Paired], changes: tuple[Swap, ...], role: str, path: str
) -> None:
    paired = victim(*changes)
    Caller(paired.site, role).post(path, action="presswarden", presswarden_do="unpair")
    assert record(paired.site)["state"] == ""
