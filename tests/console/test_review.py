"""Reviewing in the console: what the page of a proposal shows first, who may answer with how much friction, and what an answer that comes too late meets."""

import pytest

from presswarden.approvals import service as approvals
from presswarden.approvals.model import Way
from presswarden.identity import service as identity
from presswarden.identity.model import Grant, Role
from presswarden.kernel.ids import EVERYONE
from presswarden.proposals.model import ProposalState
from presswarden.reports.pulse import service as pulse
from presswarden.rollouts import service as rollouts
from tests.console.reviewed import alone, answer, critical, office_of, paired, proposed, recommended, said, state_of
from tests.console.rig import House, text_of

pytestmark = pytest.mark.req("X6", "S2")


async def test_the_page_shows_what_speaks_against_it_before_what_speaks_for_it_and_both_before_the_buttons(lone: House) -> None:
    filed = await proposed(lone)
    page = (await (await lone.as_role(Role.APPROVER)).get(f"/proposals/{filed.id}")).text
    places = [page.index(words) for words in ("How much it touches", "Speaks against it", "Speaks for it", "The way back", 'id="decision"')]
    assert places == sorted(places)
    assert filed.plan.digest in page


async def test_a_medium_risk_is_approved_with_one_form_in_a_fresh_session(house: House) -> None:
    filed = await proposed(house)
    anna = await house.as_role(Role.APPROVER)
    page = text_of(await anna.get(f"/proposals/{filed.id}"))
    assert "Approve 1 site" in page
    assert "The change starts at once." in page
    given = await answer(anna, filed, "approve")
    assert (given.status_code, given.headers["location"]) == (303, f"/proposals/{filed.id}")
    assert await state_of(house, filed) is ProposalState.APPROVED
    async with house.transaction() as tx:
        (kept,) = await approvals.answers(tx, filed.id)
        assert len(await rollouts.work_of(tx, filed.id)) == 1
    assert (kept.way, kept.person) == (Way.CONSOLE, house.people[Role.APPROVER].id)
    assert kept.read_seconds is not None
    assert "dispatch" in house.wake.rung or house.wake.rung


async def test_a_session_that_proved_itself_long_ago_is_sent_to_do_so_first(lone: House) -> None:
    filed = await proposed(lone)
    anna = await lone.as_role(Role.APPROVER, stepped_up=False)
    assert "Confirm that it is you" in text_of(await anna.get(f"/proposals/{filed.id}"))
    given = await answer(anna, filed, "approve")
    assert given.status_code == 303
    assert given.headers["location"].startswith("/confirm?next=")
    assert await state_of(lone, filed) is ProposalState.WAITING


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER, Role.AUDITOR])
async def test_a_role_that_does_not_approve_sees_why_and_is_refused(lone: House, role: Role) -> None:
    filed = await proposed(lone, by=Role.ADMIN)
    browser = await lone.as_role(role)
    assert "Your roles don't approve" in text_of(await browser.get(f"/proposals/{filed.id}"))
    given = await answer(browser, filed, "approve")
    assert given.status_code == 403
    assert await state_of(lone, filed) is ProposalState.WAITING


async def test_whoever_asks_is_told_that_somebody_else_approves(lone: House) -> None:
    filed = await proposed(lone, by=Role.ADMIN)
    admin = await lone.as_role(Role.ADMIN)
    assert "You asked for it, so somebody else approves it." in text_of(await admin.get(f"/proposals/{filed.id}"))
    given = await answer(admin, filed, "approve")
    assert given.status_code == 403
    assert "counts as asking" in said(given)


