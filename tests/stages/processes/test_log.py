"""A process's log as machines read it: one JSON object a line, with what it belongs to, and without secrets."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from presswarden.kernel.db import Database, DatabaseGone
from presswarden.kernel.log import Form, about, formatter
from presswarden.processes.settings import Settings, SettingsInvalid

log = logging.getLogger("presswarden.seen")


@pytest.fixture
def lines() -> Iterator[StringIO]:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter())
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield written
    log.removeHandler(handler)


def _told(written: StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.req("W19")
async def test_each_line_says_what_it_belongs_to_and_tasks_do_not_mix(lines: StringIO) -> None:
    async def work(name: str) -> None:
        with about(org=name, correlation=f"c-{name}"):
            await asyncio.sleep(0)
            log.warning("%s is late", name)

    await asyncio.gather(work("a"), work("b"))
    log.info("nobody's")
    first, second, last = _told(lines)
    assert {(one["org"], one["correlation"], one["event"]) for one in (first, second)} == {
        ("a", "c-a", "a is late"),
        ("b", "c-b", "b is late"),
    }
    assert (last["level"], last["logger"], last["event"], "org" in last) == ("info", "presswarden.seen", "nobody's", False)
    assert last["at"].endswith("Z")


@pytest.mark.req("W20")
async def test_a_failure_is_one_line_and_tells_no_variable_and_no_password(lines: StringIO) -> None:
    def fail(secret: str) -> None:
        raise ValueError(f"no {len(secret)} at smtps://mailer:canary-password@mail.example:465")

    try:
        fail("-".join(["canary", "of-a-variable"]))
    except ValueError:
        log.exception("it failed\nand a line that pretends to be one")
    (told,) = _told(lines)
    assert "Traceback" in told["exception"]
    assert "smtps://***@mail.example" in told["exception"]
    for canary in ("canary-password", "canary-of-a-variable"):
        assert canary not in lines.getvalue()


@pytest.mark.req("W20")
async def test_a_database_that_is_away_is_told_of_without_its_password(lines: StringIO) -> None:
    gone = Database("postgresql://presswarden:canary-password@127.0.0.1:9/nothing")
    with pytest.raises(DatabaseGone) as fault:
        await gone.check()
    log.error("away", exc_info=fault.value)
    assert "canary-password" not in lines.getvalue()
    await gone.dispose()


def test_the_form_is_one_of_two(tmp_path: Path) -> None:
    assert Settings.load(tmp_path, {}).log_format is Form.TEXT
    assert Settings.load(tmp_path, {"PRESSWARDEN_LOG_FORMAT": "json"}).log_format is Form.JSON
    with pytest.raises(SettingsInvalid):
        _ = Settings.load(tmp_path, {"PRESSWARDEN_LOG_FORMAT": "xml"}).log_format
