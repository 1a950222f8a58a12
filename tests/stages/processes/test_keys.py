"""What a process is started with: its own KEK for this very database, and files that are the user's alone."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.kernel.sealing import Kek
from presswarden.kernel.store import org_key
from presswarden.processes import serve
from presswarden.processes.home import KekStrange, require_fitting
from presswarden.processes.settings import Settings


@pytest.mark.req("W9")
async def test_a_process_does_not_start_with_the_kek_of_another_installation(database: Database, org: OrgId) -> None:
    ours, swapped = Kek("janitor", b"j" * 32), Kek("janitor", b"k" * 32)
    await require_fitting(database, ours, Kek("web", b"w" * 32))
    async with database.transaction(org) as tx:
        await org_key(org, tx, ours)
    await require_fitting(database, ours, Kek("web", b"w" * 32))
    with pytest.raises(KekStrange, match="of janitor"):
        await require_fitting(database, Kek("web", b"w" * 32), swapped)


@pytest.mark.req("W9", "N8")
async def test_serve_makes_no_keys_anew_for_a_database_that_has_secrets(
    database: Database, database_url: str, org: OrgId, tmp_path: Path
) -> None:
    async with database.transaction(org) as tx:
        await org_key(org, tx, Kek("janitor", b"j" * 32))
    lost = Settings.load(tmp_path / "without-keys", {"PRESSWARDEN_DATABASE": database_url}).serve()
    for _ in range(2):
        with pytest.raises(KekStrange):
            await serve.run(lost, asyncio.Event(), lambda _: None)


def test_what_the_program_writes_is_the_users_alone_in_an_open_folder_too(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    program = "from presswarden.processes.start import main; main()"
    environment = {**os.environ, "PRESSWARDEN_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program, "migrate"], env=environment, check=True, timeout=60)
    assert {path.name: path.stat().st_mode & 0o077 for path in tmp_path.glob("presswarden.sqlite*")} == {"presswarden.sqlite": 0}