async def test_a_grave_risk_asks_for_the_number_of_sites_a_reason_and_a_passkey(lone: House) -> None:
    filed = await proposed(lone, package="")
    office = office_of(lone)
    await office.passkey(lone.people[Role.APPROVER].id)
    anna = await lone.as_role(Role.APPROVER)
    page = text_of(await anna.get(f"/proposals/{filed.id}"))
    assert "To approve, type the number of sites" in page
    assert "You are 1 of 2: it waits for 1 more person." in page
    given = await answer(anna, filed, "approve", sites="2", reason="short")
    assert given.status_code == 422
    assert "Type 1, the number of sites this changes." in said(given)
    assert "at least 8 characters" in said(given)
    given = await answer(anna, filed, "approve", sites="1", reason="I read the changelog.")
    assert given.status_code == 303
    assert given.headers["location"].startswith("http://consent.localhost:8700/consent/")
    assert await state_of(lone, filed) is ProposalState.WAITING


async def test_without_a_passkey_for_consents_a_grave_risk_leads_to_adding_one(lone: House) -> None:
    filed = await critical(lone)
    owner = await lone.as_role(Role.OWNER)
    assert "you have none yet" in text_of(await owner.get(f"/proposals/{filed.id}"))
    given = await answer(owner, filed, "approve", sites="1", reason="I read the changelog.")
    assert given.headers["location"] == "/account/consents"


async def test_a_plan_that_changed_meanwhile_is_a_conflict_and_nothing_is_recorded(lone: House) -> None:
    filed = await proposed(lone)
    anna = await lone.as_role(Role.APPROVER)
    given = await anna.post(f"/proposals/{filed.id}/decision", {"action": "approve", "digest": "0" * 64})
    assert given.status_code == 409
    assert "Changed since you opened it." in text_of(given)
    async with lone.transaction() as tx:
        assert not await approvals.answers(tx, filed.id)


async def test_whoever_answers_after_it_was_decided_meets_a_conflict_and_sees_how_it_is(house: House) -> None:
    filed = await proposed(house)
    first, second = await house.as_role(Role.APPROVER), await house.as_role(Role.ADMIN)
    assert (await answer(first, filed, "reject", reason="not on a Friday")).status_code == 303
    for action in ("approve", "reject"):
        late = await answer(second, filed, action, reason="looks good to me")
        assert late.status_code == 409
        assert "Rejected" in text_of(late)
    assert await state_of(house, filed) is ProposalState.REJECTED


async def test_an_answer_after_its_time_is_refused_and_both_clocks_are_shown(lone: House) -> None:
    filed = await proposed(lone)
    anna = await lone.as_role(Role.APPROVER)
    page = text_of(await anna.get(f"/proposals/{filed.id}"))
    assert "Approve by" in page
    assert "Begin by" in page
    office_of(lone).later(hours=73)
    anna = await lone.as_role(Role.APPROVER)
    assert "The time for approvals is over." in text_of(await anna.get(f"/proposals/{filed.id}"))
    given = await answer(anna, filed, "approve")
    assert given.status_code == 409
    assert await state_of(lone, filed) is ProposalState.WAITING


async def test_a_no_needs_a_reason_and_ends_it(lone: House) -> None:
    filed = await proposed(lone)
    anna = await lone.as_role(Role.APPROVER)
    assert (await answer(anna, filed, "reject")).status_code == 422
    assert (await answer(anna, filed, "reject", reason="the shop has a sale")).status_code == 303
    async with lone.transaction() as tx:
        (kept,) = await approvals.answers(tx, filed.id)
    assert (kept.yes, kept.way, kept.reason) == (False, Way.CONSOLE, "the shop has a sale")


async def test_the_second_approver_does_not_read_the_first_ones_reason_before_answering(lone: House) -> None:
    filed = await proposed(lone, package="")
    office = office_of(lone)
    for role in (Role.APPROVER, Role.ADMIN):
        await office.passkey(lone.people[role].id)
    await office.yes(filed, lone.people[Role.APPROVER].id, reason="my own secret thought")
    second = await lone.as_role(Role.ADMIN)
    page = text_of(await second.get(f"/proposals/{filed.id}"))
    assert "Approver Person said yes" in page
    assert "my own secret thought" not in page
    assert "You are 2 of 2. The change starts at once." in page
    first = await lone.as_role(Role.APPROVER)
    assert "my own secret thought" in text_of(await first.get(f"/proposals/{filed.id}"))


