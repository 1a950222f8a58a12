"""Connecting a site: the string stands in one answer alone, the wait tells how far both sides are, and a list gives one string a site."""

import csv
import io
import re

import pytest

from presswarden.approvals import service as approvals
from presswarden.audit import service as audit
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Role
from presswarden.kernel.ids import EVERYONE, KeyId, new_id
from presswarden.policy.model import Mode
from presswarden.sites import service as sites
from presswarden.sites import store as sites_store
from presswarden.sites.model import InstallationState
from presswarden.sites.probes import service as probes
from presswarden.sites.probes.model import Finding, State
from presswarden.surfaces.console.sites.connecting import MOST, read_list
from tests.console.rig import House, open_house, text_of
from tests.support.shop import add_shop, offered

pytestmark = pytest.mark.req("X1", "X2", "W11")

MAY = {Role.OWNER, Role.ADMIN, Role.OPERATOR}
STRING = re.compile(r"presswarden-1\.[A-Za-z0-9_-]+\.[0-9a-f]{8}")


async def keys(house: House, count: int = 3) -> None:
    """What the dispatcher makes ahead."""
    async with house.database.transaction(EVERYONE) as tx:
        made = [(KeyId(new_id().replace("-", "")[:16]), bytes([number + 1]) * 32) for number in range(count)]
        await sites.add_pooled_keys(EVERYONE, tx, made, now=house.clock.now())


async def paired(house: House, label: str) -> None:
    shop = await add_shop(house.database, house.org, house.owner.id, house.clock.now(), label=label)
    async with house.transaction() as tx:
        await sites_store.set_installation(house.org, tx, shop.installation, paired_at=house.clock.now())


@pytest.mark.parametrize("role", list(Role))
async def test_a_site_is_connected_by_whoever_may_pair(lone: House, role: Role) -> None:
    await keys(lone)
    browser = await lone.as_role(role)
    answers = [await browser.get("/sites/new"), await browser.post("/sites/new", {"label": "shop", "mode": "observe"})]
    assert {answer.status_code for answer in answers} == ({200} if role in MAY else {403})
    assert bool(STRING.search(answers[1].text)) is (role in MAY)


async def test_the_string_is_shown_once_and_nowhere_else(house: House) -> None:
    await keys(house)
    browser = await house.as_role(Role.OPERATOR)
    answer = await browser.post("/sites/new", {"label": "shop", "mode": "observe"})
    (string,) = set(STRING.findall(answer.text))
    assert answer.headers["cache-control"] == "no-store"
    async with house.database.reading(house.org) as tx:
        site = await sites.find_site(tx, "shop")
        record = await audit.events(tx)
        assert (await approvals.station(tx, site.id)).mode is Mode.OBSERVE
    assert not any(string in str(entry) for entry in record)
    waiting = await browser.get(f"/sites/new/{site.installation}")
    assert "No site has used the string yet" in text_of(waiting)
    assert string not in waiting.text


async def test_the_wait_shows_the_four_words_then_the_first_inventory_and_leads_on(house: House) -> None:
    await keys(house)
    browser = await house.as_role(Role.ADMIN)
    await browser.post("/sites/new", {"label": "shop", "mode": ""})
    async with house.transaction() as tx:
        site = await sites.find_site(tx, "shop")
        assert site.installation is not None
        words = {"state": InstallationState.CONFIRMING.value, "words": "amber basil cedar delta", "home": "https://shop.example"}
        await sites_store.set_installation(house.org, tx, site.installation, **words)
    page = text_of(await browser.get(f"/sites/new/{site.installation}"))
    assert "A site at https://shop.example proved the string." in page
    assert "amber basil cedar delta" in page
    async with house.transaction() as tx:
        await sites_store.set_installation(
            house.org, tx, site.installation, state=InstallationState.PAIRED.value, paired_at=house.clock.now()
        )
    assert "The first inventory comes with the site's first report" in text_of(await browser.get(f"/sites/new/{site.installation}"))
    shop = await add_shop(house.database, house.org, house.owner.id, house.clock.now(), label="other")
    reporting = type(shop)(house.database, house.org, house.owner.id, site.id, site.installation)
    await reporting.report(offered(), house.clock.now())
    done = await browser.get(f"/sites/new/{site.installation}")
    assert "First inventory: 4 entries" in text_of(done)
    assert f'href="/sites/{site.id}"' in done.text


async def test_a_string_that_ran_out_leads_to_a_new_one(lone: House) -> None:
    await keys(lone)
    browser = await lone.as_role(Role.OWNER)
    await browser.post("/sites/new", {"label": "shop"})
    async with lone.database.reading(lone.org) as tx:
        site = await sites.find_site(tx, "shop")
    lone.clock.advance(seconds=601)
    page = await (await lone.as_role(Role.OWNER)).get(f"/sites/new/{site.installation}")
    assert "This pairing is over" in text_of(page)
    assert "/sites/new?label=shop" in page.text


