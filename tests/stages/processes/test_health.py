"""The health answer of the process that faces the internet."""

from pathlib import Path

import httpx
import pytest

from presswarden.kernel.clock import SystemClock
from presswarden.kernel.db import Database
from presswarden.kernel.sealing import Kek
from presswarden.kernel.wake import PipeWake
from presswarden.processes.web import build_app


@pytest.mark.req("N8")
async def test_health_says_whether_the_database_answers_and_nothing_else_about_us(sqlite_template: Path, tmp_path: Path) -> None:
    for place, status, word in ((sqlite_template, 200, "ok"), (tmp_path / "no" / "such" / "folder.sqlite", 503, "database.gone")):
        database = Database(f"sqlite:///{place}")
        app = build_app(database, SystemClock(), Kek("web", b"w" * 32), PipeWake(tmp_path / "wake"), "http://localhost:8700")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()) == (status, {"status": word})
        await database.dispose()
