"""Stopping in one step, without JavaScript, from every page; resuming is dear; what a site's own admin stopped is told and can't be resumed from here."""

from datetime import timedelta

import pytest

from presswarden.audit.model import Actor
from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Grant, Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.mailbox import service as mailbox
from presswarden.surfaces.console.door import PostRefused
from tests.console.reviewed import paired
from tests.console.rig import Browser, House, open_house, text_of
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("A8", "W17")


async def _scopes(house: House) -> list[tuple[str, str]]:
    async with house.database.reading(house.org) as tx:
        return [(one.scope.value, one.subject) for one in await gate.stops(tx, house.clock.now())]


async def _stop(browser: Browser, scope: str = "organisation", subject: str = "", reason: str = "breach") -> int:
    return (await browser.post("/stop", {"scope": scope, "subject": subject, "reason": reason})).status_code


async def test_every_page_has_the_button_and_says_what_is_stopped(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    page = (await owner.get("/sites")).text
    assert 'href="/stop" data-open="stop-dialog"' in page
    assert '<dialog id="stop-dialog"' in page
    assert await _stop(owner) == 303
    after = text_of(await owner.get("/sites"))
    assert "Stopped: all agents of this organisation." in after
    assert "breach" in after
    assert '<dialog id="stop-dialog"' not in (await (await lone.as_role(Role.VIEWER)).get("/sites")).text


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.APPROVER, Role.OPERATOR])
async def test_who_may_pause_stops_with_one_click_and_the_dispatcher_hears_of_it(house: House, role: Role) -> None:
    browser = await house.as_role(role, stepped_up=False)
    assert await _stop(browser, reason="") == 303
    assert await _scopes(house) == [("organisation", "")]
    assert mailbox.DISPATCH in house.wake.rung


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
async def test_who_only_looks_on_stops_nothing_and_reads_who_could(lone: House, role: Role) -> None:
    browser = await lone.as_role(role)
    assert (await browser.get("/stop")).status_code == 200
    for scope, subject in (("organisation", ""), ("agent", "analyst"), ("everything", "")):
        assert await _stop(browser, scope, subject) in {403, 422}
    assert await _scopes(lone) == []


async def test_each_reach_is_stopped_and_named_on_the_page(lone: House) -> None:
    site = await paired(lone, "shop")
    async with lone.transaction() as tx:
        bakery = await clients.add(tx, "Bakery & Sons", by=lone.owner.id, now=lone.clock.now())
    owner = await lone.as_role(Role.OWNER)
    for scope, subject in (("site", "shop"), ("client", bakery.id), ("agent", "analyst"), ("everything", "")):
        assert await _stop(owner, scope, subject, f"because of {scope}") == 303
    assert await _scopes(lone) == [("everything", ""), ("client", bakery.id), ("site", site.site), ("agent", "analyst")]
    page = text_of(await owner.get("/stop"))
    for words in ("The whole installation", "Bakery & Sons", "shop", "because of agent", "One agent: stopped"):
        assert words in page


@pytest.mark.parametrize(
    ("scope", "subject"), [("site", "no such site"), ("client", "x"), ("planet", ""), ("site", ""), ("agent", ""), ("organisation", "x")]
)
async def test_what_can_not_be_stopped_is_said_in_its_place(lone: House, scope: str, subject: str) -> None:
    answer = await (await lone.as_role(Role.OWNER)).post("/stop", {"scope": scope, "subject": subject})
    assert answer.status_code == 422
    assert "Nothing was changed." in text_of(answer)
    assert await _scopes(lone) == []


async def test_somebody_of_one_site_stops_that_site_and_sees_no_other(lone: House) -> None:
    shop, blog = await paired(lone, "shop"), await paired(lone, "blog")
    otto = await lone.scoped(Role.OPERATOR, shop.site)
    assert await _stop(otto, "site", shop.site) == 303
    assert await _stop(otto, "site", blog.site) == 422
    assert await _stop(otto, "organisation") == 403
    assert await _stop(await lone.as_role(Role.OWNER), "site", "blog") == 303
    page = text_of(await otto.get("/stop"))
    assert "shop" in page
    assert "blog" not in page
    assert page.count("Stopped: one site.") == 1, "a stop of a site out of sight is not told either"


async def test_an_installation_that_is_shared_is_not_stopped_from_one_organisation(house: House) -> None:
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    answer = await (await house.as_role(Role.OWNER)).post("/stop", {"scope": "everything"})
    assert answer.status_code == 422
    assert "its operator stops all of it" in text_of(answer).lower()
    assert await _scopes(other) == []
    async with house.transaction() as tx:  # as the operator's own command does
        await gate.stop(tx, house.owner.id, "flood", scope=StopScope.EVERYTHING, correlation="c1", now=house.clock.now())
    owner = await other.as_role(Role.OWNER)
    assert "flood" in text_of(await owner.get("/sites"))
    assert (await owner.post("/stop/resume", {"scope": "everything", "reason": "mended"})).status_code == 422
    assert await _scopes(other) == [("everything", "")]


