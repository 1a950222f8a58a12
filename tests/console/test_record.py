"""The trail, one entry, verifying, exporting, what changed and the six questions: each role sees what it may, and nothing there changes anything."""

import io
import tarfile
from pathlib import Path

import pytest

from presswarden.audit import service as audit
from presswarden.audit import verify
from presswarden.audit.model import Actor, Entry, Recorded
from presswarden.identity.model import Role
from presswarden.kernel.ids import EVERYONE, SiteId, new_id
from presswarden.kernel.sealing import Kek, new_key
from presswarden.processes.checking import Checker
from tests.console.rig import House, open_house, text_of

pytestmark = pytest.mark.req("W19", "X10")

MAY = {Role.OWNER, Role.ADMIN, Role.APPROVER, Role.OPERATOR, Role.AUDITOR}
PAYLOADS = {Role.OWNER, Role.ADMIN, Role.AUDITOR}
JANITOR = Kek("janitor", new_key())
SECRET = "the very words of a payload"


async def recorded(house: House, *, signed: bool = True) -> Recorded:
    """An entry with a payload; and all of the record in its tree."""
    async with house.transaction() as tx:
        entry = Entry("site.read_back", Actor("process", "dispatcher"), f"site:{new_id()}", "run-1", {"says": SECRET})
        made = await audit.record(tx, entry, now=house.clock.advance(seconds=1))
    if signed:
        async with house.transaction() as tx:
            await audit.integrate(tx, JANITOR, log_host="log.example.test", now=house.clock.now())
    async with house.database.reading(house.org) as tx:
        return await audit.event(tx, made)


@pytest.mark.parametrize("role", list(Role))
async def test_the_trail_is_for_those_who_may_see_it_and_payloads_for_fewer(lone: House, role: Role) -> None:
    entry = await recorded(lone)
    browser = await lone.as_role(role)
    answers = [await browser.get(path) for path in ("/audit", f"/audit/{entry.id}", "/audit/verify")]
    assert {answer.status_code for answer in answers} == ({200} if role in MAY else {403})
    assert (SECRET in text_of(answers[1])) is (role in PAYLOADS)
    if role in MAY:
        assert "site.read_back" in text_of(answers[0])
        assert SECRET not in answers[0].text


async def test_another_organisations_entry_is_absent_in_the_same_words_as_none(house: House) -> None:
    entry = await recorded(house)
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    browser = await other.as_role(Role.OWNER)
    for path in ("/audit/{}", "/audit/{}/proof", "/audit/{}/leaf"):
        theirs, none = [await browser.get(path.format(one)) for one in (entry.id, new_id())]
        assert (theirs.status_code, none.status_code) == (404, 404)
        assert text_of(theirs).split("reference")[0] == text_of(none).split("reference")[0]


async def test_entries_are_filtered_and_paged_from_the_newest(house: House) -> None:
    async with house.transaction() as tx:
        for number in range(120):
            entry = Entry("site.paired", Actor("process", "dispatcher"), f"site:{number}", f"run-{number % 2}", {})
            await audit.record(tx, entry, now=house.clock.advance(seconds=1))
    browser = await house.as_role(Role.AUDITOR)
    first = await browser.get("/audit?kind=site.&correlation=run-1")
    assert first.text.count('<th scope="row">') == 50
    older = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = await browser.get(older)
    assert second.text.count('<th scope="row">') == 10
    assert "Older" not in text_of(second)
    for asked, count in (("kind=person.", 5), ("by=site", 0), ("actor=owner@northwind.example", 6), ("since=2999-01-01", 0)):
        assert (await browser.get(f"/audit?{asked}")).text.count('<th scope="row">') == count, asked
    assert (await browser.get("/audit?since=yesterday")).status_code == 400
    assert "There is no such site" in text_of(await browser.get("/audit?site=nobody"))


async def test_a_part_of_the_trail_is_the_list_alone(lone: House) -> None:
    await recorded(lone)
    answer = await (await lone.as_role(Role.OWNER)).part("/audit?kind=site.")
    assert answer.text.lstrip().startswith('<div id="results">')
    assert "<html" not in answer.text


