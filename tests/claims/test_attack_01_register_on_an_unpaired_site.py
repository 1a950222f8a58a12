"""Attack 1: register a control plane of one's own on a site that nobody has paired yet.

Three doors. The signed route of a site that was never paired or was unpaired: stopped by the route not being there, then the installation, the state, the
algorithm, the signature, the audience and the clone check, and the site having no key of its own to answer with; and a site never paired has no table to
claim a call in. The signed route while an administrator's own pairing waits for its confirmation: stopped by the fingerprint of the pairing string. The
administrator's form: stopped by its capability and by its nonce. Each proof takes out every layer that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.doors import (
    PLAIN,
    PRETTY,
    SUBSCRIBER,
    anonymous,
    confirmation,
    knock,
    logged_in,
    post_form,
    register_visitor,
    status,
    stranger,
)
from tests.claims.victims import Paired, Spare, Swap
from tests.connector.peer import Peer
from tests.connector.wire import ControlKey, Message

pytestmark = [pytest.mark.site, pytest.mark.req("P1", "X1", "W11")]

FORM = "src/Admin/Form.php"
NO_CAPABILITY = Swap(FORM, "if ( ! current_user_can( Page::CAPABILITY ) ) {", "if ( false ) {")
NO_NONCE = Swap(FORM, "check_admin_referer( self::nonce_of( $verb ), self::NONCE );")
NO_FINGERPRINT = Swap("src/Core/Verifier.php", "! hash_equals( $this->pinned->fingerprint, hash( 'sha256', $raw ) ) || ")
CALLS = "src/Site/Calls.php"
ROUTE_ALWAYS = Swap("src/Rest/CallRoute.php", "return Record::PAIRED === $state || Record::REVOKED === $state;", "return true;")
ANY_INSTALLATION = Swap(CALLS, "if ( ! hash_equals( $record->installation, $envelope->installation ) ) {", "if ( false ) {")
A_KEY_AT_HAND = Swap(
    CALLS,
    "return null === $before ? Keys::signer( $record ) : $before;",
    "return new Signer( 'ed25519', \\Presswarden\\Connector\\Core\\Ed25519::keypair()['secret'] );",
)
LEARNS_OF_ANYBODY = Swap(CALLS, "if ( $fresh->installation !== $call->installation ) {", "if ( false ) {")
CHANGES_FOR_ANYBODY = Swap(
    "src/Site/StateChange.php", "if ( $fresh->installation !== $call->installation || ! $fresh->is_live( time() ) ) {", "if ( false ) {"
)
"""The last look, when an action writes: it stops the change, but not the action's beginning, so it is taken out in each run."""
CHECKS = ("installation", "algorithm", "signature", "audience", "clone")
NO_CHECK_OF_THE_CALLER = (ROUTE_ALWAYS, ANY_INSTALLATION, A_KEY_AT_HAND, LEARNS_OF_ANYBODY, *CHECKS)


@pytest.fixture(scope="module")
def rogue() -> Iterator[Peer]:
    """The attacker's own control plane."""
    with Peer() as found:
        yield found


@pytest.fixture
def waiting(spare: Spare) -> Iterator[Callable[..., Paired]]:
    """A site whose administrator has pasted a string and whose control plane has not called back yet."""

    def begin(*changes: str | Swap) -> Paired:
        site = spare.unpaired(*changes)
        offer = spare.peer.offer()
        spare.peer.confirm = False
        assert site.wp("presswarden", "pair", offer.text, "--wait=0").code == 0
        return Paired(site, spare.peer, spare.peer.sites[offer.installation], offer)

    yield begin
    spare.peer.confirm = True


def untouched(site: Site) -> bool:
    return site.events("action_ran") == [] and site.option("presswarden_record") is None


def signed_knocks(site: Site) -> list[tuple[str, str, str, Message]]:
    """Name, path, method, message."""
    own = stranger(site)
    found = [
        (f"{tool} by {method} {path}", path, method, own.message(tool))
        for tool in ("control.confirm", "wp.site.get_environment", "control.rotate")
        for path in (PRETTY, PLAIN)
        for method in ("POST", "GET")
    ]
    found.append(("confirmation with its own key", PRETTY, "POST", confirmation(own)))
    empty = replace(own, installation="", home="")
    found.append(("the empty installation of a site without one", PRETTY, "POST", empty.message("wp.site.get_environment")))
    found.append(("nothing signed at all", PRETTY, "POST", Message(b"{}", {})))
    return found


def test_a_signed_call_to_a_site_that_was_never_paired_finds_nothing(unpaired_site: Callable[..., Site], attack: Attack) -> None:
    site = unpaired_site()
    for name, path, method, message in signed_knocks(site):
        answer = knock(site, message, path, method)
        attack.refused(name, answer, "rest_no_route")
    for path in ("register", "pair", "connect", "add_site", "confirm", "call/confirm", ""):
        got = anonymous(site, "POST", f"/wp-json/presswarden/v1/{path}", json={"installation": "x", "control": "http://127.0.0.1:9"})
        attack.repelled(f"the route {path}", got.status_code == 404, got.text[:200])
    attack.repelled("what the site keeps", untouched(site) and status(site)["state"] == "unpaired", status(site))


