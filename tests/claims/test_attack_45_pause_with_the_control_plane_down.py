"""Attack 45: take away the control plane, and see whether the site's own administrator can still stop everything.

The pause is the site's own: one row, changed by the admin page or the command line, asking nobody. It refuses every call but health and control calls,
whoever signed them; the control plane's own resume and its standing orders lift only the control plane's pause; a deleted or restored row does not lift it
(the file beside the database knows). The proofs take out the check of the pause, and the difference between the two pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.doors import knock, logged_in, status
from tests.claims.replays import backup
from tests.claims.victims import CONNECTOR, FOLDER, GENEROUS, Paired, Swap, pair, put_connector
from tests.connector.peer import Peer

pytestmark = [pytest.mark.site, pytest.mark.req("W15", "X16")]

PAGE = "/wp-admin/tools.php?page=presswarden"
STOPPED = ("wp.site.inventory", "wp.site.get_environment")
PAUSE_OF_NO_MEANING = Swap(
    "src/Site/Calls.php",
    "if ( '' !== $record->paused() && 'wp.site.health' !== $spec->tool && ! self::ends_the_open_change( $call, $spec ) ) {",
    "if ( false ) {",
)
ONE_PAUSE_FOR_BOTH = Swap(
    "src/Actions/Resume.php", "$fresh->paused_control = false;", "$fresh->paused_control = $fresh->paused_local = false;"
)


@pytest.fixture(scope="module")
def alone(lab: object) -> Iterator[Callable[..., Paired]]:
    """A site whose control plane was there for the pairing and is gone now: nothing answers at its address."""
    made: list[Site] = []

    def make(*changes: Swap) -> Paired:
        if not made:
            site = lab.site("alone", constants=GENEROUS)  # type: ignore[attr-defined]  # the lab's fixture
            site.install_plugin(CONNECTOR, folder=FOLDER)
            made.append(site)
        put_connector(made[0])
        made[0].wp("presswarden", "resume")
        with Peer() as peer:
            paired = pair(made[0], peer, "--replace")
        put_connector(made[0], *changes)
        made[0].clear_events()
        return paired

    yield make
    for site in made:
        site.delete()


def by_page(site: Site, verb: str) -> None:
    admin = logged_in(site, site.admin)
    page = admin.get(PAGE)
    form = next(form for form in page.forms if form.fields.get("presswarden_do") == verb)
    assert f"done.{verb}" in admin.submit(page, form).url


def by_command(site: Site, verb: str) -> None:
    assert site.wp("presswarden", verb).code == 0


@pytest.mark.parametrize("way", [by_page, by_command])
def test_the_site_pauses_and_resumes_by_itself(attack: Attack, alone: Callable[..., Paired], way: Callable[[Site, str], None]) -> None:
    paired = alone()
    assert paired.site.wp("presswarden", "heartbeat").code == 1, "the control plane is gone"
    before = paired.here.message("wp.site.inventory")
    way(paired.site, "pause")
    attack.refused("a call signed before the pause", knock(paired.site, before), "call.paused")
    for tool in STOPPED:
        attack.refused(tool, paired.call(tool), "call.paused")
    assert paired.call("wp.site.health").result["paused"] == "local"
    attack.repelled("nothing but health ran", {event["tool"] for event in paired.ran()} == {"wp.site.health"}, paired.ran())
    way(paired.site, "resume")
    assert paired.call("wp.site.inventory").status == 200


def test_no_message_of_the_control_plane_lifts_it(attack: Attack, paired_site: Paired) -> None:
    by_command(paired_site.site, "pause")
    try:
        for variant, call in (
            ("resume", lambda: paired_site.call("control.resume")),
            ("pause and resume", lambda: (paired_site.call("control.pause", {"reason": "x"}), paired_site.call("control.resume"))),
            ("confirm again", lambda: paired_site.call("control.confirm")),
        ):
            call()
            attack.refused(f"after {variant}", paired_site.call("wp.site.inventory"), "call.paused")
        assert paired_site.call("control.resume").result == {"paused": "local"}
        for seq, paused in ((10_001, True), (10_002, False)):
            paired_site.peer.sign_order(paired_site.here, seq, paused=paused)
            assert paired_site.site.wp("presswarden", "heartbeat").code == 0
            attack.refused(f"after a standing order that says paused: {paused}", paired_site.call("wp.site.inventory"), "call.paused")
        paired_site.peer.waiting = [paired_site.here.message("control.resume"), paired_site.here.message("wp.site.inventory")]
        ran = len(paired_site.site.events("action_ran"))
        assert paired_site.site.wp("presswarden", "heartbeat").code == 0
        told = [event["tool"] for event in paired_site.site.events("action_ran")[ran:]]
        attack.repelled("a waiting call", told == ["control.resume"], told)
    finally:
        paired_site.peer.order = None
        by_command(paired_site.site, "resume")


def test_a_database_put_back_does_not_lift_it(attack: Attack, alone: Callable[..., Paired]) -> None:
    paired = alone()
    put_back = backup(paired.site)
    by_command(paired.site, "pause")
    put_back()
    attack.repelled("a call at once", paired.call("wp.site.inventory").status >= 400)
    attack.repelled("the pause is back", status(paired.site)["paused"] == "local", status(paired.site))
    attack.repelled("nothing ran", paired.ran() == [], paired.ran())


def test_a_pause_survives_deactivation_and_is_what_deactivation_leaves(attack: Attack, alone: Callable[..., Paired]) -> None:
    paired = alone()
    for switch in ("deactivate_plugins", "activate_plugin"):
        paired.site.php(f"require_once ABSPATH . 'wp-admin/includes/plugin.php'; {switch}( '{FOLDER}/presswarden-connector.php' );")
    attack.refused("after off and on", paired.call("wp.site.inventory"), "call.paused")


def test_the_administrator_unpairs_with_nobody_there(attack: Attack, alone: Callable[..., Paired]) -> None:
    paired = alone()
    by_command(paired.site, "unpair")
    answer = paired.call("wp.site.health")
    attack.repelled("no route is left", answer.status == 404 and answer.code == "rest_no_route", answer.body)
    kept = str(paired.site.option("presswarden_record"))
    attack.repelled("no key is left", "presswarden-sealed-1" not in kept and paired.here.installation not in kept)


def test_without_its_check_the_pause_stops_nothing(alone: Callable[..., Paired]) -> None:
    paired = alone(PAUSE_OF_NO_MEANING)
    by_command(paired.site, "pause")
    assert paired.call("wp.site.inventory").status == 200


def test_with_one_pause_for_both_the_control_plane_lifts_the_sites(alone: Callable[..., Paired]) -> None:
    paired = alone(ONE_PAUSE_FOR_BOTH)
    by_command(paired.site, "pause")
    assert paired.call("control.resume").result == {"paused": ""}
    assert paired.call("wp.site.inventory").status == 200
