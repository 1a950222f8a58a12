"""`python -m bench.page [part ...]`: the figures of docs/figures.md, measured here and now. Without a word: all of them, about an hour.

Parts: sites-1, sites-10, sites-100, sites-300 (real WordPress sites; any number will do), heartbeats (10,000 simulated ones), page (what a page costs),
write (measure nothing). Each part is kept in bench/figures.json with its machine and how busy that was, and the page is written anew after each, so one part
can be measured again alone. Limits: loopback; wall times are this machine's, and whatever else it does makes them longer; CPU times hardly change with that.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import asking, many, simulated, site_costs, table
from bench.__main__ import databases
from lab.site import Lab

ROOT = Path(__file__).parents[1]
KEPT = Path(__file__).with_name("figures.json")
PAGE = ROOT / "docs" / "figures.md"
PARTS = ("page", "heartbeats", "sites-1", "sites-10", "sites-100", "sites-300")

Found = dict[str, Any]


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


def _sites(count: int, keep: Callable[[Found], None]) -> None:
    """What is measured is kept as it comes: a run that ends early has told what it had."""
    with many.paired(count, _say) as (rig, made):
        found: Found = {"count": count, "made": made}

        def add(name: str, values: Mapping[str, Any]) -> None:
            found[name] = values
            _say(f"{name}: {json.dumps(values)}")
            keep(found)

        add("heartbeat", many.heartbeats(rig))
        add("read", asyncio.run(asking.reading(rig)))
        if count >= 10:
            add("beside", asyncio.run(asking.reading_beside_bad_ones(rig)))
        for _ in range(2):
            add("record", many.recorded(rig))
            add("memory", rig.memory())
            if "update" not in found:
                add("update", asyncio.run(asking.updating(rig)))


def _heartbeats(keep: Callable[[Found], None]) -> None:
    found: Found = {}
    with databases("figures") as urls, tempfile.TemporaryDirectory() as folder:
        for name, url in urls.items():
            found[name] = simulated.run(url, Path(folder))
            _say(f"{name}: {json.dumps(found[name])}")
            keep(found)


def _page(keep: Callable[[Found], None]) -> None:
    with Lab() as lab:
        keep({"lines": [str(figure) for figure in site_costs.measure(lab, "sqlite")]})


def _measure(part: str) -> None:
    load, began = os.getloadavg()[0], time.monotonic()

    def keep(found: Found) -> None:
        everything = json.loads(KEPT.read_text()) if KEPT.exists() else {}
        everything[part] = {
            **found,
            "command": f"python -m bench.page {part}",
            "on": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
            "load": [round(load, 1), round(os.getloadavg()[0], 1)],
            "took": round(time.monotonic() - began),
        }
        KEPT.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")
        PAGE.write_text(table.page(everything))

    print(f"{part} (load {load:.1f})", flush=True)
    if part.startswith("sites-"):
        _sites(int(part.removeprefix("sites-")), keep)
    else:
        {"heartbeats": _heartbeats, "page": _page}[part](keep)


def main() -> int:
    named = sys.argv[1:] or list(PARTS)
    if unknown := [part for part in named if part not in (*PARTS, "write") and not part.removeprefix("sites-").isdigit()]:
        print(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}, write", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with it
    for part in named:
        if part != "write":
            _measure(part)
    PAGE.write_text(table.page(json.loads(KEPT.read_text())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
