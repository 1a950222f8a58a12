"""What changes on a site between the check of a message and what the message does: each test lets it happen in exactly that moment."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.site import Site
from tests.connector.conftest import Paired
from tests.connector.peer import Offer, Peer

pytestmark = pytest.mark.site
PAIRING = r"\Presswarden\Connector\Site\Pairing"


def record(site: Site) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(str(site.option("presswarden_record")))
    return value


def once(site: Site, name: str, hook: str, php: str, arguments: int = 1) -> None:
    """Let PHP run at a hook, the first time the condition in it does not return."""
    variables = ", ".join(f"$v{number}" for number in range(arguments))
    (site.content / "mu-plugins" / f"{name}.php").write_text(
        f"<?php add_filter( '{hook}', function ( {variables} ) {{ static $done = false; if ( $done ) {{ return $v0; }} {php} return $v0; }}, 99, {arguments} );"
    )


def meanwhile(site: Site, tool: str, php: str) -> None:
    """Between the checks of a call of this tool and the action itself."""
    once(site, "meanwhile", "presswarden_action_ran", f"if ( '{tool}' !== $v0 ) {{ return $v0; }} $done = true; {php}")


def replaced_by(offer: Offer) -> str:
    return f"{PAIRING}::start( '{offer.text}', false, true );"


@pytest.mark.req("P1")
def test_a_confirmation_pins_nothing_in_a_pairing_that_was_begun_meanwhile(new_site: Callable[..., Site]) -> None:
    site = new_site()
    with Peer(confirm=False) as peer:
        first, second = peer.offer(), peer.offer()
        assert site.wp("presswarden", "pair", first.text, "--wait=0").code == 0
        meanwhile(site, "control.confirm", replaced_by(second))
        answer = peer.call_back(peer.sites[first.installation])
        assert (answer.status, answer.code) == (404, "call.installation")
        held = record(site)
        assert (held["installation"], held["state"], held["control_keys"]) == (second.installation, "confirming", [])
        (site.content / "mu-plugins" / "meanwhile.php").unlink()
        assert peer.call_back(peer.sites[second.installation]).status == 200
        key = base64.b64encode(second.key.public).decode()
        assert [one["key"] for one in record(site)["control_keys"]] == [key]


@pytest.mark.req("P1", "P6")
def test_a_revocation_ends_its_own_pairing_and_not_the_one_begun_meanwhile(new_site: Callable[..., Site]) -> None:
    site = new_site()
    with Peer() as peer:
        first, second = peer.offer(), peer.offer()
        assert site.wp("presswarden", "pair", first.text, "--wait=20").code == 0
        peer.confirm = False
        meanwhile(site, "control.revoke", replaced_by(second))
        paired = Paired(site, peer, peer.sites[first.installation], first)
        assert paired.call("control.revoke", {"reason": "x"}).result == {"revoked": True}
        held = record(site)
        assert (held["installation"], held["state"]) == (second.installation, "confirming")
        assert held["site_secret"] != ""
        assert peer.call_back(peer.sites[second.installation]).status == 200
        assert "presswarden_heartbeat" in str(site.option("cron"))


@pytest.mark.req("P6")
@pytest.mark.parametrize(("tool", "args"), [("control.pause", {"reason": "x"}), ("control.resume", {}), ("control.rotate_site", {})])
def test_a_call_whose_pairing_was_ended_meanwhile_changes_nothing(new_pair: Callable[..., Paired], tool: str, args: dict[str, Any]) -> None:
    paired = new_pair()
    meanwhile(paired.site, tool, f"{PAIRING}::unpair();")
    message = paired.here.message(tool, args)
    answer = paired.send(message)
    assert (answer.status, answer.code) == (404, "call.installation")
    assert paired.here.receipt_holds(message, answer)
    held = record(paired.site)
    assert (held["state"], held["installation"], held["site_secret"], held["pause_reason"]) == ("", "", "", "")


def test_of_two_pairings_begun_at_once_one_is_told_that_the_site_is_taken(new_site: Callable[..., Site]) -> None:
    site = new_site()
    with Peer(confirm=False) as peer:
        first, second = peer.offer(), peer.offer()
        once(site, "second", "user_register", f"$done = true; {PAIRING}::start( '{second.text}', false, false );")
        late = site.wp("presswarden", "pair", first.text, "--wait=0")
        assert (late.code, "here.live" in late.stderr) == (1, True)
        assert record(site)["installation"] == second.installation
        assert not first.used


@pytest.mark.req("A8")
def test_a_local_pause_during_a_refused_pairing_stays(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    pause = r"\Presswarden\Connector\Site\StateChange::make( 'paused', array(), function ( $record ) { $record->paused_local = true; } );"
    body = '\'{"code":"pairing.expired"}\''
    answer = f"array( 'response' => array( 'code' => 410, 'message' => '' ), 'body' => {body}, 'headers' => array(), 'cookies' => array() )"
    once(paired.site, "during", "pre_http_request", f"$done = true; {pause} return {answer};")
    refused = paired.site.wp("presswarden", "pair", paired.peer.offer().text, "--replace", "--wait=0")
    assert "pairing.expired" in refused.stderr
    (paired.site.content / "mu-plugins" / "during.php").unlink()
    held = record(paired.site)
    assert (held["installation"], held["state"], held["paused_local"]) == (paired.here.installation, "paired", True)
    assert paired.call("wp.site.inventory").code == "call.paused"


@pytest.mark.req("P6", "A8")
def test_of_two_standing_orders_taken_at_once_the_newer_one_holds(new_pair: Callable[..., Paired]) -> None:
    paired = new_pair()
    paired.peer.sign_order(paired.here, 9, paused=True)
    assert paired.site.wp("presswarden", "heartbeat").code == 0
    orders: list[str] = []
    for seq, paused in ((10, False), (11, True)):
        paired.peer.sign_order(paired.here, seq, paused=paused)
        assert paired.peer.order is not None
        orders += paired.peer.order
    paired.peer.order = None
    # The older order stops in the middle of its first write, and the newer one is taken whole.
    paired.site.php(
        "add_filter( 'query', function ( $sql ) use ( $argv ) { static $done = false;"
        " if ( ! $done && 0 === strpos( $sql, 'UPDATE' ) && strpos( $sql, 'presswarden_record' ) ) { $done = true;"
        r" \Presswarden\Connector\Site\StandingOrder::take( $argv[3], $argv[4] ); } return $sql; } );"
        r" \Presswarden\Connector\Site\StandingOrder::take( $argv[1], $argv[2] );",
        *orders,
    )
    held = record(paired.site)
    assert (held["order_seq"], held["paused_control"]) == (11, True)
    paired.peer.sign_order(paired.here, 12)
    assert paired.site.wp("presswarden", "heartbeat").code == 0
    assert record(paired.site)["paused_control"] is False
