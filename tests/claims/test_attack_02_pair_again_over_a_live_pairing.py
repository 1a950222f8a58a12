"""Attack 2: pair a site again while it is paired, and so take it over.

Layers on the site. The signed route: a second confirmation is stopped by the state (only a waiting pairing takes a key from a header), by the fingerprint
and by the confirmation changing nothing once paired. The form: by the live pairing (an explicit replacement is asked for), the capability and the nonce. A
replacement that the control plane then refuses costs nothing. On the control plane: test_attack_03 and the test of a live home here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.claims.attacks import Attack
from tests.claims.doors import PLAIN, PRETTY, SUBSCRIBER, confirmation, knock, logged_in, pinned, post_form, register_visitor
from tests.claims.victims import Paired, Swap
from tests.connector.peer import Peer, problem
from tests.connector.wire import ControlKey

pytestmark = [pytest.mark.site, pytest.mark.req("X1", "P1")]

NO_NONCE = Swap("src/Admin/Form.php", "check_admin_referer( self::nonce_of( $verb ), self::NONCE );")
NO_CAPABILITY = Swap("src/Admin/Form.php", "if ( ! current_user_can( Page::CAPABILITY ) ) {", "if ( false ) {")
LIVE_MAY_GO = Swap("src/Site/Pairing.php", "if ( $before->is_live( $now ) && ! $replace ) {", "if ( false ) {")
ANY_STATE = Swap(
    "src/Core/Verifier.php",
    "if ( Pinned::CONFIRMING !== $this->pinned->state || Pinned::ED25519 !== $this->pinned->alg ) {",
    "if ( '' === $this->envelope->control_key ) {",
)
ANY_KEY = Swap("src/Core/Verifier.php", "! hash_equals( $this->pinned->fingerprint, hash( 'sha256', $raw ) ) || ")
CONFIRMED_TWICE = Swap("src/Site/Pairing.php", "if ( Record::CONFIRMING !== $fresh->state ) {", "if ( false ) {")


@pytest.fixture(scope="module")
def rogue() -> Iterator[Peer]:
    with Peer() as found:
        yield found


def test_no_second_confirmation_changes_a_pinned_key(mutated_site: Callable[..., Paired], attack: Attack) -> None:
    paired = mutated_site()
    before, thief = pinned(paired.site), ControlKey.new()
    own = replace(paired.here, key=thief)
    rotation = own.message("control.rotate", {"epoch": 2, "public_key": "A" * 43 + "=", "signature": "A" * 86 + "=="})
    for path in (PRETTY, PLAIN):
        for name, message in {
            "own key, own signature": confirmation(paired.here, thief),
            "own signature, no header": own.message("control.confirm"),
            "own signature, the pinned key as header": own.message("control.confirm").with_header(
                "X-WP-Agent-ControlKey", confirmation(paired.here).headers["X-WP-Agent-ControlKey"]
            ),
            "a rotation to the attacker's key": rotation.with_header(
                "X-WP-Agent-ControlKey", confirmation(paired.here, thief).headers["X-WP-Agent-ControlKey"]
            ),
        }.items():
            attack.refused(f"{name} at {path}", knock(paired.site, message, path), "call.signature")
    # Even the real control plane's own second confirmation, with another key beside it, brings no key in.
    twice = paired.here.message("control.confirm").with_header(
        "X-WP-Agent-ControlKey", confirmation(paired.here, thief).headers["X-WP-Agent-ControlKey"]
    )
    answer = knock(paired.site, twice)
    attack.repelled("a signed second confirmation with another key beside it", pinned(paired.site) == before, answer.body)
    attack.refused("a call by that key afterwards", knock(paired.site, own.message("wp.site.health")), "call.signature")
    assert knock(paired.site, paired.here.message("wp.site.health")).status == 200


def test_no_form_or_command_replaces_a_live_pairing_unasked(mutated_site: Callable[..., Paired], rogue: Peer, attack: Attack) -> None:
    paired = mutated_site()
    site, before = paired.site, pinned(paired.site)
    register_visitor(site)
    admin, visitor = logged_in(site, site.admin), logged_in(site, SUBSCRIBER)
    page = admin.get("/wp-admin/tools.php?page=presswarden")
    form = page.form_with("presswarden_string")
    theirs = {"presswarden_do": "pair", "presswarden_string": rogue.offer().text, "presswarden_replace": "1"}

    def stands(variant: str, told: object) -> None:
        attack.repelled(variant, pinned(site) == before and rogue.sites == {}, told)

    landed = admin.submit(page, form, {"presswarden_string": rogue.offer().text})
    stands("the form without a word about replacing", landed.url)
    assert "here.live" in landed.url
    stands("another page's form in the administrator's browser", post_form(site, admin, **theirs).status)
    stands(
        "the same with a nonce of another verb",
        post_form(site, admin, **theirs, presswarden_nonce=page.form_with("presswarden_do").fields["presswarden_nonce"][::-1]).status,
    )
    stands(
        "a subscriber's form with the administrator's nonce",
        post_form(site, visitor, **theirs, presswarden_nonce=form.fields["presswarden_nonce"]).status,
    )
    stands(
        "nobody's form with the administrator's nonce",
        post_form(site, None, **theirs, presswarden_nonce=form.fields["presswarden_nonce"]).status,
    )
    for verb in ("unpair", "copy", "moved", "pause", "restored"):
        stands(f"{verb} from another page", post_form(site, admin, presswarden_do=verb).status)
    ran = site.wp("presswarden", "pair", rogue.offer().text, "--wait=0")
    stands("the command without --replace", ran.stderr)
    assert knock(site, paired.here.message("wp.site.health")).status == 200


@pytest.mark.parametrize("answer", [(403, "pairing.proof"), (410, "pairing.expired"), (500, "request.malformed"), (202, "")])
def test_a_replacement_that_nobody_confirms_leaves_no_stranger_in(
    mutated_site: Callable[..., Paired], rogue: Peer, attack: Attack, answer: tuple[int, str]
) -> None:
    paired = mutated_site()
    before = pinned(paired.site)
    status, code = answer
    rogue.refuse_with = (status, problem(code) if code else {"status": "confirming", "v": 1})
    offer = rogue.offer()
    paired.site.wp("presswarden", "pair", offer.text, "--wait=0", "--replace")
    rogue.refuse_with = None
    thief = replace(paired.here, installation=offer.installation, key=ControlKey.new())
    attack.refused("a confirmation by another key", knock(paired.site, confirmation(thief)), "call.signature", "call.installation")
    if code:
        attack.repelled("the old pairing after a refusal", pinned(paired.site) == before, pinned(paired.site))
        assert knock(paired.site, paired.here.message("wp.site.health")).status == 200


def test_an_administrator_who_says_replace_replaces(mutated_site: Callable[..., Paired], peer: Peer) -> None:
    paired = mutated_site()
    admin, offer = logged_in(paired.site, paired.site.admin), peer.offer()
    page = admin.get("/wp-admin/tools.php?page=presswarden")
    admin.submit(page, page.form_with("presswarden_string"), {"presswarden_string": offer.text, "presswarden_replace": "1"})
    paired.site.await_events("action_ran", 1)
    assert knock(paired.site, peer.sites[offer.installation].message("wp.site.health")).status == 200
    assert knock(paired.site, paired.here.message("wp.site.health")).code == "call.installation"


def test_without_the_layers_of_the_route_a_second_confirmation_takes_the_site(mutated_site: Callable[..., Paired]) -> None:
    layers = (ANY_STATE, ANY_KEY, CONFIRMED_TWICE)

    def takes(*changes: Swap) -> bool:
        paired, thief = mutated_site(*changes), ControlKey.new()
        knock(paired.site, confirmation(paired.here, thief))
        # Asked as an honest connector would be asked: without the header that the weakened one listens to.
        return knock(paired.site, replace(paired.here, key=thief).message("wp.site.inventory")).status == 200

    assert takes(*layers)
    for layer in layers:
        assert not takes(*(change for change in layers if change != layer)), f"{layer} alone does not stop it"


def test_without_its_checks_the_form_hands_a_paired_site_to_the_attacker(mutated_site: Callable[..., Paired], rogue: Peer) -> None:
    def is_taken(paired: Paired, installation: str) -> bool:
        paired.site.await_events("action_ran", 1)
        return knock(paired.site, rogue.sites[installation].message("wp.site.inventory")).status == 200

    paired, offer = mutated_site(NO_NONCE), rogue.offer()
    post_form(
        paired.site,
        logged_in(paired.site, paired.site.admin),
        presswarden_do="pair",
        presswarden_string=offer.text,
        presswarden_replace="1",
    )
    assert is_taken(paired, offer.installation)
    paired, offer = mutated_site(NO_NONCE, NO_CAPABILITY), rogue.offer()
    register_visitor(paired.site)
    post_form(
        paired.site, logged_in(paired.site, SUBSCRIBER), presswarden_do="pair", presswarden_string=offer.text, presswarden_replace="1"
    )
    assert is_taken(paired, offer.installation)
    paired, offer = mutated_site(LIVE_MAY_GO), rogue.offer()
    paired.site.wp("presswarden", "pair", offer.text, "--wait=10")
    assert is_taken(paired, offer.installation)
