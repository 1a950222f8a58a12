"""Attack 22: have a signed-in administrator's browser send the connector's form from somebody else's page.

What stops it: each form has a nonce of its own verb, person and session, checked before anything posted is acted on; nothing is done by an address alone; a
signed call is no cookie's business. The proof takes the nonce out: then a page from elsewhere pauses the site and takes its pairing apart.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from lab.browser import Form, Page
from lab.errors import LabError
from tests.claims.attacks import Attack
from tests.claims.doors import logged_in, nonces, pinned, record, register_visitor
from tests.claims.victims import Paired, Swap

pytestmark = [pytest.mark.site, pytest.mark.req("W11", "W12")]

PAGE, POST = "/wp-admin/tools.php?page=presswarden", "/wp-admin/admin-post.php"
VERBS = ("pause", "unpair", "resume", "pair", "copy", "moved", "restored", "keep", "drop", "heartbeat")
NO_NONCE = Swap("src/Admin/Form.php", "check_admin_referer( self::nonce_of( $verb ), self::NONCE );")
OF_SOMEBODY_ELSE = "wp_set_current_user( get_user_by( 'login', $argv[1] )->ID ); echo wp_create_nonce( 'presswarden_' . $argv[2] );"


def state(paired: Paired) -> dict[str, object]:
    return {
        **pinned(paired.site),
        "paused": record(paired.site).get("paused_local"),
        "kept": paired.site.option("presswarden_keep_snapshots"),
    }


def test_no_page_of_somebody_else_does_anything_in_an_administrators_name(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    site, before = paired.site, state(paired)
    register_visitor(site)
    admin = logged_in(site, site.admin)
    own = nonces(admin.get(PAGE))
    assert own
    for verb in VERBS:
        fields = {"action": "presswarden", "presswarden_do": verb, "presswarden_string": paired.offer.text, "presswarden_replace": "1"}
        stolen = {
            "a visitor's own nonce": site.php(OF_SOMEBODY_ELSE, "visitor", verb),
            "a made-up nonce": "0123456789",
            "an empty nonce": "",
        }
        tries = {"no nonce": fields, **{name: {**fields, "presswarden_nonce": nonce} for name, nonce in stolen.items()}}
        tries |= {"the nonce of WordPress's own forms": {**fields, "_wpnonce": own[0]}}
        for name, sent in tries.items():
            admin.submit(Page("http://elsewhere.example/", 200, "", (), ""), Form(site.url + POST, sent))
            attack.repelled(f"{verb} with {name}", state(paired) == before, state(paired))
        query = "&".join(f"{key}={value}" for key, value in fields.items() if key != "presswarden_string")
        for path in (f"{POST}?{query}", f"{PAGE}&{query}", f"/?{query}"):
            with suppress(LabError):
                admin.get(path)
        attack.repelled(f"{verb} by an address", state(paired) == before, state(paired))


def test_the_administrators_own_form_pauses(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    admin = logged_in(paired.site, paired.site.admin)
    page = admin.get(PAGE)
    admin.submit(page, next(form for form in page.forms if form.fields.get("presswarden_do") == "pause"))
    assert record(paired.site)["paused_local"] is True


def test_without_the_nonce_a_page_from_elsewhere_takes_the_pairing_apart(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(NO_NONCE)
    admin = logged_in(paired.site, paired.site.admin)
    admin.submit(
        Page("http://elsewhere.example/", 200, "", (), ""),
        Form(paired.site.url + POST, {"action": "presswarden", "presswarden_do": "unpair"}),
    )
    assert record(paired.site)["state"] == ""
