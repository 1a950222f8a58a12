"""What the saga does when a change is not good: it is taken back by the first rung that works, and the result says what was seen."""

from dataclasses import replace
from typing import Any

import pytest

from presswarden.flows.sight import Fatal
from presswarden.rollouts.model import Result
from tests.fakes.hands import PLUGIN, UPDATE, FakeSite, done, ends, failing, new_is_broken, page, refused

pytestmark = pytest.mark.req("W15", "N6")


# How a bad change is noticed.


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (page("", status=500), "page.failing"),
        (page("", status=0), "page.failing"),
        (page("", fatal=True), "page.failing"),
        (page("", status=404), "page.status"),
        (page("", status=301, location="https://elsewhere.example/"), "page.status"),
        (page("", title="another"), "page.title"),
        (page("", title=""), "page.title"),
        (page("", size=9_999), "page.size"),
        (page("", size=30_001), "page.size"),
    ],
)
async def test_a_page_that_is_not_as_before_is_taken_back_after_a_second_look(now: Any, code: str) -> None:
    site = FakeSite(bend={"act": lambda here: (here.pages.update({"": now}), here.run("act"))[1]})
    site.bend["take_back"] = lambda here: (here.pages.update({"": page("")}), here.run("take_back"))[1]
    ended = await ends(site)
    assert (ended.result, ended.code, site.version) == (Result.ROLLED_BACK, code, "1.0")
    assert site.acts == [1, 3]
    assert [step for step in site.steps if step.startswith("check") and step.endswith("pages")] == ["check.1.pages", "check.2.pages"]
    assert "The home page" in ended.says


@pytest.mark.parametrize("now", [page("", size=10_000), page("", size=30_000)])
async def test_a_size_within_half_is_no_difference(now: Any) -> None:
    site = FakeSite(bend={"act": lambda here: (here.pages.update({"": now}), here.run("act"))[1]})
    assert (await ends(site)).result is Result.SUCCEEDED


async def test_a_redirect_that_leads_elsewhere_is_noticed_and_one_that_does_not_is_well() -> None:
    before = page("", status=301, location="https://shop.example/en/", size=0)
    for to, result in (("https://shop.example/en/", Result.SUCCEEDED), ("https://shop.example/setup/", Result.ROLLED_BACK)):
        site = FakeSite(pages={"": before})
        site.bend["act"] = lambda here, to=to: (here.pages.update({"": replace(before, location=to)}), here.run("act"))[1]
        site.bend["take_back"] = lambda here: (here.pages.update({"": before}), here.run("take_back"))[1]
        assert (await ends(site)).result is result


async def test_a_page_that_stumbles_once_is_not_taken_back() -> None:
    site = FakeSite(bend={"check.2.pages": (failing(""), page("shop/", title="s"))})
    ended = await ends(site)
    assert (ended.result, site.acts) == (Result.SUCCEEDED, [1, 2])
    assert "check.4.pages" in site.steps


async def test_a_page_that_stumbles_twice_is() -> None:
    bad = (failing(""), page("shop/", title="s"))
    site = FakeSite(bend={"check.1.pages": bad, "check.3.pages": bad})
    assert (await ends(site)).result is Result.ROLLED_BACK


async def test_a_broken_page_beside_one_that_failed_before_is_still_noticed() -> None:
    site = FakeSite(pages={"": page(""), "shop/": failing("shop/")}, broken=new_is_broken)
    assert (await ends(site)).result is Result.ROLLED_BACK


@pytest.mark.parametrize(
    ("health", "code"),
    [
        ({"database_answers": False}, "health.database"),
        ({"maintenance": "fresh"}, "health.maintenance"),
        ({"maintenance": "stale"}, "health.maintenance"),
        ({"paused_extensions": [PLUGIN]}, "health.suspended"),
    ],
)
async def test_what_the_sites_health_says_counts(health: dict[str, Any], code: str) -> None:
    site = FakeSite(bend={"act": lambda here: (here.health.update(health), here.run("act"))[1]})
    site.bend["take_back"] = lambda here: (here.health.clear(), here.run("take_back"))[1]
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLED_BACK, code)


