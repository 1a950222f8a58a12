"""The list of sites: what it shows to whom, how it is narrowed and ordered, what is done to many at once."""

import csv
import io
import re
from urllib.parse import parse_qsl

import pytest

from presswarden.audit import service as audit
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Grant, Role
from presswarden.mailbox import service as mailbox
from presswarden.reports.fleet.model import Condition, Sort, Tab, Wish, read
from presswarden.surfaces.console.fleet.sheet import safe
from tests.console.rig import House, open_house, text_of
from tests.support.fleet import make_fleet


def names(html: str) -> list[str]:
    return re.findall(r'<th scope="row" class="cut"><a href="/sites/[0-9a-f-]{36}">([^<]+)</a>', html)


@pytest.mark.req("S1")
async def test_a_page_shows_fifty_sites_by_name_and_how_many_there_are(house: House) -> None:
    await make_fleet(house.database, house.org, 120, house.clock.now())
    page = await (await house.as_role(Role.VIEWER)).get("/sites")
    assert page.status_code == 200
    assert len(names(page.text)) == 50
    assert names(page.text) == sorted(names(page.text))
    assert "1–50 of 120" in text_of(page)
    last = await (await house.as_role(Role.VIEWER)).get("/sites?page=3")
    assert len(names(last.text)) == 20


async def test_a_part_of_the_page_is_the_table_alone(house: House) -> None:
    await make_fleet(house.database, house.org, 3, house.clock.now())
    part = await (await house.as_role(Role.VIEWER)).part("/sites?q=cedar")
    assert part.text.lstrip().startswith("<bulk-table")
    assert "HX-Request-Type" in part.headers["vary"]
    assert names(part.text) == ["Cedar Bakery"]


async def test_every_order_is_the_one_its_column_says(house: House) -> None:
    await make_fleet(house.database, house.org, 60, house.clock.now())
    browser = await house.as_role(Role.VIEWER)
    for sort in Sort:
        up, down = [names((await browser.part(f"/sites?sort={sort.value}{turn}")).text) for turn in ("", "&down=1")]
        assert len(up) == len(down) == 50
        assert up != down
    whole = await (await house.as_role(Role.VIEWER)).part("/sites?sort=updates&down=1")
    counts = [int(found) for found in re.findall(r"<td><b>(\d+)</b>", whole.text)]
    assert counts == sorted(counts, reverse=True)
    assert counts


async def test_filters_narrow_together_and_what_is_no_filter_of_ours_is_left_out(house: House) -> None:
    found = await make_fleet(house.database, house.org, 80, house.clock.now())
    browser = await house.as_role(Role.VIEWER)
    everything = names((await browser.part("/sites?condition=nonsense&page=0&sort=drop+table")).text)
    assert len(everything) == 50
    assert len(found) == 80
    silent = await browser.part("/sites?condition=unreachable")
    assert 0 < len(names(silent.text)) < 20
    assert silent.text.count("Unreachable") == len(names(silent.text))
    both = await browser.part("/sites?condition=unreachable&q=zzz")
    assert names(both.text) == []
    assert "No site matches." in text_of(both)
    percent = await browser.part("/sites?q=%25")
    assert names(percent.text) == []


async def test_what_a_person_may_not_see_is_not_in_the_list_nor_in_its_counts(house: House) -> None:
    found = await make_fleet(house.database, house.org, 12, house.clock.now())
    page = await (await house.scoped(Role.OPERATOR, found[4])).get("/sites")
    assert len(names(page.text)) == 1
    assert "All sites 1 " in text_of(page)
    sheet = (await (await house.scoped(Role.VIEWER, found[4])).get("/sites.csv")).text
    assert len(sheet.splitlines()) == 2


async def test_another_organisations_sites_are_not_there(house: House) -> None:
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    theirs = await make_fleet(house.database, other.org, 3, house.clock.now())
    browser = await house.as_role(Role.OWNER)
    assert names((await browser.get("/sites")).text) == []
    assert "No sites yet." in text_of(await browser.get("/sites"))
    answer = await browser.post("/sites/bulk", {"do": "tag", "tag": "mine", "site": theirs[0]})
    assert answer.status_code == 422
    assert "No site was chosen." in text_of(answer)


async def test_a_client_grant_shows_the_clients_sites(house: House) -> None:
    found = await make_fleet(house.database, house.org, 6, house.clock.now())
    async with house.transaction() as tx:
        mine = await clients.add(tx, "Zephyr", by=house.owner.id, now=house.clock.now())
        for site in found[:2]:
            await clients.assign(tx, site, mine.id, by=house.owner.id, now=house.clock.now())
    browser = await house.as_person(await house.add("Clara Client", Grant(Role.VIEWER, client=mine.id)))
    assert len(names((await browser.get("/sites")).text)) == 2


