"""Updates planned for many sites at once: each becomes a proposal of its own, none is agreed to, and each site says what came of it."""

import re
from datetime import timedelta

import pytest

from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity.model import Grant, Role
from presswarden.kernel.ids import EVERYONE, CorrelationId, SiteId, new_id
from presswarden.mailbox import service as mailbox
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.proposals.packages import service as packages
from presswarden.reports.pulse import service as pulse
from tests.console.rig import Browser, House, open_house, text_of
from tests.support.shop import AKISMET, HEALTH, Shop, add_shop, offered

pytestmark = pytest.mark.req("S5", "X6")


async def shops(house: House, *labels: str) -> list[Shop]:
    made = [await add_shop(house.database, house.org, house.owner.id, house.clock.now(), label=label) for label in labels]
    for shop in made:
        await shop.report(offered(), house.clock.now())
    return made


async def filed(house: House) -> tuple[Proposal, ...]:
    async with house.database.reading(house.org) as tx:
        return await proposals.listed(tx)


async def planned(browser: Browser, *sites: SiteId, **more: object) -> str:
    answer = await browser.post("/sites/bulk", {"do": "update", "site": list(sites), **more})
    assert answer.status_code == 200
    return text_of(answer)


@pytest.mark.req("W1")
async def test_each_chosen_site_gets_a_proposal_of_its_own_that_waits_for_its_yes(house: House) -> None:
    one, two, three = await shops(house, "One", "Two", "Three")
    browser = await house.as_role(Role.OPERATOR)
    assert "Plan updates…" in text_of(await browser.get("/sites"))
    page = await planned(browser, one.site, two.site)
    assert "2 proposals made, 0 not yet, 0 refused." in page
    assert "Akismet 5.7.2 → 5.7.3 One Made" in page
    made = await filed(house)
    assert {(each.sites, each.state) for each in made} == {((one.site,), ProposalState.WAITING), ((two.site,), ProposalState.WAITING)}
    assert {each.by.id for each in made} == {browser.person.id if browser.person else ""}
    again = await planned(browser, one.site, three.site)
    assert "1 proposal made, 1 not yet, 0 refused." in again
    assert "The same update stands already (waiting)." in again
    assert len(await filed(house)) == 3


async def test_a_family_narrows_what_is_planned(lone: House) -> None:
    (shop,) = await shops(lone, "One")
    await shop.report({**offered(), "update:core": {**offered()[f"update:{AKISMET}"], "version": "7.1.5"}}, lone.clock.now(), seq=2)
    browser = await lone.as_role(Role.OPERATOR)
    await planned(browser, shop.site, what="core")
    assert [each.items[0].component for each in await filed(lone)] == ["core"]
    answer = await browser.post("/sites/bulk", {"do": "update", "site": shop.site, "what": "theme"})
    assert (answer.status_code, "No update is offered there." in text_of(answer)) == (422, True)


async def test_a_component_is_planned_for_all_sites_that_are_offered_it_or_for_some(house: House) -> None:
    one, two, _ = await shops(house, "One", "Two", "Three")
    browser = await house.as_role(Role.OPERATOR)
    page = await browser.get(f"/components/{AKISMET}")
    assert "Plan all 3" in text_of(page)
    assert page.text.count('name="site"') == 3
    await planned(browser, two.site, component=AKISMET)
    assert [each.sites for each in await filed(house)] == [(two.site,)]
    answer = await browser.post("/sites/bulk", {"do": "update-all", "component": AKISMET})
    assert "2 proposals made, 1 not yet, 0 refused." in text_of(answer)
    nothing = await browser.post("/sites/bulk", {"do": "update-all"})
    assert (nothing.status_code, "No component was chosen." in text_of(nothing)) == (422, True)
    assert one.site in {each.sites[0] for each in await filed(house)}


