"""Every route of console and API, as the running program lists them, for every role: the answer that `answers` says. On both databases."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from presswarden.identity.model import Role
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.ids import new_id
from presswarden.surfaces.api.routes import PREFIX
from tests.console.answers import API_GETS, API_POSTS, BEFORE, GETS, LIVE, OWN, POSTS, Case
from tests.console.furnished import Furnished, filled, furnish, routes
from tests.console.rig import House

pytestmark = pytest.mark.req("X10")

# The smallest first: what a role that may not leaves undone, one that may finds as it was.
ORDER = (Role.VIEWER, Role.AUDITOR, Role.APPROVER, Role.OPERATOR, Role.ADMIN, Role.OWNER)


@pytest.fixture
async def own(house: House) -> Furnished:
    return await furnish(house)


async def test_the_tables_name_every_route_there_is(lone: House) -> None:
    for method, pages, api in (("GET", {*GETS, *LIVE}, API_GETS), ("POST", POSTS, API_POSTS)):
        listed = routes(lone.app, method)
        assert {path for path in listed if not path.startswith(PREFIX)} - BEFORE == set(pages)
        assert {path.removeprefix(PREFIX) for path in listed if path.startswith(PREFIX)} == set(api)


async def test_every_page_is_answered_to_every_role_as_the_table_says(house: House, own: Furnished) -> None:
    for role in ORDER:
        browser = await house.as_role(role)
        for path, case in GETS.items():
            answer = await browser.get(own.path(path))
            assert answer.status_code == (case.first if role in case.may else 403), (role, path)
            if role not in case.may:
                assert (await browser.part(own.path(path))).status_code == 403, (role, path)
        for path, case in LIVE.items():
            if role not in case.may:
                assert (await browser.get(own.path(path))).status_code == 403, (role, path)


async def test_every_form_is_taken_from_the_roles_of_the_table_alone(house: House, own: Furnished) -> None:
    browsers = {role: await house.as_role(role) for role in ORDER}
    wrong = []
    for path, case in POSTS.items():
        done = False
        # Those who may not come first: what is over is over for everybody.
        for role in sorted(ORDER, key=lambda each: each in case.may):
            got = (await browsers[role].post(own.path(path), form_of(case, own.names))).status_code
            if role not in case.may:
                right = got == (404 if case.why == OWN else 403)
            else:
                right = got == case.first or (done and got not in (401, 403) and got < 500)
                done = True
            if not right:
                wrong.append(f"{path} {role.value}: {got}")
    assert not wrong, "\n".join(wrong)


async def test_the_api_answers_every_role_as_the_table_says(house: House, own: Furnished) -> None:
    names, wrong = own.names, list[str]()
    for role in ORDER:
        client, headers = house.stranger().client, await bearer(house, role)
        for path, case in API_GETS.items():
            got = (await client.get(PREFIX + filled(path, names), headers=headers)).status_code
            wrong += [f"{path} {role.value}: {got}"] * (got != (case.first if role in case.may else 403))
        for path, case in API_POSTS.items():
            sent = {**headers, "Idempotency-Key": new_id()}
            got = (await client.post(PREFIX + filled(path, names), json=form_of(case, names), headers=sent)).status_code
            # The second who may meets what the first one did.
            right = got in (case.first, 409) if role in case.may else got == 403
            wrong += [f"{path} {role.value}: {got}"] * (not right)
    assert not wrong, "\n".join(wrong)


def form_of(case: Case, names: Mapping[str, str]) -> dict[str, str | list[str]]:
    return {
        key: filled(value, names) if isinstance(value, str) else [filled(each, names) for each in value] for key, value in case.form.items()
    }


async def bearer(house: House, role: Role) -> dict[str, str]:
    now = house.clock.now()
    async with house.transaction() as tx:
        text, _ = await tokens.make(tx, house.people[role].id, name="script", scopes=tuple(Scope), until=now + timedelta(days=1), now=now)
    return {"Authorization": f"Bearer {text}"}
