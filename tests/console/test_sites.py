"""The pages of one site: what is known with its age, what stands against an update, what changed; by role, and absent for strangers."""

from datetime import timedelta

import pytest

from presswarden.approvals import service as approvals
from presswarden.identity.model import Role
from presswarden.incidents import service as incidents
from presswarden.incidents.model import SignalKind
from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import EVERYONE, new_id
from presswarden.mailbox import service as mailbox
from presswarden.mailbox.model import Outcome, RequestState
from presswarden.policy.model import Mode
from presswarden.proposals import service as proposals
from presswarden.proposals.packages import service as packages
from presswarden.reports.pulse import service as pulse
from presswarden.sites import service as sites
from presswarden.sites import store as sites_store
from tests.console.rig import House, open_house, text_of
from tests.support.shop import AKISMET, COMPONENTS, HEALTH, URL, Shop, add_shop, offered

pytestmark = pytest.mark.req("S1", "X10")

TABS = ("", "/components", "/health", "/snapshots", "/activity", "/access")


async def shop_in(house: House, label: str = "shop") -> Shop:
    return await add_shop(house.database, house.org, house.owner.id, house.clock.now(), label=label)


async def reported(house: House, **more: Json) -> Shop:
    shop = await shop_in(house)
    await shop.report(offered(), house.clock.now(), health={**HEALTH, **more})
    return shop


async def asked(house: House, shop: Shop) -> list[str]:
    async with house.database.reading(house.org) as tx:
        return [each.tool for each in await mailbox.requests(tx, shop.site)]


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_sees_every_tab_and_forms_by_what_it_may(lone: House, role: Role) -> None:
    shop = await reported(lone)
    browser = await lone.as_role(role)
    pages = {tab: await browser.get(f"/sites/{shop.site}{tab}") for tab in TABS}
    assert {page.status_code for page in pages.values()} == {200}
    assert ("Update now" in text_of(pages["/components"])) is (role in {Role.OWNER, Role.ADMIN, Role.OPERATOR})
    assert ("Hold a version" in text_of(pages["/components"])) is (role is Role.OWNER)
    assert ("End the pairing with" in text_of(pages["/access"])) is (role in {Role.OWNER, Role.ADMIN})
    assert ("Pause this site" in text_of(pages[""])) is (role not in {Role.VIEWER, Role.AUDITOR})
    assert ("Read health and inventory" in text_of(pages[""])) is (role in {Role.OWNER, Role.ADMIN, Role.OPERATOR})


async def test_a_site_of_others_or_out_of_scope_is_absent_in_the_same_words(house: House) -> None:
    shop, mine = await reported(house), await shop_in(house, "mine")
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    stranger, scoped = await other.as_role(Role.OWNER), await house.scoped(Role.ADMIN, mine.site)
    for browser in (stranger, scoped):
        for tab in (*TABS, "/live", "/update", f"/snapshots/{new_id()}"):
            theirs, none = [await browser.get(f"/sites/{one}{tab}") for one in (shop.site, new_id())]
            assert (theirs.status_code, none.status_code) == (404, 404), tab
            assert text_of(theirs).split("reference")[0] == text_of(none).split("reference")[0]
        for act in ("read", "pause", "resume", "mode", "critical", "client", "rotate", "revoke", "moved", "hold", "update", "snapshots"):
            assert (await browser.post(f"/sites/{shop.site}/{act}", {"mode": "observe", "act": "files"})).status_code == 404, act
    assert (await scoped.get(f"/sites/{mine.site}")).status_code == 200
    assert await asked(house, shop) == []


async def test_each_fact_stands_with_its_age(house: House) -> None:
    shop = await reported(house)
    house.clock.advance(seconds=7_200)
    page = text_of(await (await house.as_role(Role.VIEWER)).get(f"/sites/{shop.site}/health"))
    assert "health.disk_free 47,684 MB 2 h ago read" in page
    assert "core.version 7.1.4 2 h ago heartbeat" in page
    assert "The last heartbeat came 120 minutes ago" in page


@pytest.mark.req("N20")
@pytest.mark.parametrize(
    ("health", "code"), [({"file_mods": False}, "file-mods-disallowed"), ({"files_direct": False}, "files-not-direct"), ({"disk_free": -1}, "fact-unknown"),
                         ({"watchdog": False}, "watchdog-not-armed")],
)  # fmt: skip
async def test_why_a_site_can_not_be_updated_is_said_with_its_code(lone: House, health: dict[str, Json], code: str) -> None:
    shop = await reported(lone, **health)
    browser = await lone.as_role(Role.OPERATOR)
    for tab in ("", "/components"):
        page = text_of(await browser.get(f"/sites/{shop.site}{tab}"))
        assert code in page
        assert "Update now" not in page