async def test_confidence_stands_beside_its_threshold_and_what_lowers_it_and_never_alone(lone: House) -> None:
    filed = await recommended(lone, confidence=0.819)
    page = text_of(await (await lone.as_role(Role.APPROVER)).get(f"/proposals/{filed.id}"))
    assert "Confidence 81 %, threshold 82 %" in page
    assert "Below the threshold: a recommendation only" in page


async def test_a_recommendation_is_adopted_and_then_approved_by_somebody_else(lone: House) -> None:
    filed = await recommended(lone)
    admin, anna = await lone.as_role(Role.ADMIN), await lone.as_role(Role.APPROVER)
    early = await answer(anna, filed, "approve")
    assert early.status_code == 409
    adopted = await admin.post(f"/proposals/{filed.id}/adopt", {"digest": filed.plan.digest})
    assert adopted.status_code == 303
    assert (await answer(admin, filed, "approve")).status_code == 403
    again = await admin.post(f"/proposals/{filed.id}/adopt", {"digest": filed.plan.digest})
    assert again.status_code == 409
    assert (await answer(anna, filed, "approve")).status_code == 303
    assert await state_of(lone, filed) is ProposalState.APPROVED


async def test_a_single_operators_own_yes_counts_and_the_page_says_so(lone: House) -> None:
    owner = await alone(lone)
    office = office_of(lone)
    filed, _ = await office.submit(office.item(await office.site()), by=owner.id)
    browser = await lone.as_person(owner)
    page = text_of(await browser.get(f"/proposals/{filed.id}"))
    assert "You are the only one who may approve" in page
    assert (await answer(browser, filed, "approve")).status_code == 303
    async with lone.transaction() as tx:
        (kept,) = await approvals.answers(tx, filed.id)
    assert kept.alone


async def test_a_single_operators_grave_yes_waits_fifteen_minutes_and_the_page_says_so(lone: House) -> None:
    owner = await alone(lone)
    office = office_of(lone)
    await office.passkey(owner.id)
    filed, _ = await office.submit(office.item(await office.site(), package=""), by=owner.id)
    page = text_of(await (await lone.as_person(owner)).get(f"/proposals/{filed.id}"))
    assert "The change starts 15 minutes after your yes; until then it can be stopped." in page
    stale = await lone.as_person(owner, stepped_up=False)
    given = await answer(stale, filed, "approve", sites="1", reason="I read the changelog.")
    assert given.headers["location"].startswith("/confirm?next=")


async def test_there_is_no_yes_to_several_at_once(lone: House) -> None:
    first, second = await proposed(lone), await proposed(lone, "blog")
    anna = await lone.as_role(Role.APPROVER)
    chosen = [f"{each.id}:{each.plan.digest}" for each in (first, second)]
    given = await anna.post("/proposals/answer-many", {"action": "approve", "chosen": chosen, "reason": "all is well"})
    assert given.status_code == 400
    assert await state_of(lone, first) is ProposalState.WAITING
    assert (await anna.post("/proposals/answer-many", {"action": "reject", "chosen": chosen, "reason": "short"})).status_code == 400
    assert (await anna.post("/proposals/answer-many", {"action": "reject", "chosen": chosen, "reason": "not this week"})).status_code == 303
    assert {await state_of(lone, each) for each in (first, second)} == {ProposalState.REJECTED}