async def test_the_proof_of_an_entry_verifies_without_us(house: House) -> None:
    entry = await recorded(house)
    browser = await house.as_role(Role.AUDITOR)
    proof, leaf = (await browser.get(f"/audit/{entry.id}/proof")), (await browser.get(f"/audit/{entry.id}/leaf"))
    async with house.database.reading(house.org) as tx:
        key = await audit.log_key(tx)
    assert key is not None
    index, _ = verify.verify_proof(proof.text, leaf.content, key)
    assert index == entry.index
    assert (await browser.get(f"/audit/{index}")).headers["location"] == f"/audit/{entry.id}"


async def test_verifying_is_asked_for_once_and_its_finding_is_shown(house: House) -> None:
    await recorded(house)
    browser = await house.as_role(Role.OPERATOR)
    for _ in range(2):
        assert (await browser.post("/audit/verify")).headers["location"] == "/audit/verify"
    waiting = await browser.get("/audit/verify")
    assert "Waiting for the janitor" in text_of(waiting)
    assert "http-equiv" in waiting.text
    assert await Checker(house.database, house.clock, everyone=EVERYONE).run((house.org,)) == 1
    found = text_of(await browser.get("/audit/verify"))
    assert "Everything agrees" in found
    assert "First broken link none" in found


@pytest.mark.parametrize("role", list(Role))
async def test_an_export_is_whole_recorded_and_for_those_who_may(lone: House, role: Role, tmp_path: Path) -> None:
    await recorded(lone)
    browser = await lone.as_role(role)
    answer = await browser.post("/audit/export")
    if role not in PAYLOADS:
        assert answer.status_code == 403
        return
    assert answer.status_code == 200
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path, filter="data")
    folder = tmp_path / "presswarden-audit"
    assert verify.verify_export(folder, (folder / "log.vkey").read_text()).ok
    async with lone.database.reading(lone.org) as tx:
        (told,) = await audit.events(tx, kind="audit.exported")
    assert told.actor.id == browser.person.id if browser.person else False


async def test_an_export_asks_once_more_who_one_is(lone: House) -> None:
    await recorded(lone)
    browser = await lone.as_role(Role.AUDITOR, stepped_up=False)
    answer = await browser.post("/audit/export", Referer="http://localhost:8700/audit/verify")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/confirm?next=")


@pytest.mark.req("S6")
@pytest.mark.parametrize("role", list(Role))
async def test_the_six_questions_are_answered_from_what_there_is(lone: House, role: Role) -> None:
    await recorded(lone)
    page = text_of(await (await lone.as_role(role)).get("/questions"))
    for question in ("What leaves the site?", "private data needed?", "What can change the site?", "approved first?", "trail?", "revoked?"):
        assert question in page
    assert "People who may approve 3" in page
    assert f"Entries in the signed tree {await size(lone)}" in page


@pytest.mark.req("S6")
async def test_whoever_sees_one_site_gets_no_numbers_of_the_others(lone: House) -> None:
    site = SiteId(new_id())
    assert (await (await lone.scoped(Role.VIEWER, site)).get("/questions")).status_code == 403


async def test_hostile_text_in_the_record_stays_text(lone: House) -> None:
    async with lone.transaction() as tx:
        hostile = '<img src=x onerror=alert(1)>\u202ehx-post="/stop"'
        entry = Entry("site.paired", Actor("process", "dispatcher"), "site:<b>x</b>", "run-1", {"says": hostile})
        made = await audit.record(tx, entry, now=lone.clock.now())
    browser = await lone.as_role(Role.OWNER)
    for path in ("/audit", f"/audit/{made}"):
        answer = await browser.get(path)
        assert "<img src=x" not in answer.text
        assert "<b>x</b>" not in answer.text
        assert "\u202e" not in answer.text


async def size(house: House) -> int:
    async with house.database.reading(house.org) as tx:
        head = await audit.latest_checkpoint(tx)
    return head.size if head else 0