@pytest.mark.req("N20")
async def test_a_missing_licence_is_said_where_the_update_would_be(lone: House) -> None:
    shop = await shop_in(lone)
    await shop.report(offered(package=False), lone.clock.now())
    page = text_of(await (await lone.as_role(Role.OPERATOR)).get(f"/sites/{shop.site}/components"))
    assert "a licence is missing or has run out" in page
    assert "Update now" not in page


@pytest.mark.req("N20")
async def test_an_update_of_a_site_that_was_just_read_is_filed_by_one_click(house: House) -> None:
    shop = await reported(house)
    browser = await house.as_role(Role.OPERATOR)
    answer = await browser.post(f"/sites/{shop.site}/update", {"component": AKISMET})
    async with house.database.reading(house.org) as tx:
        (proposal,) = await proposals.listed(tx)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/proposals/{proposal.id}")
    assert (proposal.by.id, proposal.items[0].version) == (browser.person.id if browser.person else "", "5.7.3")
    again = await browser.post(f"/sites/{shop.site}/update", {"component": AKISMET})
    assert again.headers["location"] == f"/proposals/{proposal.id}"


@pytest.mark.req("N20")
async def test_an_update_of_a_site_that_was_not_read_lately_reads_it_first(house: House) -> None:
    shop = await reported(house)
    house.clock.advance(seconds=600)
    browser = await house.as_role(Role.OPERATOR)
    answer = await browser.post(f"/sites/{shop.site}/update", {"component": AKISMET})
    assert answer.headers["location"].startswith(f"/sites/{shop.site}/update?component=")
    assert sorted(await asked(house, shop)) == ["wp.site.health", "wp.site.inventory"]
    waiting = await browser.get(answer.headers["location"])
    assert "Reading the site first" in text_of(waiting)
    await shop.report(offered(), house.clock.now(), seq=2)
    async with house.transaction() as tx:
        for each in await mailbox.requests(tx, shop.site):
            await mailbox.settle(tx, each, Outcome(RequestState.DONE), by=each.by, now=house.clock.now())
    assert "File the update to 5.7.3" in text_of(await browser.part(answer.headers["location"]))


@pytest.mark.req("N13", "N20")
async def test_an_update_whose_package_is_being_fetched_waits_for_its_hash_and_is_then_filed_with_it(house: House) -> None:
    shop = await reported(house)
    browser = await house.as_role(Role.OPERATOR)
    async with house.database.transaction(EVERYONE) as tx:
        await pulse.beat(EVERYONE, tx, "courier", {"mail": False, "packages": True}, house.clock.now())
    waits = f"/sites/{shop.site}/update?component="
    # Not even noted by the courier yet, then noted, then fetched.
    unnoted = await browser.post(f"/sites/{shop.site}/update", {"component": AKISMET})
    assert unnoted.headers["location"].startswith(waits)
    async with house.transaction() as tx:
        await packages.want(tx, [(AKISMET, "5.7.3", URL)], house.clock.now())
    house.clock.advance(seconds=20)
    noted = await browser.post(f"/sites/{shop.site}/update", {"component": AKISMET})
    page = await browser.part(noted.headers["location"])
    assert "Its package is being fetched" in text_of(page)
    assert "File the update" not in text_of(page)
    assert 'hx-trigger="every 2s"' in page.text
    async with house.transaction() as tx:
        (wanted,) = await packages.due(tx, house.clock.now(), most=5)
        await packages.found(tx, wanted, "a" * 64, 1000, house.clock.now())
    assert "File the update to 5.7.3" in text_of(await browser.part(noted.headers["location"]))
    await browser.post(f"/sites/{shop.site}/update", {"component": AKISMET})
    async with house.database.reading(house.org) as tx:
        (proposal,) = await proposals.listed(tx)
    assert proposal.items[0].package == "a" * 64


@pytest.mark.req("N13")
async def test_a_package_that_nobody_gets_holds_an_update_up_for_five_minutes_at_most(lone: House) -> None:
    shop = await reported(lone)
    browser = await lone.as_role(Role.OPERATOR)
    async with lone.transaction() as tx:
        await packages.want(tx, [(AKISMET, "5.7.3", URL)], lone.clock.now() - timedelta(minutes=5))
    answer = await browser.post(f"/sites/{shop.site}/update", {"component": AKISMET})
    async with lone.database.reading(lone.org) as tx:
        (proposal,) = await proposals.listed(tx)
    assert answer.headers["location"] == f"/proposals/{proposal.id}"
    assert [one.code for one in proposal.evidence] == ["package-unbound", "asked"]


