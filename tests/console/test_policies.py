"""Policies in the console: read by those who may, checked without being set, filed by owners alone, with a second owner where it is laxer."""

import json
from collections.abc import Mapping

import pytest

from presswarden.approvals import service as approvals
from presswarden.identity.model import Grant, Role
from presswarden.kernel.canonical import Json
from presswarden.policy import presets
from presswarden.policy.document import read
from presswarden.policy.presets import Preset
from tests.console.rig import Browser, House, open_house, text_of
from tests.support.shop import add_shop

pytestmark = pytest.mark.req("X10", "W14")

MAY_SEE = {Role.OWNER, Role.ADMIN, Role.APPROVER, Role.OPERATOR, Role.AUDITOR}
PATHS = ("/policies", "/policies/organisation", "/policies/organisation/edit", "/policies/organisation/edit?preset=cautious")


def document(house: House, preset: Preset = Preset.CAUTIOUS, **operations: Json) -> dict[str, Json]:
    made = presets.document(preset, policy_id="pol_test", concerns=house.org, at=house.clock.now())
    block = made["operations"]
    assert isinstance(block, Mapping)
    return {**made, "operations": {**block, **operations}}


async def file(house: House, browser: Browser, given: Mapping[str, Json], *, newest: int = 0, scope: str = "organisation") -> str:
    answer = await browser.post(f"/policies/{scope}/set", {"document": json.dumps(given), "newest": newest})
    assert answer.status_code == 303, text_of(answer)
    async with house.database.reading(house.org) as tx:
        found = (await approvals.policy_versions(tx, "" if scope == "organisation" else scope, now=house.clock.now()))[0]
    return "in force" if found.active else "later" if found.from_when else "waits"


@pytest.mark.parametrize("role", list(Role))
async def test_policies_are_read_by_those_who_may_and_set_by_owners(lone: House, role: Role) -> None:
    browser = await lone.as_role(role)
    assert {(await browser.get(path)).status_code for path in PATHS} == ({200} if role in MAY_SEE else {403})
    checked = await browser.post("/policies/organisation/check", {"document": json.dumps(document(lone))})
    assert checked.status_code == (200 if role in MAY_SEE else 403)
    assert ("Put it in force" in text_of(checked)) is (role is Role.OWNER)
    answer = await browser.post("/policies/organisation/set", {"document": json.dumps(document(lone)), "newest": 0})
    assert answer.status_code == (303 if role is Role.OWNER else 403)


async def test_checking_shows_what_differs_and_sets_nothing(house: House) -> None:
    browser = await house.as_role(Role.OPERATOR)
    page = text_of(await browser.post("/policies/organisation/check", {"document": json.dumps(document(house))}))
    assert "+ Recommendations with a confidence below 0.9 are held back." in page
    assert "- Recommendations with a confidence below 0.82 are held back." in page
    assert "It holds at once." in page
    async with house.database.reading(house.org) as tx:
        assert await approvals.policy_versions(tx, now=house.clock.now()) == ()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", "line 1, column 2"),
        ("[]", "no JSON object"),
        ('{"a":1,"a":2}', "repeats a key"),
        ("{}", "policy_version"),
        ("NaN", "no JSON object"),
    ],
)
async def test_a_document_that_is_none_is_refused_in_place_with_the_place_of_its_fault(lone: House, text: str, where: str) -> None:
    for verb in ("check", "set"):
        answer = await (await lone.as_role(Role.OWNER)).post(f"/policies/organisation/{verb}", {"document": text, "newest": 0})
        assert answer.status_code in {400, 422}
        assert where in text_of(answer)
    async with lone.database.reading(lone.org) as tx:
        assert await approvals.policy_versions(tx, now=lone.clock.now()) == ()


async def test_a_fault_inside_the_block_is_named_by_its_path_and_the_text_stays(lone: House) -> None:
    given = document(lone, confidence_threshold=2)
    answer = await (await lone.as_role(Role.OWNER)).post("/policies/organisation/check", {"document": json.dumps(given)})
    assert answer.status_code == 422
    assert "/operations/confidence_threshold" in text_of(answer)
    assert "pol_test" in text_of(answer)


async def test_the_form_says_the_same_as_the_document(house: House) -> None:
    form = {
        "by": "form", "default_mode": "observe", "max_mode": "approve", "confidence_threshold": "0.95", "automate": "", "core_minor": "critical",
        "core_major": "", "core_wait": "3", "wait_patch": "", "wait_minor": "2", "wait_major": "9", "wait_security": "", "window_days": ["mon", "tue"],
        "window_from": "22:00", "window_to": "05:00", "window_tz": "site", "approval_hours": "48", "execute_hours": "", "snapshot_db_max_mb": "",
        "wave_sizes": "1, 25%",
    }  # fmt: skip
    owner = await house.as_role(Role.OWNER)
    page = await owner.post("/policies/organisation/check", form)
    assert "on Monday and Tuesday from 22:00 to 05:00 of the next day" in text_of(page)
    text = page.text.split("<textarea", 1)[1].split(">", 1)[1].split("</textarea>", 1)[0]
    given = json.loads(text.replace("&#34;", '"').replace("&lt;", "<").replace("&amp;", "&"))
    rules = read(given).operations
    assert (rules.confidence_threshold, rules.wait_major, rules.core_wait_days, rules.approval_hours) == (0.95, 9, 3, 48)
    assert (rules.wave_sizes, rules.core_minor.value) == (("1", "25%"), "critical")
    assert await file(house, owner, given) == "in force"
    edited = (await owner.get("/policies/organisation/edit")).text
    assert 'value="0.95"' in edited
    assert 'value="mon" checked' in edited


