"""A proposal that changed or ran out under whoever looked at it: what the page says then, what it offers, and that no yes is left on it."""

import pytest

from presswarden.approvals.wanting import UpdateStands, want_update
from presswarden.identity.model import Role
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState
from tests.console.reviewed import answer, critical, office_of, paired, proposed, recommended, state_of
from tests.console.rig import House, text_of
from tests.stages.approvals.office import ANALYST, INVENTORY, Office, Paired
from tests.support.shop import AKISMET, add_shop, offered

pytestmark = pytest.mark.req("X6")


NEXT = {**INVENTORY, "update:plugin:tiny/tiny.php": {**INVENTORY["update:plugin:tiny/tiny.php"], "version": "1.0.2"}}


async def offered_the_next(house: House, at: Paired) -> Office:
    """A minute later the site is offered another version."""
    office = office_of(house)
    office.seq = int(house.clock.now().timestamp())  # above those that came before
    office.later(minutes=1)
    await office.heard(at, NEXT)
    return office


async def again(house: House, at: Paired, **more: object) -> Proposal:
    office = await offered_the_next(house, at)
    filed, _ = await office.submit(office.item(at, **more), by=house.people[Role.OPERATOR].id)
    return filed


async def replaced(house: House) -> tuple[Proposal, Proposal]:
    """The operator takes a request back and files the next version."""
    office, at = office_of(house), await paired(house, "shop")
    old, _ = await office.submit(office.item(at), by=house.people[Role.OPERATOR].id)
    assert (await answer(await house.as_role(Role.OPERATOR), old, "reject", reason="a newer release is out")).status_code == 303
    return old, await again(house, at, version="1.0.2")


async def test_a_late_answer_meets_the_newer_plan_with_what_differs_and_keeps_what_was_written(lone: House) -> None:
    old, new = await replaced(lone)
    anna = await lone.as_role(Role.APPROVER)
    late = await answer(anna, old, "approve", reason="I read the whole changelog.", sites="1")
    assert late.status_code == 409
    page = text_of(late)
    assert "a newer proposal stands in the place of the one that you looked at" in page
    assert "To version was 1.0.1 → is 1.0.2" in page
    assert f"Plan digest was {old.plan.digest[:16]}… → is {new.plan.digest[:16]}…" in page
    assert f'name="digest" value="{new.plan.digest}"' in late.text
    assert old.plan.digest not in late.text.partition('id="decision"')[2]
    assert "I read the whole changelog.</textarea>" in late.text
    assert await state_of(lone, new) is ProposalState.WAITING, "an answer to one is none to the other"
    assert (await answer(anna, new, "approve", reason="I read the whole changelog.")).status_code == 303
    assert await state_of(lone, new) is ProposalState.APPROVED


async def test_what_was_typed_to_be_sure_is_typed_anew_for_the_newer_plan(lone: House) -> None:
    office, at = office_of(lone), await paired(lone, "shop")
    old, _ = await office.submit(office.item(at, package=""), by=lone.people[Role.OPERATOR].id)
    await office.passkey(lone.people[Role.APPROVER].id)
    assert (await answer(await lone.as_role(Role.OPERATOR), old, "reject", reason="a newer release is out")).status_code == 303
    await again(lone, at, version="1.0.2", package="")
    late = await answer(await lone.as_role(Role.APPROVER), old, "approve", reason="I read the whole changelog.", sites="1")
    assert late.status_code == 409
    assert 'name="sites" type="text" value=""' in late.text


async def test_whoever_is_no_owner_is_told_that_their_yes_to_what_is_critical_would_not_count(lone: House) -> None:
    filed = await critical(lone)
    anna, olga = await lone.as_role(Role.APPROVER), await lone.as_role(Role.OWNER)
    page = await anna.get(f"/proposals/{filed.id}")
    assert "Critical changes are approved by owners alone, so your yes would not count." in text_of(page)
    assert 'value="approve"' not in page.text
    assert 'value="reject"' in page.text
    assert filed.id not in (await anna.get("/")).text
    assert filed.id in (await olga.get("/")).text