async def test_a_site_that_was_not_read_lately_is_read_first_and_asked_for_again_from_the_same_page(house: House) -> None:
    (shop,) = await shops(house, "One")
    house.clock.advance(seconds=600)
    browser = await house.as_role(Role.OPERATOR)
    answer = await browser.post("/sites/bulk", {"do": "update", "site": shop.site})
    assert "0 proposals made, 1 not yet, 0 refused." in text_of(answer)
    assert "The site is read first" in text_of(answer)
    pair = re.search(r'name="pair" value="([^"]+)"', answer.text)
    assert pair is not None
    again = await browser.post("/sites/bulk", {"do": "update-again", "pair": pair[1]})
    assert "0 proposals made, 1 not yet" in text_of(again)
    async with house.database.reading(house.org) as tx:
        assert sorted(each.tool for each in await mailbox.requests(tx, shop.site)) == ["wp.site.health", "wp.site.inventory"]
    await shop.report(offered(), house.clock.now(), seq=2)
    done = await browser.post("/sites/bulk", {"do": "update-again", "pair": pair[1]})
    assert "1 proposal made, 0 not yet, 0 refused." in text_of(done)


@pytest.mark.req("N13")
async def test_a_package_that_is_being_fetched_is_waited_for(lone: House) -> None:
    (shop,) = await shops(lone, "One")
    async with lone.database.transaction(EVERYONE) as tx:
        await pulse.beat(EVERYONE, tx, "courier", {"packages": True}, lone.clock.now())
    page = await planned(await lone.as_role(Role.OPERATOR), shop.site)
    assert "Its package is being fetched" in page
    assert await filed(lone) == ()
    assert packages.COURIER in lone.wake.rung


@pytest.mark.req("N20")
async def test_what_can_not_be_is_refused_with_its_reason_and_holds_none_of_the_others_up(house: House) -> None:
    bad, good, stopped = await shops(house, "Bad", "Good", "Stopped")
    await bad.report(offered(), house.clock.now(), health={**HEALTH, "watchdog": False}, seq=2)
    async with house.transaction() as tx:
        await gate.stop(
            tx,
            house.owner.id,
            "drill",
            scope=StopScope.SITE,
            subject=stopped.site,
            correlation=CorrelationId(new_id()),
            now=house.clock.now(),
        )
    page = await planned(await house.as_role(Role.OPERATOR), bad.site, good.site, stopped.site)
    assert "1 proposal made, 0 not yet, 2 refused." in page
    assert "update.not_ready" in page
    assert "gate.stopped" in page
    assert [each.sites for each in await filed(house)] == [(good.site,)]


@pytest.mark.req("X10")
async def test_who_proposes_for_one_site_plans_for_that_one_alone_and_who_proposes_nothing_is_refused(house: House) -> None:
    mine, other = await shops(house, "Mine", "Other")
    everything = await house.add("Vera", Grant(Role.VIEWER), Grant(Role.OPERATOR, mine.site))
    page = await planned(await house.as_person(everything), mine.site, other.site)
    assert "1 proposal made, 0 not yet, 1 refused." in page
    viewer = await house.as_role(Role.VIEWER)
    for form in ({"do": "update", "site": other.site}, {"do": "update-all", "component": AKISMET}, {"do": "update-again", "pair": "x y"}):
        assert (await viewer.post("/sites/bulk", form)).status_code == 403
    assert "Plan updates" not in text_of(await viewer.get("/sites"))
    assert "Plan all" not in text_of(await viewer.get(f"/components/{AKISMET}"))
    assert [each.sites for each in await filed(house)] == [(mine.site,)]


@pytest.mark.req("W4")
async def test_sites_of_another_organisation_are_not_there(house: House) -> None:
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    (theirs,) = await shops(other, "Theirs")
    browser = await house.as_role(Role.OWNER)
    for form in (
        {"do": "update", "site": theirs.site},
        {"do": "update-all", "component": AKISMET},
        {"do": "update-again", "pair": f"{theirs.site} {AKISMET}"},
    ):
        assert (await browser.post("/sites/bulk", form)).status_code == 422
    assert await filed(other) == ()


async def test_more_than_two_hundred_updates_are_not_planned_at_once(lone: House) -> None:
    (shop,) = await shops(lone, "One")
    many = {f"update:plugin:p{number}/p.php": dict(offered()[f"update:{AKISMET}"]) for number in range(201)}
    await shop.report({**offered(), **many}, lone.clock.now() + timedelta(seconds=1), seq=2)
    answer = await (await lone.as_role(Role.OPERATOR)).post("/sites/bulk", {"do": "update", "site": shop.site})
    assert (answer.status_code, "more than 200 updates" in text_of(answer)) == (422, True)
    assert await filed(lone) == ()
