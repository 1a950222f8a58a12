"""`python -m lab.priors`: real updates on real sites, by the size of the jump, beside what the policy's priors believe of them.

The list is the same every time: each version to the next, and the oldest to the newest, on every WordPress of the lab that both run on; at last WordPress
itself. On each site one update that must fail shows that the judge sees. Exit codes: 0 told, 1 the run is worth nothing (a broken release passed,
or something went wrong). Limits: it starts nothing new after its time; what it left out is printed. Downloads come before.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from lab import core, packages
from lab.errors import LabError
from lab.packages import Kind
from lab.priors import sources
from lab.priors.sources import Real
from lab.priors.trying import Bench, Told
from lab.site import Lab
from lab.updates import UpdateServer
from presswarden.policy import versions
from presswarden.policy.confidence import lower_bound
from presswarden.policy.priors import PRIORS

_SECONDS = 240.0
"""For components; WordPress itself, at the end, takes another half minute."""


@dataclass(frozen=True)
class Try:
    """One update on one WordPress, and what came of it."""

    component: str
    was: str
    version: str
    wordpress: str
    met: bool
    """The new version says that it runs on this WordPress: what it does not, no analyst recommends."""
    told: Told

    @property
    def step(self) -> tuple[str, str, str]:
        """The release, whatever it was tried on."""
        return self.component, self.was, self.version


def steps(of: list[Real]) -> list[tuple[Real, Real]]:
    """Each version to the next, and the whole way in one."""
    whole = [(of[0], of[-1])] if len(of) > 2 else []
    return [*pairwise(of), *whole]


def runs_on(component: Real, wordpress: str) -> bool:
    """Whether the component says that it runs there."""
    return versions.compare(component.requires, wordpress) <= 0


def say(line: str) -> None:
    """Progress goes to stderr, the table to stdout."""
    print(line, file=sys.stderr, flush=True)


def component_tries(benches: list[Bench], until: float) -> Iterator[Try]:
    """Everything on the list that time allows."""
    left_out = 0
    for of in sources.components():
        for old, new in steps(of):
            for bench in benches:
                wordpress = bench.site.version
                if not runs_on(old, wordpress):
                    continue
                if time.monotonic() > until:
                    left_out += 1
                    continue
                told = bench.try_component(old, new)
                yield Try(old.component, old.version, new.version, wordpress, runs_on(new, wordpress), told)
    if left_out:
        say(f"{left_out} tries were left out: their time was over")


def core_tries(benches: list[Bench]) -> Iterator[Try]:
    """WordPress itself, each to the next; the newest first, because a site stays what it became."""
    for bench, newer in reversed(list(pairwise(benches))):
        was, version = bench.site.version, newer.site.version
        yield Try("core", was, version, was, True, bench.try_core(version, core.tree(version.rpartition(".")[0]).path))


def control(bench: Bench, room: Path) -> Told:
    """A release that dies on load, made for it."""
    old = sources.real("plugin", packages.write_plugin(room / "1", "control", "1.0"), "control")
    new = sources.real("plugin", packages.write_plugin(room / "2", "control", "1.1", packages.BODIES[Kind.FATAL]), "control")
    return bench.try_component(old, new)


def table(tries: list[Try]) -> str:
    """What was seen, beside what is believed."""
    lines = [
        "| jump | components | steps | tries | passed | share | bound from these steps alone | prior | its mean | its bound |",
        f"|{'---|' * 10}",
    ]
    for size, (a, b) in PRIORS.items():
        mine = [one for one in tries if one.met and versions.size_of(one.component, one.was, one.version) is size]
        whole = {step: all(one.told.passed for one in mine if one.step == step) for step in {one.step for one in mine}}
        passed, good = sum(one.told.passed for one in mine), sum(whole.values())
        share = f"{passed / len(mine):.2f}" if mine else "none"
        alone = f"{lower_bound(1 + good, 1 + len(whole) - good):.4f}"
        counts = f"{len({one.component for one in mine})} | {len(whole)} | {len(mine)} | {passed}"
        lines.append(f"| {size.value} | {counts} | {share} | {alone} | ({a}, {b}) | {a / (a + b):.2f} | {lower_bound(a, b):.4f} |")
    return "\n".join(lines)


def failures(tries: list[Try]) -> str:
    """Each try that did not pass, and why; then what was tried against its own requirements."""
    lines = [f"not passed: {_line(one)}" for one in tries if one.met and not one.told.passed]
    lines += [f"passed, with something found: {_line(one)}" for one in tries if one.met and one.told.passed and one.told.why]
    beyond = [one for one in tries if not one.met]
    passed = sum(one.told.passed for one in beyond)
    lines.append(f"on a WordPress older than the release asks for, not in the table: {passed} of {len(beyond)} passed")
    return "\n".join([*lines, *(f"not passed: {_line(one)}" for one in beyond if not one.told.passed)])


def _line(one: Try) -> str:
    return f"{one.component} {one.was} to {one.version} on WordPress {one.wordpress}: {one.told.why}"


def main() -> int:
    """Run the list, print the table."""
    try:
        for of in sources.components(say):
            say(f"{of[0].component}: {', '.join(one.version for one in of)}")
        with Lab(report=say) as lab, UpdateServer.start() as updates, tempfile.TemporaryDirectory() as room:
            benches = [Bench.set_up(lab.site(f"w{n}", version), updates) for n, version in enumerate(reversed(core.VERSIONS))]
            started = time.monotonic()
            blind = []
            for number, bench in enumerate(benches):
                told = control(bench, Path(room) / str(number))
                say(f"a release that dies on load, on WordPress {bench.site.version}: {told.why}")
                blind += [bench.site.version] if told.passed else []
            tries = []
            for one in (*component_tries(benches, started + _SECONDS), *core_tries(benches)):
                tries.append(one)
            took = time.monotonic() - started
    except LabError as fault:
        say(str(fault))
        return 1
    print(table(tries))
    print(failures(tries))
    print(
        f"{len(tries)} updates in {took:.0f} s, PHP {benches[0].site.php_used.version}, WordPress {', '.join(bench.site.version for bench in benches)}"
    )
    if blind:
        say(f"a broken release passed on WordPress {', '.join(blind)}: nothing of the above counts")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
