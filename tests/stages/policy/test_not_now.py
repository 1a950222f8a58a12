"""Holds, waits, windows and clocks: when something may run. Limits: whether it may at all is `test_decide`'s."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from presswarden.policy.decide import clocks, decide
from presswarden.policy.document import NONE
from presswarden.policy.model import Verdict
from presswarden.policy.rules import Hold, Window
from presswarden.policy.versions import range_of
from tests.stages.policy.questions import FACTS, NOW, codes, item, question, rules, site

MONDAY_NIGHT = Window(frozenset({0}), time(22), time(5), "site")
PLUGIN = "plugin:woocommerce/woocommerce.php"
GERMAN = "translation:plugin:woocommerce:de_DE"


def hold(component: str = "plugin:woocommerce", version: str = "*", until: date = date(2026, 11, 24)) -> Hold:
    return Hold(component, range_of(version), until, "waiting for the vendor")


def why(wanted=None, facts=FACTS, *, at=None, now=NOW, **operations) -> set[str]:
    found = decide(question(wanted, facts, at=at), rules(**operations), now=now)
    assert found.verdict is (Verdict.HOLD if codes(found, Verdict.HOLD) else Verdict.ALLOW)
    return codes(found, Verdict.HOLD)


# --- holds -------------------------------------------------------------------------------------------------------------------------------

HOLDS = [
    (hold(), item(component=PLUGIN), {"policy.hold"}),
    (hold(PLUGIN), item(component=PLUGIN), {"policy.hold"}),
    (hold("plugin:*"), item(component=PLUGIN), {"policy.hold"}),
    (hold("plugin:hello"), item(component="plugin:hello.php"), {"policy.hold"}),
    (hold("plugin:woo"), item(component=PLUGIN), set()),
    (hold("theme:woocommerce"), item(component=PLUGIN), set()),
    (hold("theme:*"), item("wp.theme.update", "theme:t"), {"policy.hold"}),
    (hold("core"), item("wp.core.update", "core", "7.1.3", "7.1.4"), {"policy.hold"}),
    (hold("core"), item(component="plugin:core/core.php"), set()),
    (hold("translation:plugin:woocommerce"), item("wp.translation.update", GERMAN, "", "9.0"), {"policy.hold"}),
    (hold("translation:*"), item("wp.translation.update", GERMAN, "", "9.0"), {"policy.hold"}),
    (hold("plugin:woocommerce"), item("wp.translation.update", GERMAN, "", "9.0"), set()),
    (hold(version=">=1.0.1 <2"), item(component=PLUGIN), {"policy.hold"}),
    (hold(version="1.0.2"), item(component=PLUGIN), set()),
    (hold(until=date(2026, 11, 23)), item(component=PLUGIN), set()),
    (hold(), item("wp.plugin.deactivate", PLUGIN, version=""), set()),
]


@pytest.mark.req("N20")
@pytest.mark.parametrize(("held", "wanted", "found"), HOLDS)
def test_a_hold_holds_the_component_and_versions_it_names(held, wanted, found):
    assert why(wanted, holds=(held,)) == found


@pytest.mark.req("N20")
def test_a_hold_ends_after_its_last_day():
    last = datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC)
    assert why(item(component=PLUGIN), now=last, holds=(hold(),)) == {"policy.hold"}
    assert why(item(component=PLUGIN), now=last + timedelta(seconds=1), holds=(hold(),)) == set()


def test_one_hold_of_many_is_enough():
    others = tuple(hold(f"plugin:p{number}") for number in range(50))
    assert why(item(component=PLUGIN), holds=(*others, hold())) == {"policy.hold"}
    assert why(item(component=PLUGIN), holds=others) == set()


# --- waits -------------------------------------------------------------------------------------------------------------------------------

WAITS = {"wait_patch": 1, "wait_minor": 2, "wait_major": 7, "wait_security": 0, "core_wait_days": 14}
SIZED = [
    (item(), 1),
    (item(version="1.1"), 2),
    (item(version="2.0"), 7),
    (item("wp.core.update", "core", "7.1.3", "7.1.4"), 14),
    (item("wp.core.update", "core", "7.1.3", "7.2"), 14),
    (item("wp.translation.update", GERMAN, "", "9.0"), 1),
]


@pytest.mark.req("N20")
@pytest.mark.parametrize(("wanted", "days"), SIZED)
def test_a_release_waits_its_days_since_its_offer_was_first_seen(wanted, days):
    just_short = replace(FACTS, offered_since=NOW - timedelta(days=days) + timedelta(seconds=1))
    assert why(wanted, just_short, **WAITS) == {"policy.wait"}
    assert why(wanted, replace(FACTS, offered_since=NOW - timedelta(days=days)), **WAITS) == set()


@pytest.mark.req("N15")
@pytest.mark.parametrize(("wanted", "_days"), SIZED)
def test_a_security_release_waits_only_its_own_days(wanted, _days):
    fresh = replace(FACTS, security=True, offered_since=NOW)
    assert why(wanted, fresh, **WAITS) == set()
    assert why(wanted, fresh, **(WAITS | {"wait_security": 1})) == {"policy.wait"}


def test_an_offer_of_unknown_age_waits_where_a_wait_is_set():
    unknown = replace(FACTS, offered_since=None)
    assert why(item(), unknown, **WAITS) == {"policy.wait"}
    assert why(item(), unknown) == set()


# --- windows -----------------------------------------------------------------------------------------------------------------------------

BERLIN = ZoneInfo("Europe/Berlin")
CLOCK = [  # in Berlin; the window is Monday 22:00 to 05:00
    (23, time(21, 59, 59), False),
    (23, time(22, 0), True),
    (24, time(0, 0), True),
    (24, time(4, 59, 59), True),
    (24, time(5, 0), False),
    (24, time(22, 30), False),
    (23, time(4, 0), False),
]


@pytest.mark.req("N20")
@pytest.mark.parametrize(("day", "clock", "is_open"), CLOCK)
def test_a_window_is_open_by_the_site_s_own_clock_and_past_midnight(day, clock, is_open):
    now = datetime.combine(date(2026, 11, day), clock, BERLIN).astimezone(UTC)
    assert why(at=site(timezone="Europe/Berlin"), now=now, windows=((MONDAY_NIGHT,),)) == (set() if is_open else {"policy.window"})


@pytest.mark.parametrize(("zone", "is_open"), [("UTC", False), ("Asia/Tokyo", True), ("America/New_York", False)])
def test_a_window_with_a_zone_of_its_own_looks_at_no_other(zone, is_open):
    early = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # Tuesday 05:00 in Tokyo
    window = Window(frozenset({1}), time(4, 30), time(6), zone)
    assert why(at=site(timezone="Europe/Berlin"), now=early, windows=((window,),)) == (set() if is_open else {"policy.window"})


DST = [  # Sunday 02:00 to 03:00 in Berlin: left out on 28 March 2027, twice on 31 October 2027
    (datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC), False),
    (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), False),
    (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), True),
    (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), True),
    (datetime(2027, 10, 31, 2, 0, tzinfo=UTC), False),
    (datetime(2027, 6, 6, 0, 30, tzinfo=UTC), True),
    (datetime(2027, 1, 3, 1, 30, tzinfo=UTC), True),
]


@pytest.mark.parametrize(("now", "is_open"), DST)
def test_a_window_follows_the_clock_on_the_wall_when_the_time_changes(now, is_open):
    window = Window(frozenset({6}), time(2), time(3), "site")
    assert why(at=site(timezone="Europe/Berlin"), now=now, windows=((window,),)) == (set() if is_open else {"policy.window"})


@pytest.mark.parametrize(("zone", "is_open"), [("+02:00", True), ("-09:30", False), ("+00:00", False)])
def test_a_fixed_offset_is_a_zone_too(zone, is_open):
    window = Window(frozenset({1}), time(13, 30), time(14, 30), "site")  # it is Tuesday noon in UTC
    assert why(at=site(timezone=zone), windows=((window,),)) == (set() if is_open else {"policy.window"})


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "+25:00", "UTC+3", "\x00"])
def test_a_zone_that_nobody_knows_holds(zone):
    assert why(at=site(timezone=zone), windows=((MONDAY_NIGHT,),)) == {"policy.timezone"}
    known = Window(frozenset(range(7)), time(0), time(0), "UTC")
    assert why(at=site(timezone=zone), windows=((MONDAY_NIGHT, known),)) == set()


def test_a_window_that_ends_when_it_begins_is_open_for_a_whole_day():
    whole = Window(frozenset({1}), time(0), time(0), "UTC")
    noon = Window(frozenset({1}), time(12), time(12), "UTC")
    assert why(windows=((whole,),)) == set()
    assert why(windows=((whole,),), now=NOW + timedelta(days=1)) == {"policy.window"}
    assert why(windows=((noon,),), now=NOW + timedelta(hours=23, minutes=59)) == set()
    assert why(windows=((noon,),), now=NOW + timedelta(days=1)) == {"policy.window"}


def test_every_document_s_windows_have_to_be_open():
    now_open, shut = Window(frozenset({1}), time(11), time(13), "UTC"), Window(frozenset({1}), time(13), time(14), "UTC")
    assert why(windows=((now_open,), (shut,))) == {"policy.window"}
    assert why(windows=((now_open, shut),)) == set()


def test_a_way_back_waits_for_no_window_hold_or_wait():
    back = item("wp.snapshot.restore", "", "", "", args={"snapshot": "s", "scope": "files", "change": ""})
    shut = Window(frozenset({6}), time(1), time(2), "UTC")
    assert why(back, windows=((shut,),), holds=(hold("plugin:*"),), **WAITS) == set()


# --- two clocks --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("X6")
def test_the_clocks_are_those_of_the_policy_and_the_shortest_of_several():
    def hours(approval: int, execute: int):
        return replace(NONE, operations=replace(NONE.operations, approval_hours=approval, execute_hours=execute))

    assert clocks([NONE], NOW) == (NOW + timedelta(hours=72), NOW + timedelta(hours=96))
    assert clocks([hours(10, 24), hours(72, 2)], NOW) == (NOW + timedelta(hours=10), NOW + timedelta(hours=12))
    assert clocks([hours(720, 168)], NOW) == (NOW + timedelta(days=6), NOW + timedelta(days=6))
    assert clocks([], NOW) == (NOW, NOW)
