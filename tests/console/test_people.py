"""People and roles on their pages: what a role allows, over what it holds, who may give it; clients and their sites."""

from datetime import timedelta

import pytest

from presswarden.identity import service as identity
from presswarden.identity.accounts.keys import store as keys
from presswarden.identity.accounts.model import LoginKey
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Forbidden, Grant, Permission, Role, may
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.ids import ClientId, PersonId, SiteId, new_id
from presswarden.sites import store as rows
from tests.console.rig import URL, House, open_house, text_of

pytestmark = pytest.mark.req("X10")
SEEING = {Role.OWNER, Role.ADMIN, Role.APPROVER, Role.OPERATOR, Role.AUDITOR}
MANAGING = {Role.OWNER, Role.ADMIN}


async def _site(house: House, label: str) -> SiteId:
    site = SiteId(new_id())
    async with house.transaction() as tx:
        await rows.add_site(house.org, tx, site, label, house.clock.now())
    return site


async def _client(house: House, name: str, *sites: SiteId) -> ClientId:
    async with house.transaction() as tx:
        made = await clients.add(tx, name, by=house.owner.id, now=house.clock.now())
        for site in sites:
            await clients.assign(tx, site, made.id, by=house.owner.id, now=house.clock.now())
    return made.id


@pytest.mark.parametrize("role", Role)
async def test_pages_and_forms_of_people_ask_for_the_role_that_allows_them(lone: House, role: Role) -> None:
    browser, other = await lone.as_role(role), lone.people[Role.VIEWER].id
    for path in ("/people", f"/people/{other}", "/clients"):
        assert (await browser.get(path)).status_code == (200 if role in SEEING else 403)
    form = {"name": "Ida", "mail": "ida@example.org", "role": "viewer", "over": "everything"}
    assert (await browser.post("/people/invite", form)).status_code == (200 if role in MANAGING else 403)
    assert (await browser.post(f"/people/{other}/roles", {"role": "auditor", "over": "everything"})).status_code == (
        303 if role in MANAGING else 403
    )
    assert (await browser.post("/clients", {"name": f"Client of {role}"})).status_code == (303 if role in MANAGING else 403)
    assert (await browser.post("/people/invite", {**form, "mail": "o@example.org", "role": "owner"})).status_code == (
        200 if role is Role.OWNER else 403
    )
    assert (await browser.post(f"/people/{other}/roles", {"role": "owner", "over": "everything"})).status_code == (
        303 if role is Role.OWNER else 403
    )
    assert (await browser.post(f"/people/{lone.owner.id}/remove", {"sure": "yes"})).status_code == (303 if role is Role.OWNER else 403)


async def test_each_change_of_people_asks_for_a_step_up(lone: House) -> None:
    browser, other = await lone.as_role(Role.OWNER, stepped_up=False), lone.people[Role.VIEWER].id
    for path, form in (
        ("/people/invite", {"name": "Ida", "mail": "ida@example.org", "role": "viewer", "over": "everything"}),
        (f"/people/{other}/roles", {"role": "admin", "over": "everything"}),
        (f"/people/{other}/roles/withdraw", {"role": "viewer", "over": "everything"}),
        (f"/people/{other}/back", {}),
        (f"/people/{other}/remove", {"sure": "yes"}),
        ("/clients/assign", {"site": "x", "client": ""}),
    ):
        answer = await browser.post(path, form)
        assert (answer.status_code, answer.headers["location"][:9]) == (303, "/confirm?"), path
    async with lone.database.reading(lone.org) as tx:
        assert (await identity.person(tx, other)).roles == {Role.VIEWER}


async def test_a_role_for_a_client_holds_at_its_sites_and_nowhere_else(house: House) -> None:
    mine, theirs = await _site(house, "mine"), await _site(house, "theirs")
    client = await _client(house, "Harbour", mine)
    owner = await house.as_role(Role.OWNER)
    viewer = house.people[Role.VIEWER].id
    assert (await owner.post(f"/people/{viewer}/roles", {"role": "operator", "over": f"client:{client}"})).status_code == 303
    assert "operator of the client Harbour" in text_of(await owner.get(f"/people/{viewer}"))
    async with house.transaction() as tx:
        person = await identity.require(tx, viewer, Permission.SITE_PAIR, site=mine)
        assert person.roles == {Role.VIEWER}
        assert not may(person, Permission.SITE_PAIR, theirs)
        for wrong in (theirs, None):
            with pytest.raises(Forbidden):
                await identity.require(tx, viewer, Permission.SITE_PAIR, site=wrong)
        (listed,) = [one for one in await identity.people(tx) if one.id == viewer]
        assert listed.grants == person.grants
        assert may(listed, Permission.SITE_PAIR, mine)
        await clients.assign(tx, mine, None, by=house.owner.id, now=house.clock.now())
        with pytest.raises(Forbidden):
            await identity.require(tx, viewer, Permission.SITE_PAIR, site=mine)
    assert (await owner.post(f"/people/{viewer}/roles/withdraw", {"role": "operator", "over": f"client:{client}"})).status_code == 303
    assert "operator of the client Harbour" not in text_of(await owner.get(f"/people/{viewer}"))


async def test_a_role_for_one_site_is_typed_by_its_label(lone: House) -> None:
    await _site(lone, "bakery")
    owner, viewer = await lone.as_role(Role.OWNER), lone.people[Role.VIEWER].id
    assert (await owner.post(f"/people/{viewer}/roles", {"role": "approver", "over": "everything", "site": "bakery"})).status_code == 303
    assert "approver of the site bakery" in text_of(await owner.get(f"/people/{viewer}"))
    assert (await owner.post(f"/people/{viewer}/roles", {"role": "approver", "site": "nowhere"})).status_code == 404
    for role, over in (("king", "everything"), ("viewer", ""), ("viewer", "client:"), ("viewer", f"site:{new_id()}")):
        assert (await owner.post(f"/people/{viewer}/roles", {"role": role, "over": over})).status_code == 400


