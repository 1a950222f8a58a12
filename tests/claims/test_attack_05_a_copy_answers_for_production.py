"""Attack 5: a copy of a paired site carries its keys, and answers or speaks for production.

Layers. On the site: the clone check (the pinned home must be the home WordPress says now), then the audience for a call made out to the copy, then quiet
(reads only) when folder or database differ. On the control plane: the home in every heartbeat, then the sequence, which two senders can't share, and a
table of heartbeats that takes a number once. Limits: a copy that claims production's own address, and is reached at it, answers reads until its heartbeats
give it away; both halves say so (quiet, an incident).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.site import Lab, Site
from tests.claims.attacks import Attack
from tests.claims.control import ControlPlane, Edit
from tests.claims.copies import copy_of, pair_with, refresh
from tests.claims.doors import PLAIN, PRETTY, knock, status
from tests.claims.victims import Paired, Spare, put_connector

pytestmark = [pytest.mark.site, pytest.mark.req("W17", "P1")]

ANY_HOME = Edit(
    "surfaces/ingest/counter.py",
    "        if heard.home != good.found.home:\n            return await self._from_elsewhere(good, heard.home)\n",
)
NO_SEQUENCE = Edit(
    "sites/messages.py",
    "    if await store.advance(tx.org, tx, known, mark.seq, mark.sent_at):\n        return None\n",
    "    return None\n",
)
NUMBER_TWICE = Edit("telemetry/store.py", "heard.seq", '__import__("time").time_ns()')


@pytest.fixture(scope="module")
def production(spare: Spare) -> Paired:
    return spare.paired()


@pytest.fixture(scope="module")
def staging(lab: Lab, production: Paired) -> Site:
    return copy_of(lab, production.site, "staging")


@pytest.fixture(scope="module")
def twin(lab: Lab, production: Paired) -> Site:
    """A copy whose configuration still names production's address."""
    return copy_of(lab, production.site, "twin", says_home=f"'{production.site.url}'")


def beat(site: Site) -> str:
    """'' when the heartbeat was taken, else what the command said."""
    ran = site.wp("presswarden", "heartbeat")
    return "" if ran.code == 0 else ran.stderr


def test_a_copy_answers_no_call_that_was_made_for_production(production: Paired, staging: Site, attack: Attack) -> None:
    refresh(staging, production.site)
    for path in (PRETTY, PLAIN):
        for tool in (
            "wp.site.get_environment",
            "wp.site.inventory",
            "wp.site.health",
            "control.resume",
            "control.confirm",
            "control.rotate_site",
        ):
            answer = knock(staging, production.here.message(tool), path)
            attack.refused(f"{tool} at {path}", answer, "call.clone")
            attack.repelled(f"{tool} signed by production's key", "X-WP-Agent-ReceiptSignature" not in answer.headers)
    aimed = replace(production.here, home=staging.url)
    attack.refused("a call made out to the copy", knock(staging, aimed.message("wp.site.health")), "call.audience")
    attack.repelled("what the copy ran", staging.events("action_ran") == [])
    assert status(staging)["quiet"] == "clone"
    message = production.here.message("wp.site.health")
    assert production.here.receipt_holds(message, knock(production.site, message))


def test_a_copy_that_is_told_so_forgets_the_pairing(production: Paired, staging: Site, attack: Attack) -> None:
    refresh(staging, production.site)
    assert staging.wp("presswarden", "copy").code == 0
    attack.refused("a call for production", knock(staging, production.here.message("wp.site.health")), "rest_no_route")
    offer = production.peer.offer()
    assert staging.wp("presswarden", "pair", offer.text, "--wait=20").code == 0
    assert knock(staging, production.peer.sites[offer.installation].message("wp.site.health")).status == 200
    assert knock(production.site, production.here.message("wp.site.health")).status == 200


def test_production_itself_goes_on(production: Paired, staging: Site) -> None:
    assert staging.url != production.site.url
    assert production.call("wp.site.health").result["paused"] == ""
    assert beat(production.site) == ""


def test_heartbeats_of_copies_are_refused_or_found_out(
    spare: Spare, staging: Site, twin: Site, control: ControlPlane, attack: Attack
) -> None:
    site = spare.unpaired()
    here = pair_with(control, site)
    assert beat(site) == ""
    for copy in (staging, twin):
        refresh(copy, site)
    attack.repelled("a heartbeat from another address", "ingest.home" in beat(staging))
    seen = control.ask("show", installation=here.installation)
    attack.repelled("and it is told as a copy", "clone" in seen["incidents"], seen)
    assert beat(site) == ""
    said = beat(twin)  # its number was used by the original in the meantime
    attack.repelled("a heartbeat under production's own address", "ingest.sequence" in said or "ingest.replay" in said, said)
    attack.repelled("the copy is quiet by itself", status(twin)["quiet"] == "clone", status(twin))
    assert beat(site) == ""


def test_without_the_clone_check_a_copy_answers_for_production(mutated_site: Callable[..., Paired], staging: Site) -> None:
    paired = mutated_site()
    refresh(staging, paired.site)
    put_connector(staging, "clone")
    message = paired.here.message("wp.site.inventory")
    assert paired.here.receipt_holds(message, knock(staging, message))


def test_without_the_look_at_the_home_a_copy_speaks_for_production(
    spare: Spare, staging: Site, control_plane: Callable[..., ControlPlane]
) -> None:
    control, site = control_plane(ANY_HOME), spare.unpaired()
    here = pair_with(control, site)
    refresh(staging, site)
    assert beat(staging) == ""
    assert "clone" not in control.ask("show", installation=here.installation)["incidents"]


def test_without_the_sequence_two_senders_share_one_pairing(spare: Spare, twin: Site, control_plane: Callable[..., ControlPlane]) -> None:
    control, site = control_plane(NO_SEQUENCE, NUMBER_TWICE), spare.unpaired()
    here = pair_with(control, site)
    refresh(twin, site)
    assert [beat(site), beat(twin), beat(site)] == ["", "", ""]
    assert "clone" not in control.ask("show", installation=here.installation)["incidents"]