async def test_a_maintenance_file_that_was_forgotten_before_the_change_is_not_its_fault() -> None:
    assert (await ends(FakeSite(health={"maintenance": "stale"}))).result is Result.SUCCEEDED


async def test_another_version_than_the_wanted_one_is_taken_back_at_once() -> None:
    site = FakeSite(bend={"act": lambda here: (here.run("act"), setattr(here, "version", "1.0.9"), done(version="1.1"))[2]})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLED_BACK, "health.version")
    assert "check.2.pages" not in site.steps


async def test_a_plugin_that_its_update_switched_off_is_taken_back() -> None:
    site = FakeSite(bend={"act": lambda here: (here.run("act"), setattr(here, "active", False), done())[2]})
    assert (await ends(site)).code == "health.active"


async def test_a_component_that_vanished_is_taken_back() -> None:
    site = FakeSite(bend={"act": lambda here: (here.run("act"), setattr(here, "present", False), done())[2]})
    site.bend["take_back"] = lambda here: (setattr(here, "present", True), here.run("take_back"))[1]
    assert (await ends(site)).result is Result.ROLLED_BACK


def fatal(file: str, at: int = 5, line: int = 3) -> dict[str, Any]:
    return {"at": at, "file": file, "line": line, "type": 1}


@pytest.mark.parametrize(
    ("component", "file"),
    [
        (PLUGIN, "wp-content/plugins/shop/inc/a.php"),
        ("plugin:hello.php", "wp-content/plugins/hello.php"),
        ("theme:twenty", "wp-content/themes/twenty/functions.php"),
        ("core", "wp-includes/load.php"),
        ("core", "wp-login.php"),
    ],
)
async def test_a_new_fatal_error_in_the_component_needs_no_second_look(component: str, file: str) -> None:
    site = FakeSite(replace(UPDATE, component=component), bend={"act": lambda here: (here.fatals.append(fatal(file)), here.run("act"))[1]})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLED_BACK, "health.fatal")
    assert "check.2.pages" not in site.steps


def test_a_fatal_error_in_a_language_file_is_the_translations() -> None:
    where = Fatal("wp-content/languages/plugins/shop-de_DE.l10n.php", 3, 5)
    assert where.names("translation:plugin:shop:de_DE")
    assert not where.names(PLUGIN)
    assert not Fatal("wp-content/plugins/shop/inc/a.php", 3, 5).names("translation:plugin:shop:de_DE")


async def test_one_new_fatal_error_elsewhere_is_no_proof_and_a_second_is() -> None:
    site = FakeSite(bend={"act": lambda here: (here.fatals.append(fatal("wp-content/plugins/other/a.php")), here.run("act"))[1]})
    assert (await ends(site)).result is Result.SUCCEEDED
    again = FakeSite(bend={"act": lambda here: (here.fatals.append(fatal("wp-content/plugins/other/a.php")), here.run("act"))[1]})
    again.bend["check.2.wait"] = lambda here: here.fatals.append(fatal("wp-content/plugins/other/a.php", at=9))
    assert (await ends(again)).result is Result.ROLLED_BACK


async def test_fatal_errors_from_before_the_change_do_not_count() -> None:
    site = FakeSite(fatals=[fatal("wp-content/plugins/shop/a.php")])
    site.bend["check.2.wait"] = lambda here: here.fatals.insert(0, fatal("wp-content/plugins/shop/a.php", at=99))
    assert (await ends(site)).result is Result.SUCCEEDED


async def test_a_site_that_lost_the_change_from_sight_is_not_called_good() -> None:
    site = FakeSite(bend={"act": lambda here: (here.run("act"), setattr(here, "other", "closed"), done())[2]})
    ended = await ends(site)
    assert ended.result is not Result.SUCCEEDED
    assert ended.code != ""


async def test_a_site_that_our_own_gate_keeps_us_from_looking_at_is_not_called_good() -> None:
    unseen = (("health", refused("gate.rate")), ("pages", ()))
    site = FakeSite(bend={f"check.{turn}.{what}": answer for turn in range(1, 9) for what, answer in unseen})
    ended = await ends(site)
    assert (ended.result, ended.code) == (Result.ROLLED_BACK, "health.not_seen")