async def test_a_resume_is_an_owners_with_a_reason_and_a_fresh_proof(house: House) -> None:
    owner, stale = await house.as_role(Role.OWNER), await house.as_role(Role.OWNER, stepped_up=False)
    await _stop(owner)
    form = {"scope": "organisation", "subject": "", "reason": "mended"}
    for role in (Role.ADMIN, Role.OPERATOR, Role.APPROVER, Role.VIEWER):
        assert (await (await house.as_role(role)).post("/stop/resume", form)).status_code == 403
    asked = await stale.post("/stop/resume", form)
    assert (asked.status_code, asked.headers["location"].partition("?")[0]) == (303, "/confirm")
    assert (await owner.post("/stop/resume", {**form, "reason": " "})).status_code == 422
    assert (await owner.post("/stop/resume", {**form, "scope": "agent", "subject": "analyst"})).status_code == 422
    assert await _scopes(house) == [("organisation", "")]
    assert (await owner.post("/stop/resume", form)).status_code == 303
    assert await _scopes(house) == []
    assert "All agents of this organisation: resumed" in text_of(await owner.get("/stop"))


async def test_a_single_operator_types_the_name_and_waits_fifteen_minutes(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    from presswarden.identity import service as identity

    async with lone.transaction() as tx:
        for role in (Role.ADMIN, Role.APPROVER):
            await identity.remove_person(tx, lone.people[role].id, by=lone.owner.id, now=lone.clock.now())
    await _stop(owner)
    form = {"scope": "organisation", "subject": "", "reason": "mended"}
    for word in ("", "Southwind"):
        assert (await owner.post("/stop/resume", {**form, "word": word})).status_code == 422
    assert (await owner.post("/stop/resume", {**form, "word": "Northwind"})).status_code == 303
    assert await _scopes(lone) == [("organisation", "")]
    assert "ends 20" in text_of(await owner.get("/stop"))


async def test_a_maintenance_says_when_it_ends_and_ends_then(house: House, frozen: FrozenClock) -> None:
    owner = await house.as_role(Role.OWNER)
    ends = (frozen.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
    for fault in ("yesterday", "2020-01-01T00:00", "2031-01-01T00:00"):
        refused = await owner.post("/stop", {"scope": "organisation", "until": fault})
        assert (refused.status_code, "Nothing was changed." in text_of(refused)) == (422, True)
    assert (await owner.post("/stop", {"scope": "organisation", "reason": "moving", "until": ends})).status_code == 303
    page = text_of(await owner.get("/stop"))
    assert "by itself, unless somebody stops it again" in page
    assert "Resume" in page, "an owner may end it sooner"
    frozen.advance(hours=3)
    assert await _scopes(house) == []
    async with house.transaction() as tx:
        await gate.end_due(tx, frozen.now())
    assert "All agents of this organisation: its end came by itself" in text_of(await (await house.as_role(Role.OWNER)).get("/stop"))


async def test_what_a_sites_own_admin_stopped_is_told_with_who_resumes_it(lone: House) -> None:
    shop = await paired(lone, "shop")
    async with lone.transaction() as tx:
        await incidents.raise_signal(
            tx, SignalKind.SITE_PAUSED, shop.site, {"paused": "local"}, lone.clock.now(), by=Actor("process", "incidents")
        )
    page = text_of(await (await lone.as_role(Role.VIEWER)).get("/stop"))
    assert "Only they can resume it; nothing here can." in page
    assert "shop" in page


async def test_a_form_from_elsewhere_stops_nothing(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await owner.post("/stop", {"scope": "organisation"}, **headers)
        assert answer.status_code == 403
    assert (await owner.post("/stop", {"scope": "organisation", "token": "0" * 64})).status_code == 403
    assert await _scopes(lone) == []
    assert PostRefused.code == "door.post"


async def test_hostile_reasons_are_text(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    await _stop(owner, reason="<img src=x onerror=alert(1)>\u202e")
    for path in ("/stop", "/sites"):
        answer = await owner.get(path)
        assert "<img src=x" not in answer.text
        assert "U+202E" in text_of(answer)


async def test_a_client_operator_stops_that_client(lone: House) -> None:
    async with lone.transaction() as tx:
        bakery = await clients.add(tx, "Bakery", by=lone.owner.id, now=lone.clock.now())
    otto = await lone.as_person(await lone.add("Otto Client", Grant(Role.OPERATOR, client=bakery.id)))
    assert await _stop(otto, "client", bakery.id) == 303
    assert await _stop(otto) == 403