async def test_tags_are_put_on_and_taken_off_many_sites_and_the_record_has_each(house: House) -> None:
    found = await make_fleet(house.database, house.org, 4, house.clock.now())
    browser = await house.as_role(Role.OPERATOR)
    answer = await browser.post("/sites/bulk", {"do": "tag", "tag": "Black Friday", "site": list(found[:2])})
    assert answer.status_code == 200
    assert "Done for 2 sites." in text_of(answer)
    assert len(names((await browser.part("/sites?tag=black-friday")).text)) == 2
    again = await browser.post("/sites/bulk", {"do": "tag", "tag": "black-friday", "site": list(found[:3])})
    assert "2 sites had it already." in text_of(again)
    await browser.post("/sites/bulk", {"do": "untag", "tag": "black-friday", "site": list(found)})
    assert names((await browser.part("/sites?tag=black-friday")).text) == []
    async with house.database.reading(house.org) as tx:
        kinds = [one.kind for one in await audit.events(tx, newest_first=True)]
    assert kinds.count("site.tagged") == 3
    assert kinds.count("site.untagged") == 3


async def test_a_tag_that_is_no_word_is_refused(house: House) -> None:
    found = await make_fleet(house.database, house.org, 1, house.clock.now())
    answer = await (await house.as_role(Role.OPERATOR)).post("/sites/bulk", {"do": "tag", "tag": "<b>", "site": found[0]})
    assert answer.status_code == 422
    assert "A tag is up to 40" in text_of(answer)


async def test_who_may_not_choose_a_mode_is_told_for_each_site(house: House) -> None:
    found = await make_fleet(house.database, house.org, 2, house.clock.now())
    form = {"do": "mode", "mode": "approve", "site": list(found)}
    answer = await (await house.as_role(Role.VIEWER)).post("/sites/bulk", form)
    assert answer.status_code == 403
    assert "Not for 2 sites" in text_of(answer)
    assert (await (await house.as_role(Role.OWNER)).post("/sites/bulk", form)).status_code == 200


async def test_autonomous_needs_a_fresh_step_up(house: House) -> None:
    found = await make_fleet(house.database, house.org, 1, house.clock.now())
    answer = await (await house.as_role(Role.OWNER, stepped_up=False)).post(
        "/sites/bulk", {"do": "mode", "mode": "autonomous", "site": found[0]}
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/confirm?next=")


async def test_all_that_match_means_what_the_filter_says(house: House) -> None:
    await make_fleet(house.database, house.org, 60, house.clock.now())
    browser = await house.as_role(Role.ADMIN)
    answer = await browser.post("/sites/bulk", {"do": "tag", "tag": "cedars", "every": "1", "query": "q=cedar"})
    assert "Done for 5 sites." in text_of(answer)


@pytest.mark.req("S1")
async def test_a_check_of_many_sites_is_a_job_that_goes_on_by_itself(house: House) -> None:
    found = await make_fleet(house.database, house.org, 3, house.clock.now())
    browser = await house.as_role(Role.OPERATOR)
    asked = await browser.post("/sites/bulk", {"do": "check", "site": list(found)})
    assert asked.status_code == 303
    where = asked.headers["location"]
    assert re.fullmatch(r"/jobs/[0-9a-f-]{36}", where)
    assert house.wake.rung == [mailbox.DISPATCH]
    page = await (await house.as_role(Role.VIEWER)).get(where)
    assert "0 of 3 sites" in text_of(page)
    assert 'hx-trigger="every 3s"' in page.text
    assert (await (await house.as_role(Role.VIEWER)).post("/sites/bulk", {"do": "check", "site": list(found)})).status_code == 403
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    assert (await (await other.as_role(Role.OWNER)).get(where)).status_code == 404


async def test_a_view_is_a_tab_of_its_owner_alone(house: House) -> None:
    await make_fleet(house.database, house.org, 3, house.clock.now())
    browser = await house.as_role(Role.ADMIN)
    kept = await browser.post("/sites/views", {"name": "Silent ones", "query": "condition=unreachable&sort=seen&page=4"})
    assert kept.headers["location"] == "/sites?condition=unreachable&sort=seen"
    assert "Silent ones" in text_of(await browser.get("/sites"))
    assert "Silent ones" not in text_of(await (await house.as_role(Role.OWNER)).get("/sites"))
    found = re.search(r'name="drop" value="([0-9a-f-]{36})"', (await browser.get(kept.headers["location"])).text)
    assert found
    await (await house.as_role(Role.OWNER)).post("/sites/views", {"drop": found[1]})
    assert "Silent ones" in text_of(await browser.get("/sites"))
    await browser.post("/sites/views", {"drop": found[1]})
    assert "Silent ones" not in text_of(await browser.get("/sites"))


async def test_the_sheet_holds_what_the_filter_says_and_no_formula(house: House) -> None:
    await make_fleet(house.database, house.org, 3, house.clock.now())
    answer = await (await house.as_role(Role.VIEWER)).get("/sites.csv?q=cedar")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert [row[1] for row in rows] == ["site", "Cedar Bakery"]
    assert answer.headers["content-disposition"] == 'attachment; filename="sites.csv"'


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1"])
def test_a_cell_that_begins_a_formula_is_made_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
    assert safe("cedar=1") == "cedar=1"


def test_an_address_and_a_wish_are_each_others_reverse() -> None:
    wish = Wish(Tab.UPDATES, "a&b=c", Condition.PAUSED, "none", "shop", None, "plugin:a/a.php", "1.0", Sort.SEEN, down=True, page=7)
    assert read(dict(parse_qsl(wish.query()))) == wish
    assert Wish().query() == ""
