"""The origin for consents: a grave yes is a tap there, over the root of the very texts that the page shows; passkeys for it are made there too."""

import base64
import html
import re

import httpx
import pytest

from lab.authenticator import Authenticator
from presswarden.approvals import service as approvals
from presswarden.approvals.model import Way
from presswarden.identity.model import Role
from presswarden.kernel import merkle
from presswarden.kernel.ids import PersonId
from presswarden.proposals.model import Proposal, ProposalState
from tests.console.reviewed import alone, answer, office_of, paired, proposed, state_of
from tests.console.rig import CONSENTS, URL, Browser, House, text_of

pytestmark = pytest.mark.req("X6", "W19")

PARTY = approvals.party(URL)


def _key(seed: str) -> Authenticator:
    return Authenticator(seed, PARTY.rp_id, PARTY.origin)


async def _enrolled(house: House, person: PersonId) -> Authenticator:
    key = _key(person)
    async with house.transaction() as tx:
        out = await approvals.begin_passkey(tx, person, PARTY, now=house.clock.now())
        await approvals.add_passkey(tx, person, key.register(out.challenge), name="key", now=house.clock.now())
    return key


async def _at_the_page(house: House, filed: Proposal, role: Role) -> tuple[str, httpx.AsyncClient]:
    """The path of the page for consents that this person was led to, and a browser there, which holds no cookie of the console."""
    given = await answer(await house.as_role(role), filed, "approve", sites=str(len(filed.sites)), reason="I read the changelog.")
    assert given.status_code == 303, text_of(given)
    to = given.headers["location"]
    assert to.startswith(f"{CONSENTS}/consent/")
    return to.removeprefix(CONSENTS), house.stranger(CONSENTS).client


async def _tap(client: httpx.AsyncClient, path: str, assertion: object, **headers: str) -> httpx.Response:
    own = {"Origin": CONSENTS, "Sec-Fetch-Site": "same-origin", **headers}
    return await client.post(path, json=assertion, headers=own)


async def test_the_way_to_the_tap_ends_when_its_person_signs_out(house: House) -> None:
    filed = await proposed(house, package="")
    key = await _enrolled(house, house.people[Role.APPROVER].id)
    browser = await house.as_role(Role.APPROVER)
    given = await answer(browser, filed, "approve", sites=str(len(filed.sites)), reason="I read the changelog.")
    path, client = given.headers["location"].removeprefix(CONSENTS), house.stranger(CONSENTS).client
    assert (await client.get(path)).status_code == 200
    assert (await browser.post("/logout")).status_code == 303
    assert (await client.get(path)).status_code == 404
    assert (await _tap(client, path, key.sign(approvals.challenge(filed.plan.digest)))).status_code == 404
    assert await state_of(house, filed) is ProposalState.WAITING


async def test_two_people_tap_and_the_work_is_filed_with_the_second(house: House) -> None:
    filed = await proposed(house, package="")
    keys = {role: await _enrolled(house, house.people[role].id) for role in (Role.APPROVER, Role.ADMIN)}
    for role, then in ((Role.APPROVER, ProposalState.WAITING), (Role.ADMIN, ProposalState.APPROVED)):
        path, client = await _at_the_page(house, filed, role)
        done = await _tap(client, path, keys[role].sign(approvals.challenge(filed.plan.digest)))
        assert (done.status_code, done.json()) == (200, {"to": f"{URL}/proposals/{filed.id}"})
        assert await state_of(house, filed) is then
    async with house.transaction() as tx:
        first, second = await approvals.answers(tx, filed.id)
    assert {first.way, second.way} == {Way.PASSKEY}
    assert first.reason == "I read the changelog."


async def test_the_page_shows_every_text_and_their_root_is_the_digest(lone: House) -> None:
    filed = await proposed(lone, package="")
    await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    page = await client.get(path)
    texts = [html.unescape(each) for each in re.findall(r'data-leaf="([^"]*)"', page.text)]
    assert len(texts) == len(filed.plan.leaves) + 1
    assert merkle.root([merkle.leaf_hash(each.encode()) for each in texts]).hex() == filed.plan.digest
    assert f'data-digest="{filed.plan.digest}"' in page.text
    assert "set-cookie" not in page.headers
    assert "vendor" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_a_tap_is_good_once(lone: House) -> None:
    filed = await proposed(lone, package="")
    key = await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    tapped = key.sign(approvals.challenge(filed.plan.digest))
    assert (await _tap(client, path, tapped)).status_code == 200
    for again in (await _tap(client, path, tapped), await client.get(path)):
        assert again.status_code == 404
    async with lone.transaction() as tx:
        assert len(await approvals.answers(tx, filed.id)) == 1


async def test_a_ticket_is_over_after_ten_minutes(lone: House) -> None:
    filed = await proposed(lone, package="")
    key = await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    office_of(lone).later(minutes=10)
    assert (await _tap(client, path, key.sign(approvals.challenge(filed.plan.digest)))).status_code == 404


async def test_a_refused_tap_leaves_the_ticket_good_for_another_try(lone: House) -> None:
    filed, other = await proposed(lone, package=""), await proposed(lone, "blog", package="")
    key = await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    for wrong in (
        key.sign(approvals.challenge(other.plan.digest)),
        _key("somebody else").sign(approvals.challenge(filed.plan.digest)),
        {"id": "x"},
    ):
        refused = await _tap(client, path, wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "approval.passkey")
    assert await state_of(lone, filed) is ProposalState.WAITING
    assert (await _tap(client, path, key.sign(approvals.challenge(filed.plan.digest)))).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": URL}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
