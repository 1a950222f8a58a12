"""Writes docs/reference/metrics.md from the table of `processes/standing.py`. Limits: what the metrics library counts by itself is named, not explained."""

import argparse
import sys
from pathlib import Path

from presswarden.processes.standing import LOADS, METRICS

PAGE = Path(__file__).parents[1] / "docs/reference/metrics.md"


def page() -> str:
    """The page's text."""
    return "\n".join(
        [
            "# Health and metrics",
            "",
            "Made by `make docs` from `src/presswarden/processes/standing.py`.",
            "",
            "Each process can be watched where `PRESSWARDEN_WATCH_LISTEN` (or `watch_listen` in `settings.toml`) says: an address of this machine's loopback,",
            "such as `127.0.0.1:9100`, another one for each process; nowhere, unless set. Of organisations and sites it tells sums alone, and no name.",
            "",
            "| path | answers |",
            "|---|---|",
            "| `/healthz` | 200 `ok` as long as the process runs |",
            "| `/readyz` | 200 `ok` when it can work; else 503 and why: `database.gone`, `database.schema`, `process.stopping` |",
            "| `/metrics` | numbers in Prometheus' text format |",
            "",
            "| metric | says |",
            "|---|---|",
            *(f"| `{name}` | {says} |" for name, says in METRICS.items()),
            *(f"| `{name}` | {says} Told by the janitor, and by `serve`. |" for name, says in LOADS.items()),
            "| `process_*`, `python_*` | memory, processor time, open files, garbage collections: what the metrics library counts by itself |",
            "",
            "With `PRESSWARDEN_LOG_FORMAT=json` the log on standard error is one JSON object a line: `at`, `level`, `logger`, `event`, and, where a",
            "line belongs to one, `org`, `correlation` (the one in the record) and `call`; `exception` is a traceback without the values of variables.",
            "",
            "The process that faces the internet also answers `/healthz` on its own address: 200 when its database answers, else 503.",
            "Every process ends by itself on SIGTERM or SIGINT: it takes nothing new, lets what is open come to its end within bounds, and exits with 0.",
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools.metrics", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is stale")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page())
    elif not PAGE.is_file() or PAGE.read_text() != page():
        print("docs/reference/metrics.md is stale: run `make docs` and commit it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