async def test_a_client_of_another_organisation_is_none(house: House) -> None:
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    foreign = await _client(other, "Theirs")
    owner, viewer = await house.as_role(Role.OWNER), house.people[Role.VIEWER].id
    site = await _site(house, "bakery")
    assert (await owner.post(f"/people/{viewer}/roles", {"role": "viewer", "over": f"client:{foreign}"})).status_code == 404
    assert (await owner.post("/clients/assign", {"site": site, "client": foreign})).status_code == 404
    assert (await owner.post(f"/clients/{foreign}", {"name": "Ours"})).status_code == 404
    assert (await owner.get(f"/people/{other.people[Role.VIEWER].id}")).status_code == 404
    absent = await owner.get(f"/people/{PersonId(new_id())}")
    assert absent.status_code == 404


async def test_the_last_owner_stays_and_the_page_says_why(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    for path, form in (("/roles/withdraw", {"role": "owner", "over": "everything"}), ("/remove", {"sure": "yes"})):
        answer = await owner.post(f"/people/{lone.owner.id}{path}", form)
        assert answer.status_code == 409
        assert "An organisation keeps at least one owner." in text_of(answer)
    assert (await owner.post(f"/people/{lone.people[Role.VIEWER].id}/remove")).status_code == 400


async def test_clients_have_one_name_each_and_sites_one_client(lone: House) -> None:
    owner, site = await lone.as_role(Role.OWNER), await _site(lone, "bakery")
    assert (await owner.post("/clients", {"name": "Harbour"})).status_code == 303
    assert (await owner.post("/clients", {"name": "Harbour"})).status_code == 409
    assert (await owner.post("/clients", {"name": " "})).status_code == 422
    async with lone.transaction() as tx:
        (made,) = await clients.clients(tx)
    assert (await owner.post("/clients/assign", {"site": "bakery", "client": made.id})).status_code == 303
    page = text_of(await owner.get("/clients"))
    assert "Harbour 1 site" in page
    assert "0 sites of no client" in page
    assert (await owner.post(f"/clients/{made.id}", {"name": "Harbour Bakery"})).status_code == 303
    async with lone.transaction() as tx:
        assert dict(await clients.client_of(tx)) == {site: made.id}
        assert (await clients.client(tx, "Harbour Bakery")).id == made.id


async def test_names_of_strangers_stay_text(lone: House) -> None:
    await lone.add('<b onclick="x">Eve</b>', Grant(Role.VIEWER))
    owner = await lone.as_role(Role.OWNER)
    page = await owner.get("/people")
    assert "<b onclick" not in page.text
    assert '<b onclick="x">Eve</b>' in text_of(page)


async def test_an_open_invitation_is_taken_back(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    made = await owner.post("/people/invite", {"name": "Ida", "mail": "ida@example.org", "role": "viewer", "over": "everything"})
    path = "/invitation/" + made.text.split("/invitation/")[1][:43]
    page = await owner.get("/people")
    which = page.text.split('name="invitation" value="')[1][:36]
    assert (await owner.post("/people/invitations/withdraw", {"invitation": which})).status_code == 303
    assert (await lone.stranger().get(path)).status_code == 410
    taken = await owner.post("/people/invite", {"name": "V", "mail": lone.people[Role.VIEWER].mail, "role": "viewer", "over": "everything"})
    assert taken.status_code == 409


async def test_a_token_is_handed_on_by_an_offer_that_the_other_takes_after_a_proof(house: House) -> None:
    async with house.transaction() as tx:
        until = house.clock.now() + timedelta(days=30)
        await tokens.make(tx, house.people[Role.OPERATOR].id, name="nightly job", scopes=(Scope.READ,), until=until, now=house.clock.now())
        (made,) = await tokens.tokens_of(tx, house.people[Role.OPERATOR].id)
    operator, viewer, stale = [
        await house.as_role(Role.OPERATOR), await house.as_role(Role.VIEWER), await house.as_role(Role.VIEWER, stepped_up=False),
    ]  # fmt: skip
    assert (await operator.post("/account/tokens/offer", {"token_id": made.id, "to": "nobody@example.org"})).status_code == 404
    mail = house.people[Role.VIEWER].mail
    assert (await operator.post("/account/tokens/offer", {"token_id": made.id, "to": mail})).status_code == 303
    assert "offered to Viewer Person" in text_of(await operator.get("/account"))
    page = text_of(await viewer.get("/account"))
    assert "You are asked to answer for nightly job" in page
    assert "acts with your rights" in page
    async with house.transaction() as tx:  # with a way to prove it, one is asked
        key = LoginKey("key", house.people[Role.VIEWER].id, "key", "localhost", URL, b"public", 0, house.clock.now(), None)
        await keys.add(house.org, tx, key, "f" * 64)
    assert (await stale.post("/account/tokens/take", {"token_id": made.id})).headers["location"].startswith("/confirm")
    assert (await viewer.post("/account/tokens/take", {"token_id": made.id})).status_code == 303
    assert "made by Operator Person" in text_of(await viewer.get("/account"))
    admin = await house.as_role(Role.ADMIN)
    assert "API tokens they answer for nightly job Made by Operator Person" in text_of(
        await admin.get(f"/people/{house.people[Role.VIEWER].id}")
    )
    assert (await operator.post("/people/tokens/revoke", {"token_id": made.id})).status_code == 403
    assert (await admin.post("/people/tokens/revoke", {"token_id": made.id})).status_code == 303
    assert "nightly job" not in text_of(await viewer.get("/account"))
