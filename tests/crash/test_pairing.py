"""kill -9 of the control plane during four pairings at once, each at another point; three times on each form. Every one ends paired on both sides.

`before`: the site's proof has not arrived (SQLite), or the transaction that burns the string is not committed (PostgreSQL). `burnt`: the string is burnt,
the site never hears of it. `sent`: the first signed call has left and not arrived. `answered`: the site is paired and its answer is on its way. The first
two end on neither side and are tried again by the site's admin, with the same string where it was not burnt; the last two end paired by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from lab.gate import Gate, Held
from presswarden.sites.model import InstallationState
from tests.crash.plane import Offer, Plane
from tests.crash.shops import CALL, PAIR, Shop, both_paired, pair_all, part_all, times, together, twice
from tests.crash.stalls import stalled
from tests.crash.table import Tell
from tests.crash.waiting import until

pytestmark = [pytest.mark.site, pytest.mark.req("N8", "X1")]

ROUNDS = 3
POINTS = {
    "before": "before the burn",
    "burnt": "burnt, the site not told",
    "sent": "before the first call arrives",
    "answered": "after the site answered",
}


@pytest.mark.parametrize(
    ("form", "dies"), [("serve", ("serve",)), pytest.param("apart", ("web", "dispatcher"), marks=pytest.mark.postgres)]
)
def test_pairings_under_way_when_the_control_plane_is_killed_end_paired_on_both_sides(
    form: str, dies: tuple[str, ...], rested: tuple[Shop, ...], tell: Tell, request: pytest.FixtureRequest
) -> None:
    plane: Plane = request.getfixturevalue(form)
    lost = dict.fromkeys(POINTS, 0)
    ran = dict.fromkeys(POINTS, 0)
    again = dict.fromkeys(POINTS, 0)
    for number in range(ROUNDS):
        offers = {shop: plane.offer(f"{shop.name}-{number}") for shop in rested}
        interrupt(plane, dies, offers)
        offers |= try_again(plane, offers)
        for shop, offer in offers.items():
            both_paired(plane, shop, offer)
            counted = shop.ran("control.confirm")
            ran[shop.name] += sum(counted.values())
            again[shop.name] += twice(counted)
            lost[shop.name] += plane.installation(offer).state is not InstallationState.PAIRED
            shop.site.clear_events()
        part_all(plane, offers)
    for name, point in POINTS.items():
        tell(" ".join(dies), "pairing", point, times=ROUNDS, asked=ROUNDS, ran=ran[name], lost=lost[name], twice=again[name])
        assert ran[name] == ROUNDS
    plane.nothing_open()
    plane.audit_holds()


def interrupt(plane: Plane, dies: tuple[str, ...], offers: dict[Shop, Offer]) -> None:
    """Start all four, bring each to its point, and kill."""
    by_name = {shop.name: shop for shop in offers}
    with ExitStack() as gates, ThreadPoolExecutor(max_workers=len(offers)) as threads:
        asks = gates.enter_context(plane.gate.hold(PAIR))
        calls = {shop.name: gates.enter_context(shop.gate.hold(CALL)) for shop in offers}
        commands = [threads.submit(shop.pair, offer) for shop, offer in offers.items()]
        proofs = by_home(asks.wait(len(offers)), by_name)
        for name in ("burnt", "sent", "answered"):
            accepted = proofs[name].deliver()
            assert accepted is not None
            assert accepted.status == 202, accepted
        proofs["sent"].release()
        proofs["answered"].release()
        firsts = {name: calls[name].wait(1)[0] for name in ("burnt", "sent", "answered")}
        answer = firsts["answered"].deliver()
        assert answer is not None
        assert answer.status == 200, answer
        with burning(plane, proofs["before"], threads):
            plane.kill(*dies)
        drop(asks, *calls.values())
        for command in commands:
            command.result()
    plane.leases_end()
    plane.start(*dies)


@contextmanager
def burning(plane: Plane, proof: Held, threads: ThreadPoolExecutor) -> Iterator[None]:
    """On PostgreSQL the fourth proof is let in as well: its transaction has burnt the string and waits for a lock. On SQLite it stays outside."""
    if not plane.on_postgres:
        yield
        return
    with stalled(plane, "confirmations") as somebody_waits:
        burning = threads.submit(proof.deliver)
        somebody_waits()
        yield
    assert burning.result() is None


def try_again(plane: Plane, offers: dict[Shop, Offer]) -> dict[Shop, Offer]:
    """What the admins of the two sites do that were told of a failure."""
    before, burnt = (next(shop for shop in offers if shop.name == name) for name in ("before", "burnt"))
    for shop in (before, burnt):
        assert shop.state == "unpaired"
    assert plane.installation(offers[before]).state is InstallationState.WAITING
    assert plane.installation(offers[burnt]).state is InstallationState.CONFIRMING
    with burnt.gate.hold(CALL):  # what a first call does that comes in here has a test of its own
        used = burnt.pair(offers[burnt])
    assert "(pairing.used)" in used.stderr
    fresh = {before: offers[before], burnt: plane.offer(plane.site(offers[burnt]).label)}
    for done in together(lambda shop: shop.pair(fresh[shop], wait=60), list(fresh)):
        assert done.code == 0, done
    assert plane.installation(offers[burnt]).state is InstallationState.REVOKED
    return fresh


def by_home(held: list[Held], shops: dict[str, Shop]) -> dict[str, Held]:
    homes = {shop.gate.url: name for name, shop in shops.items()}
    return {homes[json.loads(each.body)["home"]]: each for each in held}


def drop(*gates: Gate) -> None:
    for gate in gates:
        for held in gate.wait(0):
            held.drop()


def test_a_spent_string_pasted_again_while_its_first_call_is_on_its_way_pairs_neither_side(
    serve: Plane, rested: tuple[Shop, ...], tell: Tell
) -> None:
    """The site never heard that its proof was taken, so its admin pastes the string again; the first call comes while the second proof is under way."""
    shop, lost, again_ran = rested[0], 0, 0
    for number in range(ROUNDS):
        offer = serve.offer(f"pasted-{number}")
        with serve.gate.hold(PAIR) as proofs, shop.gate.hold(CALL, most=1) as calls, ThreadPoolExecutor(max_workers=1) as threads:
            first = threads.submit(shop.pair, offer)
            [taken] = proofs.wait(1)
            accepted = taken.deliver()
            assert accepted is not None
            assert accepted.status == 202
            [call] = calls.wait(1)
            taken.drop()
            assert first.result().code == 1
            second = threads.submit(shop.pair, offer)
            proof = proofs.wait(2)[1]
            answer = call.deliver()
            assert answer is not None
            assert answer.status == 200, "the site takes the call for its second attempt's"
            call.release()
            until(lambda offer=offer: serve.installation(offer).state is InstallationState.REVOKED, "nobody believes that receipt")
            proof.release()
            assert "(pairing." in second.result().stderr
        assert shop.state == "unpaired"
        again_ran += twice(shop.ran())
        again = pair_all(serve, [shop], f"pasted-{number}")
        lost += serve.installation(again[shop]).state is not InstallationState.PAIRED
        part_all(serve, again)
    tell("nobody", "pairing", "a spent string, pasted again", times=0, asked=ROUNDS, ran=ROUNDS - lost, lost=lost, twice=again_ran)


def test_of_two_sites_that_claim_one_pairing_string_at_the_same_moment_one_is_paired(
    serve: Plane, rested: tuple[Shop, ...], tell: Tell
) -> None:
    """Both proofs are held until both are there, then let go together; over HTTP, by two WordPress sites."""
    pair = rested[:2]
    winners, losers = 0, 0
    for number in range(ROUNDS):
        offer = serve.offer(f"raced-{number}")
        with serve.gate.hold(PAIR) as gate, ThreadPoolExecutor(max_workers=2) as threads:
            commands = {shop: threads.submit(shop.pair, offer, wait=60) for shop in pair}
            for held in gate.wait(2):
                held.release()
            done = {shop: command.result() for shop, command in commands.items()}
        won = [shop for shop in pair if done[shop].code == 0]
        assert len(won) == 1, done
        both_paired(serve, won[0], offer)
        other = next(shop for shop in pair if shop not in won)
        assert "(pairing.used)" in done[other].stderr or "(pairing.live)" in done[other].stderr
        assert other.state == "unpaired"
        assert serve.rows("SELECT COUNT(*) FROM installations WHERE state = 'paired'") == [(1,)]
        winners, losers = winners + len(won), losers + 1
        part_all(serve, {won[0]: offer})
    ran = times(pair, "control.confirm")
    tell(
        "nobody",
        "pairing",
        "two sites, one string",
        times=0,
        asked=2 * ROUNDS,
        ran=sum(ran.values()),
        lost=ROUNDS - winners,
        twice=twice(ran),
    )
    assert (sum(ran.values()), losers) == (ROUNDS, ROUNDS)
    until(lambda: serve.rows("SELECT installation FROM confirmations") == [], "no confirmation is left")
