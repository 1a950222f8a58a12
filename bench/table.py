"""docs/figures.md from what was measured: tables alone, nothing is computed here but units. Limits: a part that was not measured has no row and is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Kept = Mapping[str, Any]

_TOP = """# Figures

Made by `make figures` (`python -m bench.page`), from [bench/](../bench/); each part alone by the command beside it. Ratios with bars are `make bench`.

Real sites are WordPress 7.1 with the connector, each with its own database, keys and state; they share one machine with the control plane (`presswarden serve`,
SQLite), the package server and the counters on the wire, so **times are upper bounds, and whatever else the machine did is in them** ("load" says how much:
at 2 all cores were busy). CPU times and bytes are the steady figures.
"""
_BYTES = """
Bytes are all that passed on TCP, HTTP's own lines and headers too; "said" are the messages alone. A heartbeat of an unchanged site carries no inventory; it
gives back the newest signed checkpoint, and its answer brings the standing order: both are most of it.
"""


def page(kept: Kept) -> str:
    runs = sorted((one for name, one in kept.items() if name.startswith("sites-")), key=lambda one: one["count"])
    parts = [_TOP, "## Real sites\n", _runs(runs)]
    parts += ["### A heartbeat of every site, nothing changed\n", _heartbeats(runs), _BYTES]
    parts += ['### Every site is asked (signed read of its inventory, as "Check now" does)\n', _reads(runs)]
    parts += ["### The same with one site hanging and one dying\n", _beside(runs)]
    parts += ["### Every site's plugin is updated\n", _TOLD, _updates(runs)]
    parts += ["### The record, and memory\n", _records(runs)]
    if missing := _missing(kept, runs):
        parts.append(f"Not measured yet: {', '.join(missing)}.\n")
    if "heartbeats" in kept:
        parts += ["## 10,000 simulated heartbeats\n", _simulated(kept["heartbeats"])]
    if "page" in kept:
        parts += ["## On the site\n", _on_the_site(kept["page"])]
    return "\n".join(parts).rstrip() + "\n"


_TOLD = """Planned, approved by its owner, snapshotted, verified, updated from a hashed package, looked at three times (in one second instead of a minute) and
closed; a workflow for each, fifty at once. Bytes are those between control plane and sites; the package and the site's own calls are not in them.
"""


def _missing(kept: Kept, runs: Sequence[Kept]) -> list[str]:
    asked = {1: ("heartbeat", "read", "update", "record")} | dict.fromkeys(
        (10, 100, 300), ("heartbeat", "read", "beside", "update", "record")
    )
    have = {one["count"]: one for one in runs}
    found = [f"{name} of {count} sites" for count, names in asked.items() for name in names if name not in have.get(count, {})]
    found += [f"10,000 heartbeats on {name}" for name in ("sqlite", "postgresql") if name not in kept.get("heartbeats", {})]
    return found + ["page"] * ("page" not in kept)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _runs(runs: Sequence[Kept]) -> str:
    head = ("sites", "made in", "paired in", "load", "measured", "command")
    return _rows(
        head,
        [
            (f"{one['count']}", _s(one["made"]["founded"]), _s(one["made"]["paired"]), " to ".join(map(str, one["load"])),
             f"{one['on']}, {one['machine']}", f"`{one['command']}`")
            for one in runs
        ],
    )  # fmt: skip


def _heartbeats(runs: Sequence[Kept]) -> str:
    head = ("sites", "all, wall", "control plane, CPU each", "site, CPU each", "there", "back", "said there", "said back")
    return _rows(
        head,
        [
            (f"{one['count']}", _s(beat["seconds"]), _ms(beat["control_cpu_ms"]), _ms(beat["php_cpu_ms"]), _b(beat["there"]), _b(beat["back"]),
             _b(beat["said_there"]), _b(beat["said_back"]))
            for one in runs if (beat := one.get("heartbeat"))
        ],
    )  # fmt: skip


def _reads(runs: Sequence[Kept]) -> str:
    head = ("sites", "all, wall", "half answered after", "95 % after", "control plane, CPU each", "site, CPU each", "there", "back")
    return _rows(
        head,
        [
            (f"{one['count']}", _s(read["seconds"]), _s(read["p50"]), _s(read["p95"]), _ms(read["control_cpu_ms"]), _ms(read["php_cpu_ms"]),
             _b(read["there"]), _b(read["back"]))
            for one in runs if (read := one.get("read"))
        ],
    )  # fmt: skip


def _beside(runs: Sequence[Kept]) -> str:
    head = ("sites", "all others answered", "others, wall", "half after", "95 % after", "the hanging one", "the dying one")
    return _rows(
        head,
        [
            (f"{one['count']}", f"{found['sites']:.0f} of {one['count'] - 2}", _s(found["seconds"]), _s(found["p50"]), _s(found["p95"]),
             found["hanging"], found["dying"])
            for one in runs if (found := one.get("beside"))
        ],
    )  # fmt: skip


def _updates(runs: Sequence[Kept]) -> str:
    head = ("sites", "succeeded", "all, wall", "control plane, CPU each", "site, CPU each", "requests each", "bytes each")
    return _rows(
        head,
        [
            (f"{one['count']}", f"{found['succeeded']:.0f} of {one['count']}", _s(found["seconds"]), _ms(found["control_cpu_ms"]), _ms(found["php_cpu_ms"]),
             f"{found['requests']:.0f}", f"{found['kb']:.0f} KB")
            for one in runs if (found := one.get("update"))
        ],
    )  # fmt: skip


def _records(runs: Sequence[Kept]) -> str:
    head = (
        "sites",
        "entries by then",
        "all placed after",
        "`audit verify`",
        "database",
        "`presswarden serve` now",
        "at its most",
        "PHP, 10 workers",
    )
    return _rows(head, [(f"{one['count']}", *_record(one.get("record")), *_memory(one.get("memory"))) for one in runs])


def _record(found: Kept | None) -> tuple[str, ...]:
    if found is None:
        return ("-",) * 4
    return f"{found['entries']:,.0f}", _s(found["placed_after"]), _s(found["verify_seconds"]), f"{found['database_mb']:.1f} MB"


def _memory(found: Kept | None) -> tuple[str, ...]:
    return ("-",) * 3 if found is None else tuple(f"{found[name]:.0f} MB" for name in ("control", "control_most", "php"))


def _simulated(kept: Kept) -> str:
    head = ("database", "sites", "heartbeats", "wall", "rate", "CPU each", "p50", "p99", "placed in the record", "memory at its most")
    rows = [
        (name, f"{one['sites']:,}", f"{one['heartbeats']:,}", _s(one["seconds"]), f"{one['rate']:.0f}/s", _ms(one["cpu_ms"]), _ms(one["p50_ms"]),
         _ms(one["p99_ms"]), f"{one['placed']:,} entries in {_s(one['placed_in'])}", f"{one['memory_mb']:.0f} MB")
        for name in ("sqlite", "postgresql") if (one := kept.get(name))
    ]  # fmt: skip
    told = "Real signatures, no WordPress and no network; sixteen under way at once, in one process with the senders. The record takes heartbeats in batches.\n"
    return f"{told}\n{_rows(head, rows)}\n{_by(kept)}"


def _on_the_site(kept: Kept) -> str:
    return "\n".join(f"- {line}" for line in kept["lines"]) + f"\n\n{_by(kept)}"


def _by(kept: Kept) -> str:
    return f"`{kept['command']}`: {kept['on']}, {kept['machine']}, load {' to '.join(map(str, kept['load']))}.\n"


def _s(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms"


def _b(count: float) -> str:
    return f"{count:,.0f} B"