async def test_what_is_put_off_leaves_ones_own_inbox_and_nobody_elses(lone: House) -> None:
    filed = await proposed(lone)
    anna, admin = await lone.as_role(Role.APPROVER), await lone.as_role(Role.ADMIN)
    assert filed.id in (await anna.get("/")).text
    assert (await anna.post(f"/proposals/{filed.id}/later", {"days": "3"})).status_code == 303
    assert filed.id not in (await anna.get("/")).text
    assert "1 proposal put off by you." in text_of(await anna.get("/"))
    assert filed.id in (await admin.get("/")).text
    assert (await anna.post(f"/proposals/{filed.id}/later", {"days": "30"})).status_code == 400


async def test_the_inbox_shows_what_waits_for_this_person_alone(lone: House) -> None:
    asked = await proposed(lone, by=Role.ADMIN)
    assert asked.id in (await (await lone.as_role(Role.APPROVER)).get("/")).text
    for role in (Role.ADMIN, Role.OPERATOR, Role.VIEWER):
        page = text_of(await (await lone.as_role(role)).get("/"))
        assert "Nothing needs you." in page, role


async def test_the_inbox_says_that_the_analyst_runs_only_when_it_said_so_itself(lone: House) -> None:
    await recommended(lone)
    anna = await lone.as_role(Role.APPROVER)
    page = text_of(await anna.get("/"))
    assert "The analyst does not run now" in page
    assert "1 recommendation for people who may propose." in page
    async with lone.database.transaction(EVERYONE) as tx:
        await pulse.beat(EVERYONE, tx, "analyst", {}, lone.clock.now())
    assert "Analyst runs, last finding" in text_of(await anna.get("/"))
    office_of(lone).later(minutes=2)
    assert "The analyst does not run now" in text_of(await anna.get("/"))


async def test_the_queue_is_grouped_by_risk_and_found_by_words(lone: House) -> None:
    low, high = await proposed(lone), await proposed(lone, "blog", package="")
    anna = await lone.as_role(Role.APPROVER)
    page = (await anna.get("/proposals")).text
    assert page.index('id="risk-high"') < page.index('id="risk-medium"')
    part = await anna.part("/proposals?q=blog")
    assert high.id in part.text
    assert low.id not in part.text
    assert "<html" not in part.text


async def test_a_proposal_out_of_reach_is_not_there(lone: House) -> None:
    filed, elsewhere = await proposed(lone), await paired(lone, "elsewhere")
    hal = await lone.scoped(Role.APPROVER, elsewhere.site)
    absent = await hal.get("/proposals/00000000-0000-4000-8000-000000000000")
    there = await hal.get(f"/proposals/{filed.id}")
    assert (absent.status_code, there.status_code) == (404, 404)
    assert text_of(absent).partition("reference")[0] == text_of(there).partition("reference")[0]
    assert (await answer(hal, filed, "reject", reason="it is not mine")).status_code == 404
    assert filed.id not in (await hal.get("/proposals")).text


async def test_an_approver_whose_role_went_meanwhile_is_refused(lone: House) -> None:
    filed = await proposed(lone)
    anna = await lone.as_role(Role.APPROVER)
    await anna.get(f"/proposals/{filed.id}")
    async with lone.transaction() as tx:
        who = lone.people[Role.APPROVER].id
        await identity.grant_role(tx, who, Grant(Role.VIEWER), by=lone.owner.id, now=lone.clock.now())
        await identity.withdraw_role(tx, who, Grant(Role.APPROVER), by=lone.owner.id, now=lone.clock.now())
    assert (await answer(anna, filed, "approve")).status_code == 403


async def test_owners_see_how_people_review_and_nobody_else_does(lone: House) -> None:
    filed = await proposed(lone)
    anna = await lone.as_role(Role.APPROVER)
    await anna.get(f"/proposals/{filed.id}")
    office_of(lone).later(seconds=7)
    await answer(anna, filed, "approve")
    page = text_of(await (await lone.as_role(Role.OWNER)).get("/proposals/reviewers"))
    assert "Approver Person 1 0 0 % 7 s 1" in page
    assert (await anna.get("/proposals/reviewers")).status_code == 403
