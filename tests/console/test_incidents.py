"""Incidents in the console: the same on several sites together, the likely cause, the signals in order, and the person who closes one with what was found."""

import pytest

from presswarden.identity.model import Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import IncidentState, SignalKind
from presswarden.kernel.ids import IncidentId, SiteId
from presswarden.rollouts.model import Result
from tests.console.reviewed import paired
from tests.console.rig import House, text_of
from tests.console.test_changes import _ended

pytestmark = pytest.mark.req("S4")


async def _raised(house: House, site: SiteId, kind: SignalKind = SignalKind.CLONE, **detail: str) -> IncidentId:
    async with house.transaction() as tx:
        return await incidents.raise_signal(tx, kind, site, detail, house.clock.now())


async def test_the_same_on_several_sites_stands_together_the_gravest_first(house: House) -> None:
    shop, blog = await paired(house, "shop"), await paired(house, "blog")
    await _raised(house, shop.site, SignalKind.UNREACHABLE)
    for each in (shop, blog):
        await _raised(house, each.site)
    page = (await (await house.as_role(Role.VIEWER)).get("/incidents")).text
    assert page.index('id="kind-clone"') < page.index('id="kind-unreachable"')
    assert "2 sites" in page


async def test_one_shows_its_signals_as_plain_text_and_what_is_held_back(lone: House) -> None:
    shop = await paired(lone, "shop")
    opened = await _raised(lone, shop.site, url="<script>alert(1)</script>\u200b")
    answer = await (await lone.as_role(Role.VIEWER)).get(f"/incidents/{opened}")
    page = text_of(answer)
    assert "Only reads go to this site until a person decides." in page
    assert "<script>alert" not in answer.text
    assert "U+200B" in page
    assert "Owners and admins close incidents" in page


async def test_a_change_that_was_taken_back_is_named_as_the_likely_cause(lone: House) -> None:
    change = await _ended(lone, Result.ROLLED_BACK)
    async with lone.transaction() as tx:
        (found,) = await incidents.open_incidents(tx, change.site)
    page = await (await lone.as_role(Role.VIEWER)).get(f"/incidents/{found.id}")
    assert "A change of ours: plugin:tiny/tiny.php 1.0.0 → 1.0.1, rolled_back." in text_of(page)
    assert f"/changes/{change.id}" in page.text


async def test_an_admin_closes_it_with_a_cause_and_a_note(house: House) -> None:
    shop = await paired(house, "shop")
    opened = await _raised(house, shop.site)
    admin = await house.as_role(Role.ADMIN)
    for form in ({}, {"cause": "an attack", "note": "short"}, {"cause": "nonsense", "note": "long enough a note"}):
        assert (await admin.post(f"/incidents/{opened}/close", form)).status_code == 422
    good = {"cause": "a false alarm", "note": "It was our own staging copy."}
    assert (await admin.post(f"/incidents/{opened}/close", good)).status_code == 303
    async with house.transaction() as tx:
        found, _ = await incidents.show(tx, opened)
    assert found.state is IncidentState.CLOSED
    again = await admin.post(f"/incidents/{opened}/close", good)
    assert again.status_code == 409
    assert "Somebody closed it meanwhile." in text_of(again)


@pytest.mark.parametrize("role", [Role.APPROVER, Role.OPERATOR, Role.VIEWER, Role.AUDITOR])
async def test_nobody_else_closes_one(lone: House, role: Role) -> None:
    shop = await paired(lone, "shop")
    opened = await _raised(lone, shop.site)
    given = await (await lone.as_role(role)).post(f"/incidents/{opened}/close", {"cause": "an attack", "note": "I say so myself"})
    assert given.status_code == 403
    async with lone.transaction() as tx:
        assert (await incidents.show(tx, opened))[0].open


async def test_one_out_of_reach_is_not_there(lone: House) -> None:
    shop, elsewhere = await paired(lone, "shop"), await paired(lone, "elsewhere")
    opened = await _raised(lone, shop.site)
    hal = await lone.scoped(Role.OWNER, elsewhere.site)
    there, absent = await hal.get(f"/incidents/{opened}"), await hal.get("/incidents/00000000-0000-4000-8000-000000000000")
    assert (there.status_code, absent.status_code) == (404, 404)
    assert text_of(there).partition("reference")[0] == text_of(absent).partition("reference")[0]
    assert (await hal.post(f"/incidents/{opened}/close", {"cause": "an attack", "note": "I say so myself"})).status_code == 404
    assert opened not in (await hal.get("/incidents?all=1")).text
