"""`python -m tests.chaos --runs 1000 --seed 7`: draws faults and prints what came of them. Ends with 1 when anything was lost, done twice or left broken.

`--each 1` makes every fault that often instead of drawing; `--only TEXT` keeps those faults whose name has it; `--minutes` ends earlier.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.ground import Ground, apart
from tests.chaos.lanes import PARTS, SERVE, Lane, open_lane
from tests.chaos.runs import Run, round_of
from tests.chaos.tally import Tally

VERIFIED_EVERY = 10
"""Rounds of a lane between two looks at its whole record."""


@dataclass
class Chaos:
    ground: Ground
    wanted: argparse.Namespace
    tally: Tally = field(default_factory=Tally)
    fell: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    _begun: float = field(default_factory=time.monotonic)
    _promised: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lane(self, form: str) -> None:
        """Round after round in one lane, until there were enough."""
        try:
            sites = 1 if self.wanted.quick and form != SERVE else self.wanted.sites
            with open_lane(form, self.ground, sites) as lane:
                print(f"{form}: {len(lane.places)} sites, ready after {time.monotonic() - self._begun:.0f} s", flush=True)
                self._work(lane)
        except Exception:
            self.fell.append(f"{form}: {traceback.format_exc()}")
            print(self.fell[-1], flush=True)

    def _work(self, lane: Lane) -> None:
        chance = random.Random(f"{self.wanted.seed} {lane.form}")
        faults = [one for one in FAULTS if lane.form in one.forms and one.needs not in self.ground.missing and self.wanted.only in one.name]
        for number, drawn in enumerate(self._rounds(lane, faults, chance), start=1):
            for run in round_of(lane, drawn, chance, number, quick=self.wanted.quick):
                self._tell(lane, run, number)
            if number % VERIFIED_EVERY == 0:
                self._verify(lane)
        self._verify(lane)

    def _rounds(self, lane: Lane, faults: list[Fault], chance: random.Random) -> Iterator[list[Fault]]:
        """The faults of each round: one of the plane, or one for each site. Drawn so that each fault comes about as often as any other."""
        if self.wanted.each:
            faults = [one for one in faults if lane.form == one.forms[0]]
        sites, planes = [one for one in faults if one.of_site], [one for one in faults if not one.of_site]
        if self.wanted.each:
            for _ in range(self.wanted.each):
                yield from ([one] for one in planes)
                yield from (sites[first : first + len(lane.places)] for first in range(0, len(sites), len(lane.places)))
            return
        while faults and self._more():
            if planes and (not sites or chance.random() < len(planes) / (len(planes) + len(sites) / len(lane.places))):
                drawn = [chance.choice(planes)]
            else:
                drawn = [chance.choice(sites) for _ in lane.places]
            self._promise(len(drawn))
            yield drawn

    def _more(self) -> bool:
        in_time = not self.wanted.minutes or time.monotonic() - self._begun < self.wanted.minutes * 60
        return in_time and not self.enough.is_set() and self._promised < self.wanted.runs

    def _promise(self, runs: int) -> None:
        with self._lock:
            self._promised += runs

    def _tell(self, lane: Lane, run: Run, number: int) -> None:
        count = self.tally.add(run)
        results = ", ".join(f"{one.result} {one.code}".strip() for one in run.judged)
        passed = time.monotonic() - self._begun
        print(
            f"{count:5} {passed:6.0f} s  {lane.form} {number}: {run.fault}, {run.moment if run.met else 'after the end'}; {run.story}: {results}",
            flush=True,
        )
        for one in run.judged:
            if not one.is_good:
                print(f"      LOST {one.lost} TWICE {one.twice} BROKEN {one.broken}", flush=True)

    def _verify(self, lane: Lane) -> None:
        """No gap, nothing twice, every entry proved, and what was signed before is a part of it."""
        lane.plane.nothing_open()
        lane.plane.audit_holds()
        self.tally.records += 1


def main() -> int:
    apart(sys.argv[1:])
    reader = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    reader.add_argument("--runs", type=int, default=1000)
    reader.add_argument("--each", type=int, default=0)
    reader.add_argument("--quick", action="store_true", help="short faults at early moments of short changes")
    reader.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1_000_000))
    reader.add_argument("--sites", type=int, default=3, help="in each lane")
    reader.add_argument("--minutes", type=float, default=0.0)
    reader.add_argument("--only", default="")
    reader.add_argument("--lanes", default=",".join(PARTS))
    wanted = reader.parse_args()
    if wanted.runs < 1 or wanted.each < 0 or wanted.sites < 1 or not set(wanted.lanes.split(",")) <= set(PARTS):
        reader.error(f"one run and one site at least; lanes are {', '.join(PARTS)}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="presswarden-chaos-", ignore_cleanup_errors=True) as room:
        ground = Ground(Path(room))
        chaos = Chaos(ground, wanted)
        lanes = [threading.Thread(target=chaos.lane, args=(form,)) for form in wanted.lanes.split(",")]
        for lane in lanes:
            lane.start()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            for lane in lanes:
                lane.join()
        except KeyboardInterrupt:
            chaos.enough.set()  # what has begun is seen through, and counted
            for lane in lanes:
                lane.join()
        ground.close()
    print("\n".join(chaos.tally.lines()))
    for what, why in ground.missing.items():
        print(f"skipped, what needs {what}: {why}")
    print(
        f"seed {wanted.seed}, {len(chaos.tally.runs)} runs, {time.monotonic() - begun:.0f} s, record verified {chaos.tally.records} times"
    )
    return 0 if chaos.tally.is_good and not chaos.fell else 1


if __name__ == "__main__":
    sys.exit(main())
