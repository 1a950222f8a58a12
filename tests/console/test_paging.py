"""Lists go on where a page ends: nothing is lost between two pages, nothing comes twice, and what one may not see is on none of them."""

import re
from datetime import timedelta

import pytest

from presswarden.identity.model import Grant, Role
from presswarden.incidents.store import IncidentRow
from presswarden.kernel.ids import SiteId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.store import ItemRow, ProposalRow
from presswarden.rollouts.store import ChangeRow, WorkRow
from tests.console.rig import Browser, House, text_of
from tests.support.shop import AKISMET, add_shop, offered

pytestmark = pytest.mark.req("S1", "X10")

MANY = 230
PROPOSAL = [column.name for column in ProposalRow.__table__.columns]


async def walked(browser: Browser, path: str, pattern: str) -> tuple[list[str], int]:
    """What stands on all pages of a list, in order; and how many pages those were."""
    found: list[str] = []
    for turn in range(1, 9):
        page = await browser.get(path)
        assert page.status_code == 200
        found += re.findall(pattern, page.text)
        older = re.search(r'href="([^"]+)"[^>]*rel="next"', page.text)
        if older is None:
            return found, turn
        path = older[1].replace("&amp;", "&")
    raise AssertionError("the list does not end")


async def filled(house: House) -> tuple[SiteId, SiteId]:
    """Many proposals, changes and incidents at one site, a few at another; made from one real proposal."""
    one, other = [await add_shop(house.database, house.org, house.owner.id, house.clock.now(), label=label) for label in ("One", "Other")]
    await one.report(offered(), house.clock.now())
    browser = await house.as_role(Role.OPERATOR)
    await browser.post(f"/sites/{one.site}/update", {"component": AKISMET})
    async with house.transaction() as tx:
        (real,) = await proposals.listed(tx)
        row = await tx.get_one(ProposalRow, (house.org, real.id))
        kept = {name: getattr(row, name) for name in PROPOSAL}
        for number in range(MANY):
            site, at = (one if number % 10 else other).site, house.clock.now() - timedelta(seconds=number // 3)
            proposal, work = new_id(), new_id()
            items = kept["items"].replace(one.site, site)
            more = {
                "id": proposal,
                "digest": f"{number:064x}",
                "filed_at": at,
                "title": f"Number {number:03}",
                "items": items,
                "state": "waiting",
            }
            tx.add(ProposalRow(**{**kept, **more}))
            tx.add(WorkRow(org=house.org, id=work, proposal=proposal, site=site, installation=new_id(), state="ended", correlation=new_id(),
                           filed_at=at, not_before=at, not_after=at))  # fmt: skip
            await tx.flush()
            tx.add(ItemRow(org=house.org, proposal=proposal, position=0, site=site, component=AKISMET))
            tx.add(ChangeRow(org=house.org, id=new_id(), work=work, proposal=proposal, site=site, leaf=1, tool="wp.plugin.update", component=AKISMET,
                             was="1", version=f"2.{number:03}", snapshot=None, step="", result="succeeded", code="", says="", seen={}, site_class="",
                             began_at=at, ended_at=at))  # fmt: skip
            tx.add(IncidentRow(org=house.org, id=new_id(), site=site, kind="fatal", state="contained", open_key=f"{number}", opened_at=at, last_at=at,
                               recovered_at=None, signals=number + 1))  # fmt: skip
    return one.site, other.site


async def test_every_long_list_can_be_walked_to_its_end(house: House) -> None:
    one, other = await filled(house)
    browser = await house.as_role(Role.AUDITOR)
    everything = [f"{number:03}" for number in range(MANY)]
    assert sorted((await walked(browser, "/proposals", r">Number (\d{3})"))[0]) == everything
    changes, pages = await walked(browser, "/changes", r">2\.(\d{3})<")
    assert (sorted(changes), pages) == (everything, 3)
    incidents, _ = await walked(browser, "/incidents", r'href="/incidents/([0-9a-f-]{36})"')
    assert len(incidents) == len(set(incidents)) == MANY
    theirs, _ = await walked(browser, f"/sites/{other}/activity", r"→ 2\.(\d{3})<")
    assert sorted(theirs) == everything[::10]
    # Who sees one site walks through that one's alone.
    scoped = await house.as_person(await house.add("Vera", Grant(Role.VIEWER, other)))
    for path, pattern in (("/proposals", r">Number (\d{3})"), ("/changes", r">2\.(\d{3})<")):
        assert sorted((await walked(scoped, path, pattern))[0]) == everything[::10]
    assert (await scoped.get(f"/sites/{one}/activity")).status_code == 404
    # A word that is no cursor of the list asks for its first page.
    for after in ("x", "e30", "%00", "a" * 400):
        assert "Older" in text_of(await browser.get(f"/changes?after={after}"))


async def test_a_proposal_is_found_by_what_it_is_whose_it_is_and_where_however_many_there_are(lone: House) -> None:
    await filled(lone)
    browser, operator = await lone.as_role(Role.OWNER), lone.people[Role.OPERATOR]
    assert "Number 229" in text_of(await browser.part("/jump?q=number 229"))
    assert "Number 229" in text_of(await browser.get("/proposals?q=number 229"))
    assert len((await walked(browser, "/proposals?q=other", r">Number (\d{3})"))[0]) == MANY // 10
    assert len((await walked(browser, f"/proposals?q={operator.name}", r">Number (\d{3})"))[0]) == MANY
    assert "No proposal matches." in text_of(await browser.get("/proposals?q=100%25"))
    async with lone.database.reading(lone.org) as tx:
        found = (await proposals.listed(tx, limit=300))[-1]
    assert found.title in text_of(await browser.part(f"/jump?q={found.id[:13]}"))


async def test_people_are_told_page_by_page(lone: House) -> None:
    for number in range(100):
        await lone.add(f"Person {number:03}", Grant(Role.VIEWER))
    browser = await lone.as_role(Role.OWNER)
    everybody, pages = await walked(browser, "/people", r">Person (\d{3})<")
    assert (len(everybody), pages) == (100, 2)
    assert "101–106 of 106" in text_of(await browser.get("/people?page=99"))