def test_a_form_of_the_attacker_pairs_nothing_without_an_administrator(
    unpaired_site: Callable[..., Site], rogue: Peer, attack: Attack
) -> None:
    site = unpaired_site()
    register_visitor(site)
    fields = {
        "presswarden_do": "pair",
        "presswarden_string": rogue.offer().text,
        "presswarden_replace": "1",
        "presswarden_nonce": "0123456789",
    }
    visitor = logged_in(site, SUBSCRIBER)
    for name, browser in (("nobody", None), ("a subscriber", visitor)):
        page = post_form(site, browser, **fields)
        attack.repelled(f"{name} posts the form", untouched(site) and "done.pair" not in page.url, page.url)
    admin = logged_in(site, site.admin)
    page = post_form(site, admin, **fields)
    attack.repelled("an administrator's browser posts it for another page", page.status == 403 and untouched(site), page.status)
    string = fields["presswarden_string"]
    for path in (
        "/wp-admin/admin-ajax.php",
        "/wp-admin/admin-post.php",
        "/xmlrpc.php",
        "/wp-cron.php",
        "/",
        "/wp-admin/tools.php?page=presswarden",
    ):
        for method in ("POST", "GET"):
            got = anonymous(
                site,
                method,
                path,
                params={**fields, "action": "presswarden"} if method == "GET" else {},
                data={**fields, "action": "presswarden"},
            )
            attack.repelled(f"{method} {path}", untouched(site), got.status_code)
    for parameters in (
        {"origin": "mo", "type": "presswarden"},
        {"presswarden": string},
        {"presswarden_string": string, "presswarden_do": "pair"},
    ):
        attack.repelled(
            f"parameters {sorted(parameters)}", anonymous(site, "GET", "/", params=parameters).status_code < 500 and untouched(site)
        )
    attack.repelled("the attacker's control plane", rogue.sites == {}, rogue.sites)


def test_while_a_pairing_waits_only_the_key_of_its_string_confirms_it(waiting: Callable[..., Paired], attack: Attack) -> None:
    paired = waiting()
    site, honest = paired.site, paired.here
    thief = ControlKey.new()
    own = replace(honest, key=thief)
    honest_key = confirmation(honest).headers["X-WP-Agent-ControlKey"]
    attempts = {
        "own key and own signature": confirmation(honest, thief),
        "the right key, own signature": own.message("control.confirm").with_header("X-WP-Agent-ControlKey", honest_key),
        "no key at all": own.message("control.confirm"),
        "the fingerprint as the key": own.message("control.confirm").with_header("X-WP-Agent-ControlKey", "A" * 43 + "="),
    }
    for name, message in attempts.items():
        attack.refused(name, knock(site, message), "call.signature", "call.shape")
    for tool in ("wp.site.get_environment", "control.pause", "control.rotate", "control.revoke"):
        early = own.message(tool).with_header("X-WP-Agent-ControlKey", confirmation(honest, thief).headers["X-WP-Agent-ControlKey"])
        attack.refused(f"{tool} before the confirmation", knock(site, early), "call.signature")
    attack.refused("another installation", knock(site, confirmation(stranger(site))), "call.installation")
    attack.repelled("what ran", site.events("action_ran") == [], site.events("action_ran"))
    assert knock(site, confirmation(honest)).status == 200
    assert status(site)["state"] == "paired"


def test_the_administrator_pairs_through_the_form_as_it_should_be(unpaired_site: Callable[..., Site], peer: Peer) -> None:
    site = unpaired_site()
    admin, offer = logged_in(site, site.admin), peer.offer()
    page = admin.get("/wp-admin/tools.php?page=presswarden")
    landed = admin.submit(page, page.form_with("presswarden_string"), {"presswarden_string": offer.text})
    assert "done.pair" in landed.url
    site.await_events("action_ran", 1)
    here = peer.sites[offer.installation]
    assert knock(site, here.message("wp.site.get_environment")).status == 200


def test_without_the_check_of_the_fingerprint_the_attacker_is_paired(waiting: Callable[..., Paired]) -> None:
    paired = waiting(NO_FINGERPRINT)
    thief = ControlKey.new()
    assert knock(paired.site, confirmation(paired.here, thief)).status == 200
    assert knock(paired.site, replace(paired.here, key=thief).message("wp.site.inventory")).status == 200


def test_without_capability_and_nonce_a_subscriber_pairs_the_site_with_the_attacker(
    unpaired_site: Callable[..., Site], rogue: Peer
) -> None:
    for changes, person in (((NO_CAPABILITY, NO_NONCE), SUBSCRIBER), ((NO_NONCE,), None)):
        site = unpaired_site(*changes)
        register_visitor(site)
        offer = rogue.offer()
        post_form(site, logged_in(site, person or site.admin), presswarden_do="pair", presswarden_string=offer.text)
        site.await_events("action_ran", 1)
        assert knock(site, rogue.sites[offer.installation].message("wp.site.inventory")).status == 200


def test_without_all_layers_of_the_route_a_stranger_commands_an_unpaired_site(mutated_site: Callable[..., Paired]) -> None:
    def stranger_pauses(*changes: str | Swap) -> int:
        site = mutated_site(CHANGES_FOR_ANYBODY, *changes).site
        assert site.wp("presswarden", "unpair").code == 0
        site.clear_events()
        own = stranger(site)
        message = own.message("control.pause", {"reason": "mine now"})
        status = knock(site, message.with_header("X-WP-Agent-ControlKey", confirmation(own).headers["X-WP-Agent-ControlKey"])).status
        assert [event["tool"] for event in site.events("action_ran")] == (["control.pause"] if status == 200 else [])
        return status

    assert stranger_pauses(*NO_CHECK_OF_THE_CALLER) == 200
    for layer in NO_CHECK_OF_THE_CALLER:
        assert stranger_pauses(*(change for change in NO_CHECK_OF_THE_CALLER if change != layer)) >= 400, f"{layer} alone does not stop it"