@pytest.mark.req("N20")
@pytest.mark.parametrize("role", [Role.APPROVER, Role.VIEWER, Role.AUDITOR])
async def test_who_may_not_propose_gets_no_update_and_hears_which_role_gives_it(lone: House, role: Role) -> None:
    shop = await reported(lone)
    answer = await (await lone.as_role(role)).post(f"/sites/{shop.site}/update", {"component": AKISMET})
    assert answer.status_code == 403
    assert "owner or admin or operator" in text_of(answer)
    async with lone.database.reading(lone.org) as tx:
        assert await proposals.listed(tx) == ()


@pytest.mark.req("W8")
async def test_autonomous_is_refused_until_a_snapshot_was_verified_there(house: House) -> None:
    shop = await reported(house)
    browser = await house.as_role(Role.OWNER)
    assert "Refused until a snapshot of this site was verified" in text_of(await browser.get(f"/sites/{shop.site}"))
    refused = await browser.post(f"/sites/{shop.site}/mode", {"mode": "autonomous"})
    assert refused.status_code == 409
    assert "No snapshot of this site was verified yet" in text_of(refused)
    assert (await browser.post(f"/sites/{shop.site}/mode", {"mode": "observe"})).status_code == 303
    async with house.database.reading(house.org) as tx:
        assert await approvals.mode_of(tx, shop.site, now=house.clock.now()) is Mode.OBSERVE


async def test_more_freedom_asks_who_one_is_and_a_role_that_gives_it(lone: House) -> None:
    shop = await reported(lone)
    async with lone.transaction() as tx:
        await approvals.set_mode(tx, shop.site, Mode.OBSERVE, by=lone.owner.id, now=lone.clock.now())
    operator, tired = await lone.as_role(Role.OPERATOR), await lone.as_role(Role.OWNER, stepped_up=False)
    assert (await operator.post(f"/sites/{shop.site}/mode", {"mode": "approve"})).status_code == 403
    assert (await tired.post(f"/sites/{shop.site}/mode", {"mode": "approve"})).headers["location"].startswith("/confirm")
    assert (await (await lone.as_role(Role.OWNER)).post(f"/sites/{shop.site}/mode", {"mode": "approve"})).status_code == 303


async def test_a_pause_is_cheap_and_a_resume_is_dear(house: House) -> None:
    shop = await reported(house)
    operator, owner = await house.as_role(Role.OPERATOR, stepped_up=False), await house.as_role(Role.OWNER)
    assert (await operator.post(f"/sites/{shop.site}/pause", {"reason": "odd <b>mails</b>"})).status_code == 303
    page = await owner.get(f"/sites/{shop.site}")
    assert "We want this site paused. odd <b>mails</b>" in text_of(page)
    assert (await operator.post(f"/sites/{shop.site}/resume", {"reason": "seen to it"})).status_code == 403
    assert (await owner.post(f"/sites/{shop.site}/resume", {"reason": ""})).status_code == 422
    tired = await house.as_role(Role.OWNER, stepped_up=False)
    assert (await tired.post(f"/sites/{shop.site}/resume", {"reason": "seen to it"})).headers["location"].startswith("/confirm")
    assert (await owner.post(f"/sites/{shop.site}/resume", {"reason": "seen to it"})).status_code == 303
    assert await asked(house, shop) == ["control.resume", "control.pause"]
    assert not (await shop.known()).paused


async def test_a_pairing_is_ended_by_typing_the_sites_name(house: House) -> None:
    shop = await reported(house)
    async with house.transaction() as tx:
        await sites_store.set_installation(house.org, tx, shop.installation, paired_at=house.clock.now())
    browser = await house.as_role(Role.ADMIN)
    assert (await browser.post(f"/sites/{shop.site}/revoke", {"typed": "shop "})).status_code == 303
    assert "revoked" in text_of(await browser.get(f"/sites/{shop.site}/access"))
    assert await asked(house, shop) == ["control.revoke"]


