"""The looks after a change (N6): three good ones over a minute, or two that are not. Limits: it says how the site does, and takes nothing back itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from presswarden.flows import judging, looking
from presswarden.flows.judging import Finding
from presswarden.flows.ports import Hands, Task
from presswarden.flows.sight import Fatal, Look, Stage

MOST_LOOKS: Final = 8
_DOUBTS: Final = 2


@dataclass(frozen=True, slots=True)
class Checks:
    """How long a change is watched before it counts as good."""

    rounds: int = 3
    seconds: float = 60.0
    """From the first of the good looks to the last."""

    @property
    def between(self) -> float:
        return self.seconds / max(1, self.rounds - 1)

    @property
    def again(self) -> float:
        """Before a doubtful look is looked at again."""
        return self.seconds / 20


class Verdict(StrEnum):
    GOOD = "good"
    UNVERIFIED = "unverified"
    """Nothing is worse than before, but it was not well before."""
    BAD = "bad"
    TAKEN_BACK = "taken_back"
    """The site did it by itself."""
    SUPERSEDED = "superseded"
    """Somebody else changed the files meanwhile."""
    GIVEN_UP = "given_up"
    """The site tried to take it back, and could not."""


_BY_STAGE: Final = {
    Stage.RESTORING: Verdict.TAKEN_BACK,
    Stage.RESTORED: Verdict.TAKEN_BACK,
    Stage.SUPERSEDED: Verdict.SUPERSEDED,
    Stage.FAILED: Verdict.GIVEN_UP,
}


@dataclass(frozen=True, slots=True)
class Judged:
    verdict: Verdict
    findings: tuple[Finding, ...]
    look: Look


async def watch(hands: Hands, task: Task, before: Look, checks: Checks) -> Judged:
    """Look until it is clear."""
    good, doubts, known = 0, 0, frozenset[Fatal]()
    gathered: tuple[Finding, ...] = ()
    found: tuple[Finding, ...] = ()
    look = before
    for turn in range(1, MOST_LOOKS + 1):
        if turn > 1:
            await hands.wait(f"check.{turn}.wait", checks.again if found else checks.between)
        look = await looking.look(hands, task, f"check.{turn}", probing=True)
        told = None if look.health is None else look.health.of(task.change)
        if told is not None and told.stage in _BY_STAGE:
            return Judged(_BY_STAGE[told.stage], gathered, look)
        if look.blind:
            continue
        found = judging.findings(task, before, look, known=known)
        known |= frozenset(look.health.fatals if look.health is not None else ())
        gathered += found
        if any(finding.certain for finding in found):
            return Judged(Verdict.BAD, gathered, look)
        good, doubts = (good, doubts + 1) if found else (good + 1, doubts)
        if doubts == _DOUBTS:
            return Judged(Verdict.BAD, gathered, look)
        if good == checks.rounds:
            verdict = Verdict.UNVERIFIED if judging.still_failing(before, look) else Verdict.GOOD
            return Judged(verdict, gathered, look)
    nobody_saw = Finding("health.not_seen", "The site could not be looked at, so nobody can say that it is well.")
    return Judged(Verdict.BAD, (*gathered, nobody_saw), look)
