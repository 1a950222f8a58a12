"""What runs where, the search of the top bar, and pages that need no sign-in."""

import pytest

from presswarden.identity.model import Role
from presswarden.reports.fleet.service import as_version
from presswarden.surfaces.console.help.claims import read, safety
from tests.console.rig import House, open_house, text_of
from tests.support.fleet import make_fleet

AKISMET = "/components/plugin%3Aakismet%2Fakismet.php"


@pytest.mark.req("S1")
async def test_components_are_listed_with_the_sites_that_run_them_and_their_versions(house: House) -> None:
    await make_fleet(house.database, house.org, 40, house.clock.now())
    browser = await house.as_role(Role.VIEWER)
    page = text_of(await browser.get("/components"))
    assert "WordPress WordPress itself 40 3" in page
    assert "Akismet Anti-spam akismet/akismet.php Plugin" in page
    narrowed = text_of(await browser.part("/components?q=yoast"))
    assert "Yoast SEO" in narrowed
    assert "Akismet" not in narrowed
    one = text_of(await browser.get(AKISMET))
    assert one.index("5.7.3") < one.index("5.7.2") < one.index("5.6")


async def test_the_sites_of_a_version_are_one_click_away(house: House) -> None:
    await make_fleet(house.database, house.org, 40, house.clock.now())
    browser = await house.as_role(Role.VIEWER)
    every = await browser.part("/sites?component=plugin:akismet/akismet.php")
    some = await browser.part("/sites?component=plugin:akismet/akismet.php&version=5.6")
    assert 0 < some.text.count('name="site"') < every.text.count('name="site"') < 40


async def test_a_component_that_nobody_of_ours_runs_is_not_there(house: House) -> None:
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    await make_fleet(house.database, other.org, 5, house.clock.now())
    answer = await (await house.as_role(Role.OWNER)).get(AKISMET)
    assert answer.status_code == 404
    assert "Akismet" not in text_of(answer)


async def test_who_sees_one_site_sees_what_runs_on_it_and_no_more(house: House) -> None:
    found = await make_fleet(house.database, house.org, 20, house.clock.now())
    browser = await house.scoped(Role.VIEWER, found[0])
    assert "1 – 1" not in text_of(await browser.get("/components"))
    assert (await browser.get("/components/core")).text.count("<tr>") == 2


@pytest.mark.parametrize(
    ("older", "newer"), [("9.9", "10.2"), ("1.0", "1.0.1"), ("7.1-beta2", "7.1"), ("6.9.4", "7.0"), ("1.0-rc1", "1.0-rc2")]
)
def test_versions_stand_in_their_own_order(older: str, newer: str) -> None:
    assert as_version(older) < as_version(newer)


async def test_the_search_finds_sites_people_and_pages_that_one_may_see(house: House) -> None:
    await make_fleet(house.database, house.org, 20, house.clock.now())
    owner, viewer = await house.as_role(Role.OWNER), await house.as_role(Role.VIEWER)
    assert "Cedar Bakery" in text_of(await owner.part("/jump?q=cedar"))
    assert "Auditor Person" in text_of(await owner.part("/jump?q=auditor"))
    assert "Auditor Person" not in text_of(await viewer.part("/jump?q=auditor"))
    assert "Shortcuts" in text_of(await viewer.part("/jump?q=short"))
    assert "Nothing found for «zzz»." in text_of(await viewer.get("/jump?q=zzz"))


@pytest.mark.req("S6", "X13")
async def test_what_holds_and_what_does_not_is_told_without_a_sign_in(lone: House) -> None:
    page = text_of(await lone.stranger().get("/safety"))
    assert "A pairing string works once, for ten minutes, for whoever holds it" in page
    assert "Not covered: who sees the string within ten minutes can pair" in page
    assert "A stolen control plane" in page


def test_no_claim_of_the_page_is_lost() -> None:
    found = safety()
    assert sum(len(section.claims) for section in found.sections) > 30
    with pytest.raises(ValueError, match="a claim has"):
        read("# A\n\n## B\n| claim | rule | limit | proof |\n|---|---|---|---|\n| one | two |\n")


@pytest.mark.req("X16")
async def test_where_to_report_a_weakness_is_where_machines_look_for_it(lone: House) -> None:
    answer = await lone.stranger().get("/.well-known/security.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "Contact: http://localhost:8700/safety#report" in answer.text
    assert "Expires: 2027-05-19T12:00:00Z" in answer.text