async def test_a_pairing_is_not_ended_without_its_name_nor_without_a_fresh_proof(lone: House) -> None:
    shop = await reported(lone)
    assert (await (await lone.as_role(Role.ADMIN)).post(f"/sites/{shop.site}/revoke", {"typed": "other"})).status_code == 422
    tired = await lone.as_role(Role.ADMIN, stepped_up=False)
    assert (await tired.post(f"/sites/{shop.site}/revoke", {"typed": "shop"})).headers["location"].startswith("/confirm")
    assert (await (await lone.as_role(Role.OPERATOR)).post(f"/sites/{shop.site}/revoke", {"typed": "shop"})).status_code == 403
    assert await asked(lone, shop) == []


async def test_keys_are_replaced_and_a_move_is_confirmed_by_whoever_may(house: House) -> None:
    shop = await reported(house)
    async with house.transaction() as tx:
        found = await sites.installation(tx, shop.installation)
        await sites.file_move(tx, found, old_home="https://shop.example", new_home="https://new.example", now=house.clock.now())
    admin, operator = await house.as_role(Role.ADMIN), await house.as_role(Role.OPERATOR)
    assert "to https://new.example" in text_of(await admin.get(f"/sites/{shop.site}/access"))
    assert [(await operator.post(f"/sites/{shop.site}/{act}", {"key": "ours"})).status_code for act in ("rotate", "moved")] == [403, 403]
    assert [(await admin.post(f"/sites/{shop.site}/{act}", {"key": "ours"})).status_code for act in ("rotate", "moved")] == [303, 303]
    assert await asked(house, shop) == ["control.rotate"]
    assert "it counts once the new address answers signed" in text_of(await admin.get(f"/sites/{shop.site}/access"))


async def test_a_critical_mark_is_set_by_an_admin_and_taken_away_by_an_owner(lone: House) -> None:
    shop = await reported(lone)
    admin, owner = await lone.as_role(Role.ADMIN), await lone.as_role(Role.OWNER)
    assert (await admin.post(f"/sites/{shop.site}/critical", {"critical": "yes"})).status_code == 303
    assert (await admin.post(f"/sites/{shop.site}/critical", {"critical": "no"})).status_code == 403
    assert "Critical site" in text_of(await owner.get(f"/sites/{shop.site}"))
    assert (await owner.post(f"/sites/{shop.site}/critical", {"critical": "no"})).status_code == 303


@pytest.mark.req("N20")
async def test_an_owner_holds_a_version_back_and_it_shows_at_once(house: House) -> None:
    shop = await reported(house)
    until = (house.clock.now() + timedelta(days=30)).date().isoformat()
    form = {"component": AKISMET, "version": "5.7.3", "until": until, "reason": "breaks the form", "scope": "organisation"}
    owner = await house.as_role(Role.OWNER)
    assert (await (await house.as_role(Role.ADMIN)).post(f"/sites/{shop.site}/hold", form)).status_code == 403
    assert (await owner.post(f"/sites/{shop.site}/hold", {**form, "reason": " "})).status_code == 422
    assert (await owner.post(f"/sites/{shop.site}/hold", {**form, "until": "2001-01-01"})).status_code == 400
    assert (await owner.post(f"/sites/{shop.site}/hold", form)).status_code == 303
    page = text_of(await owner.get(f"/sites/{shop.site}/components"))
    assert f"The policy holds this version until {until}: breaks the form" in page
    assert f"Held until {until}" in page
    assert "breaks the form" in text_of(await owner.get("/policies/organisation"))


async def test_a_failing_site_says_so_in_words_with_its_incident(lone: House) -> None:
    shop = await reported(lone)
    async with lone.transaction() as tx:
        incident = await incidents.raise_signal(tx, SignalKind.CLONE, shop.site, {}, lone.clock.now())
    page = await (await lone.as_role(Role.VIEWER)).get(f"/sites/{shop.site}")
    assert "Failing" in text_of(page)
    assert "Two sites answer with one key." in text_of(page)
    assert f"/incidents/{incident}" in page.text


async def test_hostile_text_of_a_site_stays_text_on_every_tab(lone: House) -> None:
    evil = '"><img src=x onerror=alert(1)>\u202e<a hx-post="/stop">'
    shop = await shop_in(lone, 'shop"><i>')
    plugin: dict[str, Json] = {**COMPONENTS[AKISMET], "name": evil, "version": "5.7<u>"}
    await shop.report({**offered("5.7.3<u>"), AKISMET: plugin}, lone.clock.now())
    browser = await lone.as_role(Role.OWNER)
    for tab in (*TABS, f"/update?component={AKISMET}"):
        page = (await browser.get(f"/sites/{shop.site}{tab}")).text
        for bad in ("<img src=x", "\u202e", '<a hx-post="/stop"', "<u>", "<i>"):
            assert bad not in page, (tab, bad)