async def test_the_old_page_leads_to_the_newer_one_and_has_no_form(lone: House) -> None:
    old, new = await replaced(lone)
    page = (await (await lone.as_role(Role.APPROVER)).get(f"/proposals/{old.id}")).text
    assert f'href="/proposals/{new.id}"' in page
    assert "A newer one stands in its place" in page
    assert "/decision" not in page


async def test_a_recommendation_that_was_replaced_is_not_adopted_and_the_newer_one_is_shown(lone: House) -> None:
    old = await recommended(lone)
    (site,) = old.sites
    at = Paired(site, old.items[0].installation, old.items[0].home)
    office = await offered_the_next(lone, at)
    new, _ = await office.submit(office.item(at, version="1.0.2"), by=ANALYST, confidence=0.9)
    late = await (await lone.as_role(Role.ADMIN)).post(f"/proposals/{old.id}/adopt", {"digest": old.plan.digest})
    assert late.status_code == 409
    assert f'action="/proposals/{new.id}/adopt"' in late.text
    assert await state_of(lone, new) is ProposalState.RECOMMENDED


async def test_a_newer_one_that_is_out_of_reach_is_not_shown(lone: House) -> None:
    old, new = await replaced(lone)
    elsewhere = await paired(lone, "elsewhere")
    office = office_of(lone)
    office.later(minutes=1)
    here = Paired(old.sites[0], old.items[0].installation, old.items[0].home)
    wanted = (office.item(here, version="1.0.2"), office.item(elsewhere))
    both, _ = await office.submit(*wanted, by=lone.people[Role.OPERATOR].id)
    hal = await lone.scoped(Role.APPROVER, old.sites[0])
    page = (await hal.get(f"/proposals/{old.id}")).text
    assert both.id not in page
    assert new.id in page


async def test_what_ran_out_stands_in_nobodys_way_before_the_janitor_came_by(lone: House) -> None:
    shop = await add_shop(lone.database, lone.org, lone.owner.id, lone.clock.now(), label="Alder")
    await shop.report(offered(), lone.clock.now())
    by = lone.people[Role.OPERATOR].id
    async with lone.transaction() as tx:
        old, _ = await want_update(tx, shop.site, AKISMET, by=by, now=lone.clock.now())
    office_of(lone).later(hours=1)
    with pytest.raises(UpdateStands):
        async with lone.transaction() as tx:
            await want_update(tx, shop.site, AKISMET, by=by, now=lone.clock.now())
    office_of(lone).later(hours=72)
    await shop.report(offered(), lone.clock.now(), seq=2)
    async with lone.transaction() as tx:
        new, _ = await want_update(tx, shop.site, AKISMET, by=by, now=lone.clock.now())
    assert new.id != old.id
    assert await state_of(lone, old) is ProposalState.EXPIRED


async def test_what_ran_out_while_its_page_was_open_says_so_offers_to_ask_again_and_takes_no_yes(lone: House) -> None:
    filed = await proposed(lone)
    office_of(lone).later(hours=73)
    again_at = f'href="/sites/{filed.sites[0]}/update?component=plugin'
    for swept in (False, True):
        if swept:
            async with lone.transaction() as tx:
                assert await proposals.expire(tx, lone.clock.now()) == (filed.id,)
        late = await answer(await lone.as_role(Role.APPROVER), filed, "approve", reason="I was at lunch")
        assert late.status_code == 409
        assert 'value="approve"' not in late.text
        assert again_at not in late.text, "an approver files nothing"
        assert "an operator, admin or owner files it again" in text_of(late)
        assert again_at in (await (await lone.as_role(Role.OPERATOR)).get(f"/proposals/{filed.id}")).text
    assert "It never runs, and no yes counts any more." in text_of(late)
    assert await state_of(lone, filed) is ProposalState.EXPIRED
