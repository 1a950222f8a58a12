"""What a page of a fault says: what happened, what is safe, who can help, and under which reference."""

import logging
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from presswarden.identity.model import Forbidden, Role
from presswarden.kernel.errors import PresswardenError
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.wake import PipeWake
from presswarden.surfaces.console import door, faults
from presswarden.surfaces.console.assets import Assets
from presswarden.surfaces.console.desk import Desk
from presswarden.surfaces.console.front import Front
from presswarden.surfaces.console.pages import Pages
from tests.console.rig import KEK, URL, House, text_of


class Moved(PresswardenError):
    code = "approval.digest"


class Deep(PresswardenError):
    code = "nobody.knows"


@pytest.fixture
async def client(lone: House, tmp_path: Path) -> httpx.AsyncClient:
    """The console's own faults and front around routes that fail in each way."""
    app = FastAPI()
    desk = Desk(lone.database, lone.clock, PipeWake(tmp_path / "wake"), KEK, URL, Pages(Assets.load(), lone.clock, URL), EVERYONE)
    raised = {
        "forbidden": Forbidden(
            "This needs the permission «policy.set», which your role does not give.", do="Ask an owner of the organisation."
        ),
        "changed": Moved("The plan changed since you opened it.", do="Look at it again."),
        "deep": Deep("A path of the machine: /var/lib/secret"),
        "odd": ValueError("a secret of the program"),
        "elsewhere": door.StepUpNeeded("Prove who you are."),
    }

    @app.api_route("/fail/{how}", methods=["GET", "POST"])
    async def fail(how: str, number: int = 0) -> Response:
        _ = number
        raise raised[how]

    @app.get("/api/v1/fail")
    async def document(request: Request) -> Response:
        _ = request
        raise raised["changed"]

    faults.catch(app, desk)
    app.add_middleware(Front, url=URL)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=URL)


@pytest.mark.req("X10")
async def test_a_missing_permission_is_named_with_the_roles_that_give_it_and_who_grants_them(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/forbidden")
    assert answer.status_code == 403
    assert "The role that gives it: owner." in text_of(answer)
    assert "Owners and admins can grant it" in text_of(answer)


async def test_what_changed_meanwhile_is_said_and_nothing_was_done(client: httpx.AsyncClient) -> None:
    answer = await client.post("/fail/changed")
    assert answer.status_code == 409
    assert "The plan changed since you opened it." in text_of(answer)
    assert "Nothing was changed." in text_of(answer)


async def test_where_a_part_was_asked_for_the_part_alone_says_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/changed", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 409
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("how", ["deep", "odd"])
async def test_a_fault_of_ours_tells_nothing_of_us_but_a_reference_that_the_log_has_too(
    client: httpx.AsyncClient, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "presswarden.web"):
        answer = await client.get(f"/fail/{how}")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Try again" in text_of(answer)
    reference = answer.headers["x-request-id"] if how == "deep" else caplog.records[-1].getMessage().split()[0]
    assert reference in answer.text
    assert reference in caplog.text


async def test_a_step_up_leads_to_its_page_and_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/elsewhere?number=1")
    assert answer.headers["location"] == "/confirm?next=%2Ffail%2Felsewhere%3Fnumber%3D1"


async def test_what_is_not_as_it_must_be_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fail/changed?number=seven")
    assert answer.status_code == 422
    assert "Not as it must be: number." in text_of(answer)


async def test_programs_get_a_problem_document(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/fail")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "approval.digest"


async def test_a_signed_in_person_keeps_the_frame_of_the_console_around_a_page_that_is_not_there(lone: House) -> None:
    answer = await (await lone.as_role(Role.VIEWER)).get("/nowhere")
    assert answer.status_code == 404
    assert 'aria-label="Main"' in answer.text
