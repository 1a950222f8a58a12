"""What became of a change, by three witnesses: the oracle on the site (what ran, how often), the record, and the site as a visitor and a file system see it.

Limits: the product's word for the result is what is judged, never what it is judged by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from presswarden.kernel.db import Tx
from presswarden.kernel.ids import ChangeId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import LeafRole, Proposal
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Change, Result
from tests.chaos.lanes import Lane, Place
from tests.chaos.stories import Shown, Story
from tests.crash.works import left_behind

OPEN_RESULTS = frozenset({Result.UNKNOWN, Result.UNVERIFIED, Result.ROLLBACK_FAILED})
"""What says of itself that a person has to look: honest after a fault, whichever of the two states the site is in."""


@dataclass(frozen=True)
class Asked:
    """One change that runs."""

    place: Place
    story: Story
    work: str
    change: str
    was: Shown
    wanted: Shown


@dataclass(frozen=True)
class Judged:
    result: str
    code: str
    ran: int
    """How often the act ran."""
    lost: tuple[str, ...]
    """What makes the record, or the result, untrue."""
    twice: tuple[str, ...]
    broken: tuple[str, ...]
    """What makes the site one that a person has to repair."""

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.twice or self.broken)


def judge(lane: Lane, asked: Asked) -> Judged:
    change, proposal = _read(lane, asked)
    ran = Counter(event["tool_call_id"] for event in asked.place.events("action_ran"))
    leaves = {leaf.role: leaf for leaf in proposal.plan.leaves if leaf.change == asked.change}
    acts = {role: ran[leaf.call] for role, leaf in leaves.items()}
    made = sum(
        asked.story.file in str(event["extra"].get("plugins", event["extra"].get("plugin", "")))
        for event in asked.place.events("upgrader_process_complete")
    )
    twice = [f"{role} ran {times} times" for role, times in acts.items() if times > 1]
    twice += [f"WordPress updated {made} times"] if made > 1 else []
    shown = asked.place.shelf.shows(asked.story)
    if change.result is None:
        return Judged("none", "", acts[LeafRole.ACT], ("the change has no result",), tuple(twice), tuple(_broken(lane, asked)))
    lost = untrue(change, asked, shown, acts)
    lost += _record(lane, asked)
    return Judged(str(change.result), change.code, acts[LeafRole.ACT], tuple(lost), tuple(twice), tuple(_broken(lane, asked)))


def untrue(change: Change, asked: Asked, shown: Shown, acts: dict[LeafRole, int]) -> list[str]:
    """Where the result and the site say different things."""
    result = change.result
    if result is Result.SUCCEEDED:
        wrong = [] if shown == asked.wanted else [f"{shown} after it succeeded"]
        closed = acts.get(LeafRole.CLOSE, 0) + acts.get(LeafRole.CLOSE_AGAIN, 0)
        if (acts[LeafRole.ACT], closed) != (1, 1):
            wrong.append(f"succeeded with {acts[LeafRole.ACT]} acts and {closed} closes")
        return wrong
    if result in OPEN_RESULTS:
        return [] if shown in {asked.was, asked.wanted} else [f"{shown} is neither what was there nor what was asked for"]
    # A plugin that had to be switched off to get the site back is said to be off, in words.
    off = Shown(asked.was.version, active=False)
    return [] if shown == asked.was or (shown == off and change.code == "change.deactivated") else [f"{shown} after {result} {change.code}"]


def _record(lane: Lane, asked: Asked) -> list[str]:
    """It began once at most, and ended once."""
    rows = lane.plane.rows(f"SELECT kind FROM audit_events WHERE subject = 'change:{asked.change}'")
    entries = Counter(kind for (kind,) in rows)
    wrong = [] if entries["change.ended"] == 1 else [f"its end is written {entries['change.ended']} times"]
    return wrong + ([f"its begin is written {entries['change.began']} times"] if entries["change.began"] > 1 else [])


def _broken(lane: Lane, asked: Asked) -> list[str]:
    wrong = [*asked.place.shelf.wrong(asked.story), *left_behind(asked.place.shop)]
    held = lane.plane.rows(f"SELECT work FROM site_locks WHERE installation = '{lane.offers[asked.place.shop].installation}'")
    return wrong + [f"work {work} has the site still" for (work,) in held]


def all_good(judged: Sequence[Judged]) -> bool:
    return all(one.is_good for one in judged)


def _read(lane: Lane, asked: Asked) -> tuple[Change, Proposal]:
    async def look(tx: Tx) -> tuple[Change, Proposal]:
        change = await rollouts.change(tx, ChangeId(asked.change))
        return change, await proposals.proposal(tx, change.proposal)

    return lane.plane.read(look)
