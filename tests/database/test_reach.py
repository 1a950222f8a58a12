"""What a process's code can come to, its role may: a duty that got a new table without a line in deploy/grants.sql fails here and not at a customer's."""

import pytest

from tests.support.reach import Code
from tests.support.roles import PROCESSES, rights

pytestmark = pytest.mark.req("N8", "W5")

CODE = {
    "web": ("presswarden.processes.web", "presswarden.surfaces"),
    "analyst": ("presswarden.processes.analyst", "presswarden.processes.beating"),
    "dispatcher": ("presswarden.processes.dispatcher", "presswarden.dispatch.service", "presswarden.flows.execute"),
    "janitor": ("presswarden.processes.janitor", "presswarden.processes.checking", "presswarden.flows.reaping"),
    "courier": ("presswarden.processes.courier", "presswarden.processes.sending"),
}
SEEMS_TO = {("dispatcher", "telemetry_heartbeats", "r")}
"""Heartbeats' table is bound to its name in one statement with others that the dispatcher uses; it reads none."""


@pytest.fixture(scope="module")
def code() -> Code:
    return Code()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_may_do_what_its_code_can_come_to(process: str, code: Code) -> None:
    listed = rights()
    reached = code.tables(CODE[process])
    assert len(reached) > 20
    lacking = {(process, table, letter) for table, letter in reached if letter not in listed[table][process].lower()}
    assert lacking - SEEMS_TO == set()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_may_write_only_what_its_code_writes(process: str, code: Code) -> None:
    """Beside what everybody may: the audit, with the queue that a trigger fills, and signals of incidents."""
    everybodys = {"audit_events", "audit_payloads", "audit_queue", "incidents", "incident_signals"}
    reached = {table for table, letter in code.tables(CODE[process])}
    for table, each in rights().items():
        if set("acd") & set(each[process].lower()) and table not in everybodys:
            assert table in reached, (process, table)
