"""Changes in the console: the list, one with its steps and where each stands in the record, its live stream, and what a person can still do."""

import zlib
from collections.abc import AsyncGenerator

import pytest

from presswarden.identity.model import Role
from presswarden.kernel.ids import ChangeId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change, ChangeUnknown, Result
from presswarden.sites import service as sites
from presswarden.surfaces.console import live
from tests.console.reviewed import answer, office_of, paired, proposed
from tests.console.rig import House, text_of

pytestmark = pytest.mark.req("W13", "S3")


async def _approved(house: House) -> tuple[Proposal, Change]:
    filed = await proposed(house)
    assert (await answer(await house.as_role(Role.APPROVER), filed, "approve")).status_code == 303
    async with house.transaction() as tx:
        (change,) = await rollouts.changes(tx, proposal=filed.id)
    return filed, change


async def _begun(house: House) -> tuple[Proposal, Change]:
    filed, change = await _approved(house)
    async with house.transaction() as tx:
        office = office_of(house)
        await rollouts.begin(tx, change, now=office.later(seconds=1))
        await rollouts.note(tx, change.id, "snapshot", now=office.later(seconds=1))
        await rollouts.note(tx, change.id, "act", says="<b>bold</b>\u202e", now=office.later(seconds=1))
    return filed, change


async def _ended(house: House, result: Result) -> Change:
    _, change = await _begun(house)
    async with house.transaction() as tx:
        await rollouts.end(tx, change.id, result, code="c", says="it is so", seen={"version": "1.0.1"}, now=house.clock.now())
    return change


async def test_a_change_shows_its_steps_in_order_with_their_place_in_the_record(house: House) -> None:
    filed, change = await _begun(house)
    anna = await house.as_role(Role.APPROVER)
    answer_ = await anna.get(f"/changes/{change.id}")
    page = text_of(answer_)
    order = [page.index(words) for words in ("Begun: looked at", "A snapshot is made", "The change itself runs")]
    assert order == sorted(order)
    assert "in the record" in page
    assert "takes it back unless it is called good within 15 minutes" in page
    assert filed.plan.digest in answer_.text
    assert "<b>bold</b>" not in answer_.text
    assert "U+202E" in page


@pytest.mark.parametrize("result", list(Result))
async def test_every_result_is_told_in_its_own_words(lone: House, result: Result) -> None:
    change = await _ended(lone, result)
    page = text_of(await (await lone.as_role(Role.VIEWER)).get(f"/changes/{change.id}"))
    assert result.value.replace("_", " ").capitalize() in page
    assert "version 1.0.1" in page
    listed = text_of(await (await lone.as_role(Role.VIEWER)).get("/changes"))
    assert "1 change" in listed


async def test_a_message_is_a_whole_region_and_ages_alone_are_no_news() -> None:
    first = live.message("abc", "one\n\ntwo")
    assert first == "id: abc\ndata: one\ndata: two\n\n"
    older = '<time datetime="2026-01-01T00:00:00Z" data-ago>3 s ago</time>'
    assert live.marked(older) == live.marked(older.replace("3 s", "4 s"))
    assert live.marked(older) != live.marked(older.replace("00Z", "01Z"))


async def test_a_stream_says_what_is_new_and_ends_with_the_session_or_its_time() -> None:
    shown, signed_in = iter(["one", "one", "two", *["two"] * 100]), iter([True, True, True, False])

    async def look() -> str:
        return next(shown)

    async def still() -> bool:
        return next(signed_in)

    pace = live.Pace(look_every=0.01, say_something=0.02, still_signed_in=0.03)
    told = [each async for each in live.messages(look, still, pace=pace)]
    assert [each for each in told if each.startswith("id:")] == [live.message(live.marked(each), each) for each in ("one", "two")]
    assert ": still here\n\n" in told
    assert next(signed_in, None) is None, "it ended when the session did"

    async def same() -> str:
        return "one"

    async def yes() -> bool:
        return True

    async def gone() -> str:
        raise ChangeUnknown("There is no such change.")

    assert [each async for each in live.messages(gone, yes, pace=pace)] == ["retry: 2000\n\n"], "out of reach by now"
    over = [each async for each in live.messages(same, yes, last=live.marked("one"), pace=live.Pace(look_every=0.01, longest=0.05))]
    assert over == ["retry: 2000\n\n"], "what the browser shows already is not sent again"


