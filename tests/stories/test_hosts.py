"""A site behind hosts that strip, block and alter: it works, or the command line says by name what is in the way, while pairing and after."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator

import pytest

from lab.demo.control import PROGRAM
from lab.host import Host, Manner
from lab.site import Lab, Site
from tests.stories.hosts import ROWS
from tests.stories.scene import Observed, Paired, install, status, string_for, until, when_paired
from tools import hosts as page

pytestmark = [pytest.mark.site, pytest.mark.req("N20")]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as found:
        yield found


@pytest.fixture(scope="module")
def hosted(lab: Lab, host: Host) -> Iterator[Site]:
    site = install(lab.site("hosted", constants={"WP_HOME": host.url, "WP_SITEURL": host.url}))
    host.target = site.port
    yield site
    site.delete()


def test_a_password_in_the_way_is_named_while_the_site_is_paired_and_it_goes_on_when_it_is_gone(
    control: Observed, host: Host, hosted: Site
) -> None:
    host.manner = Manner.PASSWORD
    with subprocess.Popen(
        [PROGRAM, "site", "pair", "hosted"], env=control.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stderr is not None
        try:
            text = ""
            while "presswarden-1." not in text:
                text += waiting.stdout.readline().decode()
            string = next(line for line in text.splitlines() if line.startswith("presswarden-1."))
            assert hosted.wp("presswarden", "pair", string, "--wait=0").code == 0
            assert "(site.asks_password)" in said(waiting.stderr.fileno(), "(site.asks_password)")
            host.manner = Manner.PLAIN
            assert waiting.wait(90) == 0
        finally:
            host.manner = Manner.PLAIN
            if waiting.poll() is None:
                waiting.kill()
    assert when_paired(Paired(control, hosted, "hosted")).read()["database_answers"] is True


def said(pipe: int, words: str, seconds: float = 60) -> str:
    """What a program printed until these words came."""
    told, deadline = "", time.monotonic() + seconds
    while words not in told and time.monotonic() < deadline:
        if select.select([pipe], [], [], 1.0)[0]:
            told += os.read(pipe, 65_536).decode()
    return told


def test_each_manner_of_a_host_works_or_has_its_name(control: Observed, host: Host, hosted: Site) -> None:
    assert {row.manner for row in ROWS} == set(Manner)
    # One of each name, and the one that works by trying again; `make matrix` tries all.
    chosen = ROWS if os.environ.get("PRESSWARDEN_MATRIX") else tuple({row.code: row for row in ROWS}.values())
    if status(hosted)["state"] != "paired":
        assert hosted.wp("presswarden", "pair", string_for(control, "hosted"), "--wait=60", "--replace").code == 0
    site = Paired(control, hosted, "hosted")
    found = {}
    try:
        for row in chosen:
            host.manner = row.manner
            ran = control.attempt("--json", "site", "read", "hosted", "wp.site.health")
            found[row.manner] = "" if ran.code == 0 else str(json.loads(ran.stderr)["code"])
            assert ran.code == 0 or json.loads(ran.stderr)["do"], "a name comes with its next step"
    finally:
        host.manner = Manner.PLAIN
    assert found == {row.manner: row.code for row in chosen}
    until(lambda: site.read()["database_answers"], "the site answers as before")


def test_the_guide_tells_the_same() -> None:
    assert page.stale() == "", "run `make docs`"
