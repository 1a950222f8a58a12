"""Attack 44: one site takes every call and answers none, so that the others wait for it.

What stops it: each site has a small number of calls at once of its own, each call a deadline, and nothing waits for another site's. A wire that holds its
answers stands before a real site; the other real site is read and heard meanwhile. Limits: two sites here; what it costs among many is measured by
`make figures`, and that one slow site gets four calls at once and no more by `tests/stages/dispatch`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from lab.recorder import Recorder
from lab.site import Lab
from tests.claims.attacks import Attack
from tests.claims.served import LABEL, Served
from tests.claims.victims import CONNECTOR, FOLDER, GENEROUS

pytestmark = [pytest.mark.site, pytest.mark.req("N4")]

TOOLS = ("wp.site.health", "wp.site.inventory", "wp.site.get_environment")


@pytest.fixture(scope="module")
def wire(lab: Lab, served: Served) -> Iterator[Recorder]:
    """In front of a second site of the same control plane, paired as `hanging`."""
    with Recorder() as found:
        site = lab.site("hanging", constants={**GENEROUS, "WP_HOME": found.url, "WP_SITEURL": found.url})
        found.target = site.port
        site.install_plugin(CONNECTOR, folder=FOLDER)
        text = served.control.ask("site", "pair", "hanging", "--no-wait")["pairing"]
        done = site.wp("presswarden", "pair", text, "--wait=60")
        assert done.code == 0, (done, served.control.log())
        yield found
        site.delete()


def read(served: Served, label: str, tool: str, seconds: int) -> tuple[int, float]:
    began = time.monotonic()
    return served.control.attempt("site", "read", label, tool, "--seconds", str(seconds)).code, time.monotonic() - began


def test_the_other_site_is_read_and_heard_while_one_hangs(attack: Attack, served: Served, wire: Recorder) -> None:
    assert read(served, "hanging", TOOLS[0], 60)[0] == 0
    with wire.hold("/v1/call"):
        for tool in TOOLS * 2:
            assert read(served, "hanging", tool, 1)[0] != 0, "it hangs"
        for tool in TOOLS:
            code, took = read(served, LABEL, tool, 20)
            attack.repelled(f"{tool} of the other site", code == 0 and took < 20, (code, took))
        served.heartbeat()
        attack.repelled("what is asked of the one that hangs", read(served, "hanging", TOOLS[0], 1)[0] != 0)


def test_a_site_that_no_longer_hangs_is_read_again(served: Served, wire: Recorder) -> None:
    assert wire.url
    assert read(served, "hanging", TOOLS[0], 120)[0] == 0