async def test_a_packed_message_is_readable_as_soon_as_it_is_sent_and_the_same_again_costs_little() -> None:
    long = live.message("abc", " ".join(f"<p>{number**7}</p>" for number in range(99)))

    async def told() -> AsyncGenerator[str, None]:
        for text in ("retry: 2000\n\n", long, long):
            yield text

    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    sent = [each async for each in live.packed(told())]
    assert [unpacking.decompress(each).decode() for each in sent] == ["retry: 2000\n\n", long, long, ""]
    assert unpacking.eof
    assert len(sent[2]) * 10 < len(sent[1]) < len(long)


async def test_what_is_streamed_holds_the_region_and_no_form(lone: House) -> None:
    _, change = await _begun(lone)
    part = await (await lone.as_role(Role.APPROVER)).part(f"/changes/{change.id}")
    assert part.text.count('id="course"') == 1
    assert "<form" not in part.text


async def test_an_approver_stops_a_change_by_pausing_its_site(lone: House) -> None:
    _, change = await _begun(lone)
    anna = await lone.as_role(Role.APPROVER)
    assert "Stop: pause this site" in text_of(await anna.get(f"/changes/{change.id}"))
    assert (await anna.post(f"/changes/{change.id}/stop", {"reason": "orders fail"})).status_code == 303
    async with lone.transaction() as tx:
        assert (await sites.site_of(tx, change.site)).pause_reason == "orders fail"
    viewer = await lone.as_role(Role.VIEWER)
    assert "Stop: pause this site" not in text_of(await viewer.get(f"/changes/{change.id}"))
    assert (await viewer.post(f"/changes/{change.id}/stop")).status_code == 403


@pytest.mark.req("W15")
async def test_one_operator_takes_an_open_change_back_by_hand_also_their_own(house: House) -> None:
    _, change = await _begun(house)
    otto = await house.as_role(Role.OPERATOR)
    assert (await otto.post(f"/changes/{change.id}/take-back")).status_code == 400
    given = await otto.post(f"/changes/{change.id}/take-back", {"sure": "yes"})
    assert given.status_code == 303
    async with house.transaction() as tx:
        filed = await proposals.proposal(tx, given.headers["location"].rpartition("/")[2])  # type: ignore[arg-type]  # an id
    (act,) = filed.plan.acts
    assert filed.state is ProposalState.APPROVED
    assert (act.tool, act.args["change"], act.args["scope"], act.args["snapshot"]) == (
        "wp.snapshot.restore", change.id, "files", change.snapshot,
    )  # fmt: skip
    approver = await house.as_role(Role.APPROVER)
    assert (await approver.post(f"/changes/{change.id}/take-back", {"sure": "yes"})).status_code == 403


async def test_a_change_that_is_over_is_not_taken_back_but_its_snapshot_can_be_asked_for(lone: House) -> None:
    change = await _ended(lone, Result.SUCCEEDED)
    otto = await lone.as_role(Role.OPERATOR)
    assert (await otto.post(f"/changes/{change.id}/take-back", {"sure": "yes"})).status_code == 409
    given = await otto.post(f"/changes/{change.id}/put-back")
    assert given.status_code == 303
    page = text_of(await otto.get(given.headers["location"]))
    assert "Waits for approval" in page
    assert "High risk" in page


async def test_a_change_out_of_reach_is_not_there(lone: House) -> None:
    _, change = await _begun(lone)
    elsewhere = await paired(lone, "elsewhere")
    hal = await lone.scoped(Role.ADMIN, elsewhere.site)
    absent = ChangeId("00000000-0000-4000-8000-000000000000")
    for path in ("", "/live"):
        there, nothing = await hal.get(f"/changes/{change.id}{path}"), await hal.get(f"/changes/{absent}{path}")
        assert (there.status_code, nothing.status_code) == (404, 404)
        assert text_of(there).partition("reference")[0] == text_of(nothing).partition("reference")[0]
    for act in ("stop", "take-back", "put-back"):
        assert (await hal.post(f"/changes/{change.id}/{act}", {"sure": "yes"})).status_code == 404
    assert change.id not in (await hal.get("/changes")).text
