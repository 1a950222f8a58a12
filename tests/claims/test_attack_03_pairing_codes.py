"""Attack 3: guess a pairing code, use it twice, use it late, or race for it. The real ingest application, on a real socket.

Layers of the control plane, each taken out in a copy of the package by the proofs: five tries for each code, counted before the proof is looked at; five for
each source address; ten minutes; one use, decided by the single UPDATE that burns the code and, for what came before, by the code's standing; one live
pairing for each home.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.claimant import Claimant
from tests.claims.control import ControlPlane, Edit
from tests.claims.doors import status

pytestmark = pytest.mark.req("X1", "X2")

PAIR = "/ingest/v1/pair"
REDEEM = "sites/redeem.py"
NO_TRIES_OF_THE_CODE = Edit(REDEEM, "spent = await store.spend_try(tx.org, tx, request.installation, TRIES)", "spent = True")
NO_TRIES_OF_THE_SOURCE = Edit(
    REDEEM, "if not await arrivals.spend_source_try_in(tx.org, tx, source, now, now - VALID_FOR, TRIES):", "if False:"
)
NO_EXPIRY = Edit(REDEEM, "now >= found.expires_at", "False")
NO_STANDING = Edit(REDEEM, "    if found.used_at is not None:\n        return PairingRefusal.USED\n")
NO_BURN = Edit(
    "sites/store.py",
    ", InstallationRow.used_at.is_(None))\n    waiting = InstallationRow.state == InstallationState.WAITING.value",
    ")\n    waiting = InstallationRow.org == org",
)
CONFIRMED_AGAIN = Edit(
    REDEEM,
    "    await pending.add_confirmation(",
    "    await pending.drop_confirmation(tx.org, tx, found.id)\n    await pending.add_confirmation(",
)
VERIFIER_STAYS = Edit(REDEEM, "verifier=verifier if is_hmac else None,", "verifier=verifier,")
NO_LIVE_HOME = Edit(REDEEM, "if any(one.state is InstallationState.PAIRED for one in others):", "if False:")

Make = Callable[..., ControlPlane]
SINGLE_USE = (NO_STANDING, NO_BURN, VERIFIER_STAYS, CONFIRMED_AGAIN)


def code(answer: httpx.Response) -> str:
    return "accepted" if answer.status_code == 202 else str(answer.json()["code"])


def ask(control: ControlPlane, body: bytes, source: str = "127.0.0.1") -> str:
    return code(control.post(PAIR, body, source=source))


def guess(claimant: Claimant) -> bytes:
    return claimant.request(verifier=os.urandom(32))


def test_five_wrong_guesses_end_a_code_even_for_who_holds_it(control: ControlPlane, attack: Attack) -> None:
    thief = Claimant(control.offer("guessed"))
    for number in range(5):
        attack.repelled(f"guess {number + 1}", ask(control, guess(thief), f"127.0.1.{number + 1}") == "pairing.proof")
    for number in range(3):
        attack.repelled(f"guess {number + 6}", ask(control, guess(thief), f"127.0.2.{number + 1}") == "pairing.too_many_tries")
    attack.repelled("the right secret after five guesses", ask(control, thief.request(), "127.0.3.1") == "pairing.too_many_tries")
    crowd = Claimant(control.offer("guessed by many at once"))
    with ThreadPoolExecutor(16) as many:
        told = list(many.map(lambda number: ask(control, guess(crowd), f"127.0.4.{number + 1}"), range(32)))
    attack.repelled("32 guesses at once", told.count("pairing.proof") == 5 and told.count("pairing.too_many_tries") == 27, told)


def test_one_address_guesses_five_times_at_all_codes_together(control: ControlPlane, attack: Attack) -> None:
    told = [ask(control, guess(Claimant(control.offer(f"site {number}"))), "127.0.5.1") for number in range(8)]
    attack.repelled("one guess at each of 8 codes", told == ["pairing.proof"] * 5 + ["pairing.too_many_tries"] * 3, told)
    unknown = Claimant(control.offer("never said"))
    unknown.offer.installation = "00000000-0000-4000-8000-000000000000"
    told = [ask(control, unknown.request(), "127.0.6.1") for _ in range(8)]
    attack.repelled("codes that nobody made", told == ["pairing.unknown"] * 5 + ["pairing.too_many_tries"] * 3, told)
    assert ask(control, Claimant(control.offer("honest")).request(), "127.0.7.1") == "accepted"


def test_a_code_is_used_once_whoever_comes_second(control: ControlPlane, attack: Attack) -> None:
    owner = Claimant(control.offer("owner"))
    body = owner.request()
    assert ask(control, body) == "accepted"
    for name, late in {
        "the same bytes": body,
        "the owner again": owner.request(),
        "somebody else's key": Claimant(owner.offer).request(),
        "HMAC instead": Claimant(owner.offer).request(public="", alg="hmac-sha256"),
        "another home": Claimant(owner.offer, home="http://127.0.0.1:7777").request(),
        "a guess": guess(owner),
    }.items():
        attack.repelled(name, ask(control, late, "127.0.8.1") == "pairing.used")
    control.ask("confirm", installation=owner.offer.installation)
    attack.repelled("after it was confirmed", ask(control, Claimant(owner.offer).request(), "127.0.8.2") == "pairing.live")
    other = Claimant(control.offer("a second string for the same home"), home=owner.home)
    attack.repelled("a new code for a home that is paired", ask(control, other.request(), "127.0.8.3") == "pairing.live")
    keys = control.ask("show", installation=owner.offer.installation)["keys"]
    attack.repelled("the pinned key", len(keys) == 1, keys)


def test_a_code_older_than_ten_minutes_is_none(control: ControlPlane, attack: Attack) -> None:
    in_time, late = Claimant(control.offer("in time")), Claimant(control.offer("late"))
    control.ask("shift", seconds=595)
    assert ask(control, in_time.request()) == "accepted"
    for seconds in (6, 60, 86400):
        control.ask("shift", seconds=seconds)
        attack.repelled(f"{seconds} s later", ask(control, late.request(), f"127.0.9.{seconds % 200}") == "pairing.expired")
    control.ask("shift", seconds=-595 - 6 - 60 - 86400)


def race(control: ControlPlane, home: str) -> list[str]:
    offer = control.offer(home)
    claimants = [Claimant(offer) for _ in range(12)]
    bodies = [claimant.request() for claimant in claimants]
    with ThreadPoolExecutor(12) as many:
        return list(many.map(lambda number: ask(control, bodies[number], f"127.0.10.{number + 1}"), range(12)))


def test_of_twelve_who_race_with_the_right_secret_one_gets_it(control: ControlPlane, attack: Attack) -> None:
    for round_ in range(3):
        told = race(control, f"raced {round_}")
        attack.repelled(
            f"round {round_ + 1}", told.count("accepted") == 1 and set(told) <= {"accepted", "pairing.used", "pairing.too_many_tries"}, told
        )


@pytest.mark.site
def test_a_real_site_pairs_with_the_code_and_only_once(control: ControlPlane, unpaired_site: Callable[..., Site]) -> None:
    site = unpaired_site()
    offer = control.offer(site.url)
    assert site.wp("presswarden", "pair", offer.text, "--wait=0").code == 0
    assert status(site)["state"] == "confirming"
    assert control.ask("show", installation=offer.installation)["state"] == "confirming"
    again = site.wp("presswarden", "pair", offer.text, "--wait=0", "--replace")
    assert "pairing.used" in again.stderr
    assert status(site)["state"] == "confirming"


def test_without_the_counts_of_tries_guessing_goes_on_until_it_hits(control_plane: Make) -> None:
    control = control_plane(NO_TRIES_OF_THE_CODE, NO_TRIES_OF_THE_SOURCE)
    thief = Claimant(control.offer("guessed"))
    assert [ask(control, guess(thief)) for _ in range(10)] == ["pairing.proof"] * 10
    assert ask(control, thief.request()) == "accepted"


def test_without_expiry_or_the_look_for_a_live_home_late_and_second_codes_are_good(control_plane: Make) -> None:
    control = control_plane(NO_EXPIRY, NO_LIVE_HOME)
    late = Claimant(control.offer("late"))
    control.ask("shift", seconds=86400)
    assert ask(control, late.request()) == "accepted"
    control.ask("confirm", installation=late.offer.installation)
    assert ask(control, Claimant(control.offer("another label"), home=late.home).request()) == "accepted"


def test_without_single_use_the_second_claimant_is_taken(control_plane: Make) -> None:
    control = control_plane(*SINGLE_USE)
    owner = Claimant(control.offer("owner"))
    assert ask(control, owner.request()) == "accepted"
    assert ask(control, Claimant(owner.offer).request(), "127.0.8.1") == "accepted"
    assert race(control, "raced").count("accepted") > 1
