"""Settings: what the organisation is called and tells, webhooks with a key that is shown once, what is kept how long, what runs."""

import re

import pytest

from presswarden.identity.limits import service as limits
from presswarden.identity.limits.model import Limit
from presswarden.identity.model import Role
from presswarden.kernel.ids import EVERYONE
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import Occasion
from presswarden.reports.pulse import service as pulse
from tests.console.rig import House, open_house, text_of
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("N19", "W13")


async def _beats(house: House, **told: object) -> None:
    async with house.database.transaction(EVERYONE) as tx:
        for name in ("web", "courier", "janitor"):
            said = {"mail": told.get("mail", False)} if name == "courier" else {"retention_days": 45} if name == "janitor" else {}
            await pulse.beat(EVERYONE, tx, name, said, house.clock.now())  # type: ignore[arg-type]  # small JSON


async def test_the_page_tells_what_runs_and_how_long_things_are_kept(house: House) -> None:
    owner = await house.as_role(Role.OWNER)
    before = text_of(await owner.get("/settings"))
    assert "No courier runs" in before
    assert "never seen" in before
    await _beats(house)
    page = text_of(await owner.get("/settings"))
    for words in ("45 days", "7 days", "90 days", "retention_days", "presswarden url change", "No mail is sent.", "http://localhost:8700"):
        assert words in page
    await _beats(house, mail=True)
    assert "Mail goes out" in text_of(await owner.get("/settings"))
    house.clock.advance(minutes=5)  # type: ignore[attr-defined]  # a clock that stands still
    assert "not heard of" in text_of(await owner.get("/settings"))


@pytest.mark.parametrize("role", list(Role))
async def test_only_owners_set_what_belongs_to_the_organisation(lone: House, role: Role) -> None:
    browser = await lone.as_role(role)
    seen = (await browser.get("/settings")).status_code
    assert seen == (403 if role is Role.VIEWER else 200)
    wanted = 200 if role is Role.OWNER else 403
    for path, form in (
        ("/settings/name", {"name": "Eastwind"}),
        ("/settings/told", {"told": "stop"}),
        ("/settings/limits", {"notice_days": "20"}),
        ("/settings/webhooks", {"url": "https://x.example/"}),
    ):
        status = (await browser.post(path, form)).status_code
        assert status == (403 if wanted == 403 else 200 if path.endswith("webhooks") else 303)


async def test_an_owner_renames_after_a_fresh_proof(house: House) -> None:
    stale = await house.as_role(Role.OWNER, stepped_up=False)
    assert (await stale.post("/settings/name", {"name": "Eastwind"})).headers["location"].startswith("/confirm")
    owner = await house.as_role(Role.OWNER)
    assert (await owner.post("/settings/name", {"name": "East\u202ewind"})).status_code == 422
    assert (await owner.post("/settings/name", {"name": "Eastwind"})).status_code == 303
    assert "Eastwind" in (await owner.get("/settings")).text


async def test_an_owner_sets_the_times_after_a_fresh_proof(house: House, frozen: FrozenClock) -> None:
    await _beats(house)
    stale = await house.as_role(Role.OWNER, stepped_up=False)
    assert (await stale.post("/settings/limits", {"notice_days": "60"})).headers["location"].startswith("/confirm")
    owner = await house.as_role(Role.OWNER)
    page = (await owner.get("/settings/limits")).text
    assert 'name="telemetry_days" type="number" value="45"' in page, "as the operator set it"
    for bad in ("6", "91", "many", "-1", "²"):
        refused = await owner.post("/settings/limits", {"notice_days": bad, "session_idle_minutes": "15"})
        assert (refused.status_code, "Nothing was changed." in text_of(refused)) == (422, True), bad
    assert (
        await owner.post("/settings/limits", {"telemetry_days": "45", "notice_days": "60", "session_idle_minutes": "15"})
    ).status_code == 303
    async with house.database.reading(house.org) as tx:
        assert dict((await limits.limits(tx)).chosen) == {Limit.NOTICES: 60, Limit.SESSION_IDLE: 15}
    assert "60 days" in text_of(await (await house.as_role(Role.AUDITOR)).get("/settings"))
    frozen.advance(minutes=15)
    assert (await owner.get("/settings")).headers["location"].startswith("/login")


async def test_what_no_time_ends_is_said_to_everybody_who_sees_settings(lone: House) -> None:
    page = text_of(await (await lone.as_role(Role.AUDITOR)).get("/settings/limits"))
    for words in ("Entries of the audit trail, their hashes, proofs and checkpoints", "Consents", "Owners set these.", "are never here"):
        assert words in page
    assert (await (await lone.as_role(Role.VIEWER)).get("/settings/limits")).status_code == 403


async def test_a_webhooks_key_is_shown_once_and_never_again(house: House) -> None:
    owner = await house.as_role(Role.OWNER)
    made = await owner.post("/settings/webhooks", {"url": "https://hooks.example/in?a=b"})
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    (key, *_) = re.findall(r"whsec_[A-Za-z0-9+/=]{44}", made.text)
    page = await owner.get("/settings")
    assert "hooks.example" in page.text
    assert key not in page.text
    async with house.database.reading(house.org) as tx:
        (kept,) = await notices.webhooks(tx)
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    stranger = await other.as_role(Role.OWNER)
    assert (await stranger.post("/settings/webhooks/remove", {"webhook": kept.id})).status_code == 404
    assert "hooks.example" not in (await stranger.get("/settings")).text
    assert (await owner.post("/settings/webhooks/remove", {"webhook": kept.id})).status_code == 303
    async with house.database.reading(house.org) as tx:
        assert await notices.webhooks(tx) == ()


async def test_a_bad_address_is_said_in_its_place(lone: House) -> None:
    answer = await (await lone.as_role(Role.OWNER)).post("/settings/webhooks", {"url": "ftp://x"})
    assert answer.status_code == 422
    assert "That is not an address a webhook can have." in text_of(answer)
    assert 'value="ftp://x"' in answer.text


async def test_everybody_chooses_what_they_are_told_of(lone: House) -> None:
    viewer = await lone.as_role(Role.VIEWER)
    assert (await viewer.post("/settings/notifications", {"told": "executed"})).status_code == 303
    page = await viewer.get("/settings/notifications?saved=1")
    assert "Saved." in text_of(page)
    assert re.search(r'value="executed" checked', page.text)
    assert not re.search(r'value="stop" checked', page.text)
    async with lone.database.reading(lone.org) as tx:
        wanted = await notices.wanted_by(tx, lone.people[Role.VIEWER].id)
    assert [each for each, said in wanted.items() if said] == [Occasion.EXECUTED]


async def test_what_the_organisation_does_not_send_is_named_and_stays_as_it_was_chosen(lone: House) -> None:
    owner, viewer = await lone.as_role(Role.OWNER), await lone.as_role(Role.VIEWER)
    await viewer.post("/settings/notifications", {"told": "incident"})
    assert (await owner.post("/settings/told", {"told": "stop"})).status_code == 303
    assert "This organisation tells nobody of" in text_of(await viewer.get("/settings/notifications"))
    await viewer.post("/settings/notifications", {})
    async with lone.database.reading(lone.org) as tx:
        assert (await notices.wanted_by(tx, lone.people[Role.VIEWER].id))[Occasion.INCIDENT] is True
