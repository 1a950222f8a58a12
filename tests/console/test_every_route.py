"""Every route of the running program, as it lists them itself: what a form needs, what a stranger gets, what each role gets.

Limits: with names that nothing has; what a page does with a thing that exists is its own room's tests.
"""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from starlette.routing import BaseRoute

from presswarden.identity.model import Role
from presswarden.surfaces.console.front import _OF_CONSENTS as OF_CONSENTS
from tests.console.rig import CONSENTS, URL, House, open_house
from tests.support.fleet import make_fleet

NOT_PAGES = ("/ingest/", "/api/", "/healthz", "/static/", "/.well-known/")
FOR_STRANGERS = {"/login", "/setup", "/help", "/safety", "/invitation", "/login/code"}
SOMETHING = str(UUID(int=7, version=4))


def routes(house: House, method: str) -> list[str]:
    """Paths of pages, with a name that nothing has in each place."""
    found = set()
    for path, methods in _listed(house.app.routes):
        if method in methods and not path.startswith(NOT_PAGES):
            found.add(re.sub(r"\{[^}]+\}", SOMETHING, path))
    return sorted(found)


def _listed(routes: list[BaseRoute]) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if hasattr(route, "methods"):
            yield route.path, set(route.methods or ())  # type: ignore[attr-defined]  # any route with methods has a path
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None:
            yield from _listed(inner.routes)


def test_the_list_is_the_programs_own(lone: House) -> None:
    assert {"/sites", "/help", "/jobs", f"/jobs/{SOMETHING}", "/login"} <= set(routes(lone, "GET"))
    assert {"/sites/bulk", "/sites/views", "/theme"} <= set(routes(lone, "POST"))


@pytest.mark.req("X10")
async def test_no_form_is_taken_without_the_sessions_token_or_from_elsewhere(lone: House) -> None:
    browser = await lone.as_role(Role.OWNER)
    other = await lone.as_role(Role.OWNER)
    paths = [path for path in routes(lone, "POST") if not path.startswith(OF_CONSENTS)]
    assert len(paths) > 5
    for path in paths:
        for form, headers in (
            ({"token": ""}, {}),
            ({"token": other.token}, {}),
            ({}, {"Sec-Fetch-Site": "cross-site"}),
            ({}, {"Sec-Fetch-Site": "same-site"}),
            ({}, {"Origin": CONSENTS}),
        ):
            answer = await browser.post(path, form, **headers)
            assert answer.status_code == 403, (path, form, headers, answer.status_code)
        bare = await browser.client.post(path, data={"token": browser.token}, headers={"Cookie": f"__Host-presswarden={browser.cookie}"})
        assert bare.status_code == 403, path


@pytest.mark.req("X10")
async def test_a_stranger_gets_the_login_and_nothing_else(lone: House) -> None:
    stranger = lone.stranger()
    for path in routes(lone, "GET"):
        if path.startswith(OF_CONSENTS):
            continue
        answer = await stranger.get(path)
        shown = answer.status_code == 200 and any(path == public or path.startswith(f"{public}/") for public in FOR_STRANGERS)
        led = answer.status_code == 303 and answer.headers["location"].startswith(("/login", "/setup"))
        assert shown or led or answer.status_code in (404, 410), (path, answer.status_code)
    for path in routes(lone, "POST"):
        answer = await lone.stranger(CONSENTS if path.startswith(OF_CONSENTS) else URL).post(path)
        assert answer.status_code in (401, 403, 404, 409, 410, 422), (path, answer.status_code)


@pytest.mark.req("X10")
async def test_every_page_answers_every_role_without_a_fault_and_tells_no_organisation_of_another(lone: House) -> None:
    other = await open_house(lone.database, lone.clock, name="Southwind", app=lone.app)
    await make_fleet(lone.database, other.org, 2, lone.clock.now())
    for role in Role:
        browser = await lone.as_role(role)
        for path in routes(lone, "GET"):
            if path.startswith(OF_CONSENTS) or "live" in path or path.endswith("/events"):
                continue
            for answer in (await browser.get(path), await browser.part(path)):
                assert answer.status_code < 500, (role, path, answer.status_code, answer.text[:400])
                assert "Southwind" not in answer.text
                assert "Cedar" not in answer.text
