"""Attack 18: use clocks against the site: messages from another time, a site's clock that is wrong, jumps back, or stands after January 2038.

What stops it: the window of the time stamp (ahead at most 30 s, behind at most its ttl, ttl at most 300 s); the used ids, which are kept a day; and, where
a clock that ran far ahead made the site drop them, the bar on everything signed up to the youngest id dropped. Limits: 64-bit PHP; a site whose clock is
wrong refuses honest calls too, and says what its clock reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.claims.attacks import Attack
from tests.claims.replays import times_ran
from tests.claims.victims import Paired, Swap

pytestmark = [pytest.mark.site, pytest.mark.req("P3", "W2")]

DAY = 86_400
AFTER_2038 = 2**31 + 100
NO_BAR = Swap("src/Site/Heartbeat.php", "$fresh->not_before = max( $fresh->not_before, $youngest + Verifier::SKEW );")


@pytest.fixture
def shifted(mutated_site: Callable[..., Paired]) -> Iterator[Callable[..., Paired]]:
    """A site whose clock is so many seconds off; the real time comes back afterwards."""
    made: list[Paired] = []

    def shift(seconds: int = 0, *changes: Swap | str) -> Paired:
        made.append(mutated_site(*changes))
        if seconds:
            made[-1].site.shift_clock(seconds)
        return made[-1]

    yield shift
    for paired in made:
        if paired.site.shifted:
            paired.site.shift_clock(0)


def test_a_message_from_outside_its_window_is_refused(attack: Attack, paired_site: Paired) -> None:
    now = int(time.time())
    for off, ttl in (
        (-10, 5),
        (-200, 180),
        (-400, 300),
        (-DAY, 300),
        (40, 180),
        (300, 300),
        (DAY, 1),
        (AFTER_2038 - now, 300),
        (1_000_000_000 - now, 300),
    ):
        message = paired_site.here.message("wp.site.health", timestamp=int(time.time()) + off, ttl=ttl)
        answer = paired_site.send(message)
        attack.refused(f"{off} s off, ttl {ttl}", answer, "call.window")
        assert abs(answer.json["site_time"] - time.time()) < 30
    for ttl in (301, 3600, 999_999):
        attack.refused(f"ttl {ttl}", paired_site.call("wp.site.health", ttl=ttl), "call.ttl")
    for name, value in (
        ("Timestamp", str(now + 10**10)),
        ("Timestamp", f"0{now}"),
        ("Timestamp", f"-{now}"),
        ("Timestamp", f"{now}.0"),
        ("TTL", "0"),
        ("TTL", "-1"),
    ):
        message = paired_site.here.message("wp.site.health").with_header(f"X-WP-Agent-{name}", value)
        attack.refused(f"{name}: {value}", paired_site.send(message), "call.shape")


def test_an_honest_message_at_both_ends_of_the_window_is_answered(paired_site: Paired) -> None:
    for off, ttl in ((25, 180), (-150, 180), (-270, 300)):
        assert paired_site.call("wp.site.health", timestamp=int(time.time()) + off, ttl=ttl).status == 200


@pytest.mark.parametrize("seconds", [-3600, -240, 240, 3600])
def test_a_site_whose_clock_is_wrong_refuses_and_says_its_time(attack: Attack, shifted: Callable[..., Paired], seconds: int) -> None:
    paired = shifted(seconds)
    answer = paired.call("wp.site.health")
    attack.refused(f"the site's clock is {seconds} s off", answer, "call.window")
    assert abs(answer.json["site_time"] - time.time() - seconds) < 30
    attack.repelled("nothing ran", paired.ran() == [])


def test_a_clock_that_jumps_back_does_not_make_a_used_call_new(attack: Attack, shifted: Callable[..., Paired]) -> None:
    paired = shifted()
    message = paired.here.message("wp.site.inventory", timestamp=int(time.time()) - 100, ttl=300)
    assert paired.send(message).status == 200
    for back in (-20, -110):
        paired.site.shift_clock(back)
        attack.refused(f"after a jump of {back} s", paired.send(message), "call.duplicate")
    paired.site.shift_clock(-DAY)
    attack.refused("after a jump of a day back", paired.send(message), "call.window")
    paired.site.shift_clock(0)
    attack.refused("and with the clock right again", paired.send(message), "call.duplicate", "call.window")
    attack.repelled("how often it ran", times_ran(paired, message) == 1, times_ran(paired, message))


def ahead_and_back(paired: Paired, days: int = 2) -> list[object]:
    """Two calls run, the clock runs ahead, a heartbeat tidies up, the clock is put right; then both are replayed."""
    messages = [paired.here.message("wp.site.health", ttl=300) for _ in range(3)]
    assert [paired.send(message).status for message in messages] == [200] * 3
    paired.site.shift_clock(days * DAY)
    paired.site.wp("presswarden", "heartbeat")
    rows = paired.site.query("SELECT count(*) AS n FROM wp_presswarden_calls")[0]["n"]
    assert rows == 1, "the heartbeat dropped all rows but the newest"
    paired.site.shift_clock(0)
    for message in messages:
        paired.send(message)
    return [times_ran(paired, message) for message in messages]


def test_a_clock_that_ran_ahead_and_was_put_right_does_not_make_used_calls_new(attack: Attack, shifted: Callable[..., Paired]) -> None:
    ran = ahead_and_back(shifted())
    attack.repelled("three calls dropped from the table and replayed", ran == [1, 1, 1], ran)


def test_after_january_2038_calls_are_answered_once_and_old_ones_refused(attack: Attack, shifted: Callable[..., Paired]) -> None:
    now = int(time.time())
    paired = shifted(AFTER_2038 - now)
    there = AFTER_2038 + 5
    message = paired.here.message("wp.site.health", timestamp=there)
    answer = paired.send(message)
    assert answer.status == 200
    assert answer.result["as_of"] > 2**31
    attack.refused("replayed in 2038", paired.send(message), "call.duplicate")
    for stamp in (now, 2**31 - 1000, there - 2**32 + 2**33, there + 10_000):
        attack.refused(f"stamp {stamp} in 2038", paired.call("wp.site.health", timestamp=stamp), "call.window")
    row = paired.site.query("SELECT created, keep_until FROM wp_presswarden_calls ORDER BY n DESC LIMIT 1")[0]
    assert int(row["created"]) > 2**31
    assert int(row["keep_until"]) - int(row["created"]) == DAY
    attack.repelled("how often it ran", times_ran(paired, message) == 1)


def test_without_the_window_a_message_kept_back_for_a_day_runs(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site("window")
    for off in (-DAY, 2 * DAY):
        message = paired.here.message("wp.site.health", timestamp=int(time.time()) + off, ttl=60)
        assert paired.send(message).status == 200
        assert times_ran(paired, message) == 1


def test_without_the_bar_a_clock_put_right_lets_dropped_calls_run_twice(shifted: Callable[..., Paired]) -> None:
    assert ahead_and_back(shifted(0, NO_BAR)) == [2, 2, 1]
