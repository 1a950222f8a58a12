"""Eligibility: one site that can take a workflow, and for each reason of the list one that can't, with its own code."""

from datetime import UTC, datetime, timedelta

import pytest

from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import SiteId
from presswarden.telemetry.model import Fact, Facts, ReasonCode, Rules, Source
from presswarden.telemetry.service import eligibility

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TARGET = "plugin:akismet/akismet.php"
RULES = Rules(php="7.4", wordpress="6.2", target=TARGET, estimate=1_000_000)
OWN: dict[str, Json] = {"site.change_open": False, "site.held": False, "site.paired": True}
TOLD: dict[str, Json] = {
    "core.version": "7.1.4",
    "php.version": "8.2.7",
    f"{TARGET}.link": False,
    f"{TARGET}.same_device": True,
    "health.disk_free": 2_000_000,
    "health.file_mods": True,
    "health.files_direct": True,
    "health.watchdog": True,
    "site.heartbeat": 1,
}


def _facts(age: timedelta = timedelta(minutes=5), /, **changed: Json) -> Facts:
    """Facts of an eligible site; `core_version="6.1"` changes `core.version`, None takes the fact away."""
    values = {
        **OWN,
        **TOLD,
        **{TARGET + name[6:] if name.startswith("target") else name.replace("_", ".", 1): v for name, v in changed.items()},
    }
    known = {
        name: Fact(name, value, Source.CONTROL if name in OWN else Source.HEARTBEAT, None, None, NOW if name in OWN else NOW - age)
        for name, value in values.items()
        if value is not None
    }
    return Facts(SiteId("site"), known)


def _codes(facts: Facts, rules: Rules = RULES) -> list[tuple[ReasonCode, str]]:
    return [(reason.code, reason.fact) for reason in eligibility(facts, rules, NOW).reasons]


@pytest.mark.req("S1")
def test_a_site_that_meets_everything_is_eligible() -> None:
    assert eligibility(_facts(), RULES, NOW).eligible
    assert _codes(_facts()) == []


ONE_THING_WRONG: dict[ReasonCode, tuple[dict[str, Json], str]] = {
    ReasonCode.NOT_PAIRED: ({"site_paired": False}, "site.paired"),
    ReasonCode.PHP_TOO_OLD: ({"php_version": "7.3.33"}, "php.version"),
    ReasonCode.WORDPRESS_TOO_OLD: ({"core_version": "6.1.9"}, "core.version"),
    ReasonCode.FILES_NOT_DIRECT: ({"health_files_direct": False}, "health.files_direct"),
    ReasonCode.FILE_MODS_DISALLOWED: ({"health_file_mods": False}, "health.file_mods"),
    ReasonCode.DISK_TOO_SMALL: ({"health_disk_free": 1_999_999}, "health.disk_free"),
    ReasonCode.TARGET_IS_LINK: ({"target.link": True}, f"{TARGET}.link"),
    ReasonCode.TARGET_ON_OTHER_DEVICE: ({"target.same_device": False}, f"{TARGET}.same_device"),
    ReasonCode.CHANGE_OPEN: ({"site_change_open": True}, "site.change_open"),
    ReasonCode.HELD: ({"site_held": True}, "site.held"),
    ReasonCode.WATCHDOG_NOT_ARMED: ({"health_watchdog": False}, "health.watchdog"),
}


@pytest.mark.req("S1")
@pytest.mark.parametrize("code", ONE_THING_WRONG)
def test_each_thing_wrong_is_one_reason_with_its_own_code(code: ReasonCode) -> None:
    changed, fact = ONE_THING_WRONG[code]
    assert _codes(_facts(**changed)) == [(code, fact)]


@pytest.mark.req("S1")
@pytest.mark.parametrize("target", ["core", "translation:plugin:akismet:de_DE"])
def test_what_has_no_folder_of_its_own_needs_no_word_on_its_place(target: str) -> None:
    assert _codes(_facts(), Rules(php="7.4", wordpress="6.2", target=target, estimate=1_000_000)) == []