async def test_a_field_of_the_form_that_is_no_number_is_refused_with_its_path(lone: House) -> None:
    answer = await (await lone.as_role(Role.OWNER)).post("/policies/organisation/check", {"by": "form", "approval_hours": "many"})
    assert answer.status_code == 422
    assert "/operations/approval_hours" in text_of(answer)


async def test_a_laxer_document_waits_for_another_owner_who_confirms_it(house: House) -> None:
    other = await house.add("Second Owner", Grant(Role.OWNER))
    house.clock.advance(days=2)
    owner, second = await house.as_role(Role.OWNER), await house.as_person(other)
    assert await file(house, owner, document(house)) == "in force"
    laxer = document(house, confidence_threshold=0.6)
    page = text_of(await owner.post("/policies/organisation/check", {"document": json.dumps(laxer)}))
    assert "It waits until another owner confirms it." in page
    assert await file(house, owner, laxer, newest=1) == "waits"
    own = await owner.post("/policies/organisation/confirm", {"version": 2})
    assert own.status_code == 409
    assert "can't be the second owner" in text_of(own)
    assert "Version 2 waits for another owner" in text_of(await second.get("/policies/organisation"))
    admin = await house.as_role(Role.ADMIN)
    assert (await admin.post("/policies/organisation/confirm", {"version": 2})).status_code == 403
    assert (await second.post("/policies/organisation/confirm", {"version": 2})).status_code == 303
    assert "Confirmed by Second Owner" in text_of(await second.get("/policies/organisation/versions/2"))


async def test_the_only_owners_laxer_document_holds_after_its_delay(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    assert await file(lone, owner, document(lone)) == "in force"
    laxer = document(lone, confidence_threshold=0.6)
    assert "it holds after 15 minutes" in text_of(await owner.post("/policies/organisation/check", {"document": json.dumps(laxer)}))
    assert await file(lone, owner, laxer, newest=1) == "later"


async def test_setting_and_confirming_ask_once_more_who_one_is(lone: House) -> None:
    tired = await lone.as_role(Role.OWNER, stepped_up=False)
    for path, form in (("set", {"document": json.dumps(document(lone)), "newest": 0}), ("confirm", {"version": 1})):
        assert (await tired.post(f"/policies/organisation/{path}", form)).headers["location"].startswith("/confirm")


async def test_a_version_that_was_filed_meanwhile_is_not_passed_over(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    assert await file(lone, owner, document(lone)) == "in force"
    answer = await owner.post("/policies/organisation/set", {"document": json.dumps(document(lone)), "newest": 0})
    assert answer.status_code == 409
    assert "another version since you looked" in text_of(answer)


async def test_lifting_a_hold_shows_what_it_changes_first(house: House) -> None:
    owner = await house.as_role(Role.OWNER)
    held = {"component": "plugin:a/a.php", "version": "*", "until": "2099-01-01", "reason": "breaks <u>it</u>"}
    assert await file(house, owner, document(house, holds=[held])) == "in force"
    page = await owner.get("/policies/organisation")
    assert "breaks <u>it</u>" in text_of(page)
    assert "<u>" not in page.text
    shown = text_of(await owner.post("/policies/organisation/lift", {"component": "plugin:a/a.php", "version": "*"}))
    assert "- plugin:a/a.php is not updated to any version up to 2099-01-01" in shown
    assert "It is laxer somewhere." in shown


async def test_a_document_of_one_site_stands_beside_the_organisations(house: House) -> None:
    shop = await add_shop(house.database, house.org, house.owner.id, house.clock.now())
    owner, scoped = await house.as_role(Role.OWNER), await house.scoped(Role.OPERATOR, shop.site)
    assert await file(house, owner, document(house), scope=shop.site) == "in force"
    assert "shop" in text_of(await owner.get("/policies"))
    assert (await scoped.get(f"/policies/{shop.site}")).status_code == 200
    assert (await scoped.get("/policies/organisation")).status_code == 403
    stranger = await (await open_house(house.database, house.clock, name="Southwind", app=house.app)).as_role(Role.OWNER)
    for path in (f"/policies/{shop.site}", f"/policies/{shop.site}/edit", f"/policies/{shop.site}/versions/1"):
        assert (await stranger.get(path)).status_code == 404
    assert (await owner.get(f"/policies/{shop.site}/versions/9")).status_code == 404
