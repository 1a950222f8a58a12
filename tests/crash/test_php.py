"""kill -9 of PHP on the site: a worker of its web server during a call, the command line during a pairing or a heartbeat. Three times at each point.

A must-use plugin of the lab ends the process at a hook; the product knows nothing of it. What was claimed and not run is never run, what ran is never run
again under its id: a read is asked in a new call, a pause is settled by a read of the site's health.
"""

from __future__ import annotations

from collections import Counter

import pytest

from lab.death import await_deaths, die_at, nobody_dies
from lab.packages import write_plugin
from presswarden.mailbox.model import RequestState
from presswarden.sites.model import InstallationState
from tests.crash.plane import Offer, Plane
from tests.crash.shops import Shop, both_paired, known, pair_all, part_all, together, twice
from tests.crash.table import Tell

pytestmark = [pytest.mark.site, pytest.mark.req("N8", "P3")]

ROUNDS = 3
CLAIMED = ("presswarden_action_ran", "")
RAN = ("query", "UPDATE wp_presswarden_calls SET state = 'done'")
STORED = ("status_header", "")
POINTS = {CLAIMED: "claimed, not run", RAN: "run, outcome not stored", STORED: "outcome stored, not answered"}


def test_calls_end_settled_and_run_once_when_php_is_killed(serve: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    *readers, paused = rested
    offers = pair_all(serve, rested, "php-calls")
    for shop, (hook, matching) in zip(readers, POINTS, strict=True):
        die_at(shop.site, hook, matching, times=ROUNDS)
    die_at(paused.site, *RAN, times=ROUNDS)
    pauses = [serve.pause(offers[paused].site) for _ in range(ROUNDS)]
    reads = {shop: serve.ask(offers[shop].site, *["wp.site.health"] * ROUNDS) for shop in readers}
    for shop, point in zip(readers, POINTS.values(), strict=True):
        found = serve.settled(reads[shop])
        await_deaths(shop.site, ROUNDS)
        ran = shop.ran("wp.")
        answered = Counter({each.outcome.call: ran[each.outcome.call] for each in found if each.outcome and each.outcome.call})
        lost = sum(each.state is not RequestState.DONE for each in found) + sum(not count for count in answered.values())
        tell("PHP", "read", point, times=ROUNDS, asked=ROUNDS, ran=ran.total(), lost=lost, twice=twice(ran))
    settled = serve.settled(pauses, also=lambda each: each.state is not RequestState.UNKNOWN)
    ran = paused.ran("control.pause")
    lost = sum(each.state is not RequestState.DONE for each in settled)
    tell("PHP", "pause", POINTS[RAN], times=ROUNDS, asked=ROUNDS, ran=ran.total(), lost=lost, twice=twice(ran))
    assert all(each.settled_by for each in settled), "known by a read, not by the call"
    assert paused.pairing()["paused_control"] is True
    assert ran.total() == ROUNDS
    end(serve, offers)


def test_pairings_end_paired_on_both_sides_when_php_is_killed(serve: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    unsent, told, claimed, ran = rested
    names = {
        unsent: "proof not sent",
        told: "202 arrived; first call stored, not answered",
        claimed: "first call claimed",
        ran: "first call ran",
    }
    lost, again, counted = Counter[Shop](), Counter[Shop](), Counter[Shop]()
    for number in range(ROUNDS):
        offers = {shop: serve.offer(f"{shop.name}-php-{number}") for shop in rested}
        die_at(unsent.site, "pre_http_request", "/ingest/v1/pair")
        die_at(told.site, "http_response", "/ingest/v1/pair")
        die_at(told.site, *STORED)
        die_at(claimed.site, *CLAIMED)
        die_at(ran.site, *RAN)
        ended = dict(zip(rested, together(lambda shop, offers=offers: shop.pair(offers[shop]), rested), strict=True))
        assert {shop: done.code for shop, done in ended.items()} == {unsent: -9, told: -9, claimed: 0, ran: 0}
        assert serve.installation(offers[unsent]).state is InstallationState.WAITING
        assert unsent.state == "confirming"
        done = unsent.pair(offers[unsent], "--replace", wait=60)
        assert done.code == 0, done
        for shop, offer in offers.items():
            both_paired(serve, shop, offer)
            await_deaths(shop.site, 2 if shop is told else 1)
            nobody_dies(shop.site)
            lost[shop] += serve.installation(offer).state is not InstallationState.PAIRED
            again[shop] += twice(shop.ran("control.confirm"))
            counted[shop] += shop.ran("control.confirm").total()
            shop.site.clear_events()
        part_all(serve, offers)
        together(Shop.fresh_server, rested)
    for shop, point in names.items():
        tell("PHP", "pairing", point, times=ROUNDS, asked=ROUNDS, ran=counted[shop], lost=lost[shop], twice=again[shop])
    serve.nothing_open()
    serve.audit_holds()


def test_what_a_heartbeat_told_is_known_after_the_next_one_when_php_is_killed(serve: Plane, rested: tuple[Shop, ...], tell: Tell) -> None:
    unsent, unread = rested[:2]
    offers = pair_all(serve, [unsent, unread], "php-beats")
    lost = Counter[Shop]()
    for number in range(ROUNDS):
        for shop in offers:
            write_plugin(shop.site.content / "plugins", f"told-{number}", "1.0")
        die_at(unsent.site, "pre_http_request", "/ingest/v1/heartbeat")
        die_at(unread.site, "http_response", "/ingest/v1/heartbeat")
        assert [done.code for done in together(Shop.beat, list(offers))] == [-9, -9]
        assert [done.code for done in together(Shop.beat, list(offers))] == [0, 0]
        for shop, offer in offers.items():
            lost[shop] += not any(f"told-{number}" in component for component in known(serve, offer))
    for shop, point in ((unsent, "number taken, not sent"), (unread, "answered, answer not read")):
        seen = [seq for (seq,) in serve.rows(f"SELECT seq FROM telemetry_heartbeats WHERE installation = '{offers[shop].installation}'")]
        tell(
            "PHP",
            "heartbeat",
            point,
            times=ROUNDS,
            asked=ROUNDS,
            ran=ROUNDS - lost[shop],
            lost=lost[shop],
            twice=len(seen) - len(set(seen)),
        )
    end(serve, offers)


def end(plane: Plane, offers: dict[Shop, Offer]) -> None:
    for shop in offers:
        nobody_dies(shop.site)
    plane.nothing_open()
    plane.audit_holds()
    part_all(plane, offers)
    together(Shop.fresh_server, list(offers))