@pytest.mark.req("S1")
def test_a_heartbeat_of_fifteen_minutes_ago_is_late() -> None:
    assert _codes(_facts(timedelta(minutes=15) - timedelta(seconds=1))) == []
    assert _codes(_facts(timedelta(minutes=15))) == [(ReasonCode.HEARTBEAT_LATE, "site.heartbeat")]


@pytest.mark.req("S1")
def test_an_old_fact_is_a_reason_even_when_it_says_yes() -> None:
    codes = _codes(_facts(timedelta(hours=25)))
    stale = [fact for code, fact in codes if code is ReasonCode.FACT_STALE]
    assert stale == ["php.version", "core.version", "health.files_direct", "health.file_mods", "health.disk_free", f"{TARGET}.link",
                     f"{TARGET}.same_device", "health.watchdog"]  # fmt: skip


@pytest.mark.req("S1")
@pytest.mark.parametrize("name", sorted({**OWN, **TOLD}))
def test_a_missing_fact_counts_against_the_site(name: str) -> None:
    changed = {name.replace(TARGET, "target") if name.startswith(TARGET) else name.replace(".", "_", 1): None}
    assert _codes(_facts(**changed)) == [(ReasonCode.FACT_UNKNOWN, name)]


@pytest.mark.req("S1")
@pytest.mark.parametrize("value", ["yes", 1, [], {}])
def test_a_fact_of_the_wrong_type_counts_as_unknown(value: Json) -> None:
    assert _codes(_facts(health_files_direct=value)) == [(ReasonCode.FACT_UNKNOWN, "health.files_direct")]
    assert _codes(_facts(php_version="new")) == [(ReasonCode.FACT_UNKNOWN, "php.version")]
    assert _codes(_facts(health_disk_free=True)) == [(ReasonCode.FACT_UNKNOWN, "health.disk_free")]


@pytest.mark.req("S1")
def test_a_host_that_does_not_tell_its_disk_space_counts_as_unknown() -> None:
    assert _codes(_facts(health_disk_free=-1)) == [(ReasonCode.FACT_UNKNOWN, "health.disk_free")]


def test_every_reason_is_collected_not_only_the_first() -> None:
    codes = {code for code, _ in _codes(_facts(site_paired=False, php_version="5.6", health_disk_free=0, site_held=True))}
    assert codes == {ReasonCode.NOT_PAIRED, ReasonCode.PHP_TOO_OLD, ReasonCode.DISK_TOO_SMALL, ReasonCode.HELD}


def test_versions_compare_as_numbers_not_as_text() -> None:
    assert _codes(_facts(php_version="8.10"), Rules(php="8.9", target=TARGET)) == []
    assert _codes(_facts(core_version="7.1"), Rules(wordpress="7.1.0", target=TARGET)) == []


def test_a_reason_carries_a_sentence_and_the_age_of_its_fact() -> None:
    (reason,) = eligibility(_facts(php_version="7.3.33"), RULES, NOW).reasons
    assert reason.says == "php.version is 7.3.33; 7.4 or newer is needed."
    assert reason.age == timedelta(minutes=5)


def test_a_workflow_without_a_target_asks_nothing_about_one() -> None:
    facts = Facts(SiteId("site"), {name: fact for name, fact in _facts().by_name.items() if not name.startswith("plugin:")})
    assert _codes(facts, Rules()) == []


def test_what_only_the_control_plane_knows_is_added_by_name() -> None:
    told = Facts(SiteId("site"), {name: fact for name, fact in _facts().by_name.items() if name not in OWN})
    assert [fact for _, fact in _codes(told)] == ["site.paired", "site.change_open", "site.held"]
    assert _codes(told.with_control(NOW, site_paired=True, site_change_open=False, site_held=False)) == []