async def test_the_wait_of_another_organisation_is_absent(house: House) -> None:
    await keys(house)
    await (await house.as_role(Role.OWNER)).post("/sites/new", {"label": "shop"})
    async with house.database.reading(house.org) as tx:
        site = await sites.find_site(tx, "shop")
    other = await (await open_house(house.database, house.clock, name="Southwind", app=house.app)).as_role(Role.OWNER)
    for path in (f"/sites/new/{site.installation}", f"/sites/new/{site.installation}/live"):
        assert (await other.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("label", "says"), [("", "needs a name"), ("shop", "paired already"), ("new", "has not made keys yet"), ("x" * 201, "at most 200 characters")]
)  # fmt: skip
async def test_what_stands_against_a_pairing_is_said_on_the_form(lone: House, label: str, says: str) -> None:
    if label != "new":
        await keys(lone)
    await paired(lone, "shop")
    answer = await (await lone.as_role(Role.OWNER)).post("/sites/new", {"label": label})
    assert answer.status_code in {422, 400}
    assert says in text_of(answer)
    assert not STRING.search(answer.text)


@pytest.mark.req("S1")
async def test_a_list_gives_one_string_a_site_and_says_what_stands_against_the_others(house: House) -> None:
    await keys(house, 4)
    await paired(house, "taken")
    async with house.transaction() as tx:
        made = await clients.add(tx, "Kite & Co", by=house.owner.id, now=house.clock.now())
    browser = await house.as_role(Role.ADMIN)
    given = {"list": "site,client\r\none,Kite & Co\r\ntwo\r\ntaken\r\nfour,nobody\r\n", "mode": "observe", "as": "csv"}
    answer = await browser.post("/sites/new/many", given)
    assert answer.headers["content-type"].startswith("text/csv")
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert head == ["site", "pairing string", "problem"]
    assert [row[0] for row in rows] == ["one", "two", "taken", "four"]
    assert [bool(STRING.fullmatch(row[1])) for row in rows] == [True, True, False, False]
    assert "paired already" in rows[2][2]
    assert "no such client" in rows[3][2]
    assert len({row[1] for row in rows[:2]}) == 2
    async with house.database.reading(house.org) as tx:
        assert (await clients.client_of(tx))[(await sites.find_site(tx, "one")).id] == made.id


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("a\nb\na", "twice"),
        ("a,b,c", "Line 1"),
        (",client", "Line 1"),
        ("\n".join(map(str, range(MOST + 1))), "at most 20"),
        ('"a', "CSV"),
    ],
)
def test_a_list_that_is_none_is_refused_whole(text: str, says: str) -> None:
    rows, problem = read_list(text)
    assert rows == ()
    assert says in problem


async def test_a_name_can_not_become_a_formula_of_a_spreadsheet(lone: House) -> None:
    await keys(lone, 1)
    answer = await (await lone.as_role(Role.OWNER)).post("/sites/new/many", {"list": "=cmd|x", "as": "csv"})
    assert answer.text.splitlines()[1].startswith("'=cmd|x,")


@pytest.mark.req("S1")
async def test_what_stands_in_the_way_of_a_new_site_is_shown_where_one_waits_for_it_and_on_its_page(lone: House) -> None:
    await keys(lone)
    browser = await lone.as_role(Role.OPERATOR)
    await browser.post("/sites/new", {"label": "shop", "mode": "observe"})
    async with lone.transaction() as tx:
        site = await sites.find_site(tx, "shop")
        (installation,) = await sites_store.installations(lone.org, tx)
        # As `redeem` leaves it: the site named its home, and our first call is still to come.
        await sites_store.set_installation(
            lone.org, tx, installation.id, home="https://shop.example", state=InstallationState.CONFIRMING.value
        )
        await probes.want(tx, site.id, "https://shop.example", lone.clock.now())
    waits = f"/sites/new/{installation.id}"
    assert "Being looked at from outside" in text_of(await browser.get(waits))
    async with lone.transaction() as tx:
        (due,) = await probes.due(tx, lone.clock.now(), most=5)
        hostile = Finding("probe.certificate", State.BAD, "Its certificate is not accepted: <b>x</b>.", "Give the host a certificate.")
        await probes.found(tx, due, [hostile], lone.clock.now())
    for path in (waits, f"/sites/{site.id}"):
        page = await browser.get(path)
        assert "Its certificate is not accepted: <b>x</b>. Give the host a certificate. probe.certificate" in text_of(page)
        assert "<b>x</b>" not in page.text
    lone.wake.rung.clear()
    assert (await browser.post(f"/sites/{site.id}/probe")).status_code == 303
    assert lone.wake.rung == [probes.LOOK]
    assert "Being looked at from outside" in text_of(await browser.get(f"/sites/{site.id}"))
