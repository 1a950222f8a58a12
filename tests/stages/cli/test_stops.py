"""Stopping from the command line takes one line; resuming is an owner's, at a terminal, with a reason and the organisation's name."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from presswarden.audit import service as audit
from presswarden.identity.model import Role
from presswarden.kernel.ids import OrgId, new_id
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import opened
from tests.support.office import Office
from tests.support.shop import Shop

pytestmark = pytest.mark.req("A8")
PROMPT = r"Type the organisation's name, (.+), to resume: "


def _stopped(office: Office) -> list[tuple[str, str]]:
    return [(one["scope"], one["reason"]) for one in office.ask("stops")]


def test_the_organisation_a_site_an_agent_and_everything_are_stopped(on_both: Office) -> None:
    assert "Nothing is stopped." in on_both.run("stops").output
    for words in (("stop", "--reason", "breach"), ("stop", "--site", "shop"), ("stop", "--agent", "analyst"), ("stop", "--everything")):
        ran = on_both.run(*words)
        assert (ran.exit_code, "Nothing new starts" in ran.output) == (0, True), ran.output
    assert [scope for scope, _ in _stopped(on_both)] == ["everything", "organisation", "site", "agent"]
    assert "breach" in on_both.run("stops").output


def test_a_maintenance_is_given_its_end(office: Office) -> None:
    ends = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=3)
    ran = office.run("stop", "--until", f"{ends:%Y-%m-%dT%H:%M}")
    assert (ran.exit_code, "It ends by itself at" in ran.output) == (0, True), ran.output
    assert [one["until"] for one in office.ask("stops")] == [int(ends.timestamp())]
    assert office.run("stop", "--agent", "analyst", "--until", "2020-01-01T00:00").exit_code == 3
    assert office.run("stop", "--agent", "analyst", "--until", "soon").exit_code == 2


def test_a_stop_has_one_reach_and_names_what_is_there(office: Office) -> None:
    assert office.run("stop", "--site", "shop", "--everything").exit_code == 2
    assert office.run("stop", "--site", "nowhere").exit_code == 1
    assert office.run("stop", "--client", "nobody").exit_code == 1
    assert _stopped(office) == []


def test_what_stops_everything_stands_in_every_organisations_record(office: Office) -> None:
    other = OrgId(new_id())

    async def found(shop: Shop) -> None:
        await opened(shop.database, FrozenClock(), other)

    async def told(shop: Shop) -> list[tuple[str, object]]:
        async with shop.database.reading(other) as tx:
            return [(one.actor.id, one.payload and one.payload["reason"]) for one in await audit.events(tx, kind="gate.stopped")]

    office.do(found)
    assert office.run("--org", office.org, "stop", "--everything", "--reason", "flood").exit_code == 0
    assert office.run("--org", office.org, "stop", "--everything", "--reason", "again").exit_code == 0
    assert office.do(told) == [("operator", "flood")], "once, with the reason it has"


def test_resuming_is_typed_at_a_terminal(office: Office) -> None:
    office.run("stop")
    assert office.run("resume", "--reason", "mended", typed="Agency\n").exit_code == 3
    wrong = office.sit("resume", "--reason", "mended", prompt=PROMPT, answer="no")
    assert (wrong.code, "gate.resume_refused" in wrong.screen) == (3, True), wrong.screen
    assert len(_stopped(office)) == 1
    sat = office.sit("resume", "--reason", "mended", prompt=PROMPT)
    assert sat.code == 0, sat.screen
    assert "One person alone may approve here: it ends at" in sat.screen
    (only,) = office.ask("stops")
    assert only["until"] is not None


def test_where_two_may_approve_a_resume_holds_at_once(office: Office) -> None:
    office.join("Anna", Role.APPROVER)
    office.run("stop")
    assert office.sit("resume", "--reason", "mended", prompt=PROMPT).code == 0
    assert _stopped(office) == []


def test_an_operator_stops_and_does_not_resume(office: Office) -> None:
    office.join("Otto", Role.OPERATOR)
    assert office.run("stop", who="otto").exit_code == 0
    sat = office.sit("resume", "--reason", "mended", who="otto", prompt=PROMPT)
    assert (sat.code, "identity.forbidden" in sat.screen) == (3, True)
    assert len(_stopped(office)) == 1


def test_a_recommendation_is_not_adopted_while_its_agent_is_stopped(office: Office) -> None:
    office.run("stop", "--agent", "analyst", "--reason", "look at it")
    ran = office.run("--json", "proposal", "adopt", office.proposal)
    assert (ran.exit_code, json.loads(ran.stderr)["code"]) == (3, "gate.stopped")
    assert office.state() == "recommended"