async def test_a_tap_that_another_page_sends_is_refused(lone: House, headers: dict[str, str]) -> None:
    filed = await proposed(lone, package="")
    key = await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    assert (await _tap(client, path, key.sign(approvals.challenge(filed.plan.digest)), **headers)).status_code == 403


async def test_a_body_that_is_no_json_or_too_large_is_refused(lone: House) -> None:
    filed = await proposed(lone, package="")
    await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    own = {"Origin": CONSENTS, "Content-Type": "application/json"}
    assert (await client.post(path, content=b"no", headers=own)).status_code == 400
    assert (await client.post(path, content=b'{"a":"' + b"x" * 70_000 + b'"}', headers=own)).status_code == 413
    assert (await client.post(path, content=b"a=b", headers={**own, "Content-Type": "text/plain"})).status_code == 400


async def test_what_was_decided_between_page_and_tap_is_a_conflict(lone: House) -> None:
    filed = await proposed(lone, package="")
    key = await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    assert (await answer(await lone.as_role(Role.ADMIN), filed, "reject", reason="the shop has a sale")).status_code == 303
    late = await _tap(client, path, key.sign(approvals.challenge(filed.plan.digest)))
    assert (late.status_code, late.json()["code"]) == (409, "approval.over")


async def test_the_two_origins_answer_with_their_own_pages_alone(lone: House) -> None:
    filed = await proposed(lone, package="")
    await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    assert (await client.get(path)).status_code == 200
    assert (await (await lone.as_role(Role.APPROVER)).get(path)).status_code == 404
    for elsewhere in ("/", f"/proposals/{filed.id}", "/login"):
        assert (await client.get(elsewhere)).status_code == 404


# Passkeys for consents.


async def _begun(browser: Browser, house: House) -> tuple[str, httpx.AsyncClient]:
    given = await browser.post("/account/consents/add")
    assert given.status_code == 303
    return given.headers["location"].removeprefix(CONSENTS), house.stranger(CONSENTS).client


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_a_first_passkey_is_added_and_a_second_is_vouched_for(lone: House) -> None:
    who = lone.people[Role.APPROVER]
    anna = await lone.as_person(who)
    path, client = await _begun(anna, lone)
    assert who.mail in (await client.get(path)).text
    first, second = _key("first"), _key("second")
    wanted = (await _tap(client, f"{path}/begin", {})).json()
    assert (wanted["rpId"], wanted["older"]) == ("consent.localhost", [])
    body = {"registration": first.register(_raw(wanted["challenge"])), "vouched": None, "name": "blue key"}
    assert (await _tap(client, path, body)).json() == {"to": f"{URL}/account/consents"}
    assert "blue key" in (await anna.get("/account/consents")).text
    assert (await _tap(client, path, body)).status_code == 404

    path, client = await _begun(anna, lone)
    wanted = (await _tap(client, f"{path}/begin", {})).json()
    assert len(wanted["older"]) == 1
    registration = second.register(_raw(wanted["challenge"]))
    alone_ = await _tap(client, path, {"registration": registration, "vouched": None, "name": "second"})
    assert (alone_.status_code, alone_.json()["code"]) == (422, "approval.passkey")
    wanted = (await _tap(client, f"{path}/begin", {})).json()
    both = {"registration": second.register(_raw(wanted["challenge"])), "vouched": first.sign(_raw(wanted["vouching"])), "name": "second"}
    assert (await _tap(client, path, both)).status_code == 200
    async with lone.transaction() as tx:
        assert len(await approvals.passkeys_of(tx, who.id)) == 2


async def test_adding_and_removing_one_asks_who_you_are(lone: House) -> None:
    stale = await lone.as_role(Role.APPROVER, stepped_up=False)
    for path in ("/account/consents/add", "/account/consents/remove"):
        given = await stale.post(path)
        assert given.headers["location"].startswith("/confirm?next=")


async def test_a_person_removes_their_own_and_nobody_elses(lone: House) -> None:
    await _enrolled(lone, lone.people[Role.APPROVER].id)
    async with lone.transaction() as tx:
        (hers,) = await approvals.passkeys_of(tx)
    owner = await lone.as_role(Role.OWNER)
    assert (await owner.post("/account/consents/remove", {"passkey": hers.id})).status_code == 404
    anna = await lone.as_role(Role.APPROVER)
    assert (await anna.post("/account/consents/remove", {"passkey": hers.id})).status_code == 303
    async with lone.transaction() as tx:
        assert not await approvals.passkeys_of(tx)


async def test_a_ticket_to_add_a_passkey_opens_no_consent_and_the_other_way_round(lone: House) -> None:
    filed = await proposed(lone, package="")
    await _enrolled(lone, lone.people[Role.APPROVER].id)
    path, client = await _at_the_page(lone, filed, Role.APPROVER)
    assert (await client.get(path.replace("/consent/", "/enrol/"))).status_code == 404
    path, client = await _begun(await lone.as_role(Role.ADMIN), lone)
    assert (await client.get(path.replace("/enrol/", "/consent/"))).status_code == 404


async def test_a_single_operator_taps_and_it_begins_fifteen_minutes_later(lone: House) -> None:
    owner = await alone(lone)
    key = await _enrolled(lone, owner.id)
    office = office_of(lone)
    filed, _ = await office.submit(office.item(await paired(lone, "shop"), package=""), by=owner.id)
    path, client = await _at_the_page(lone, filed, Role.OWNER)
    assert (await _tap(client, path, key.sign(approvals.challenge(filed.plan.digest)))).status_code == 200
    async with lone.transaction() as tx:
        (given,) = await approvals.answers(tx, filed.id)
    assert (given.alone, given.way) == (True, Way.PASSKEY)
    assert await state_of(lone, filed) is ProposalState.APPROVED
