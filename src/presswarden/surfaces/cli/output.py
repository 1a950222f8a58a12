"""Plain text and JSON for people and scripts. Everything that came from outside goes through `shown`, so that no terminal obeys it.

Limits: one JSON document on standard output with `--json`; problems go to standard error.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from presswarden.kernel.canonical import Json
from presswarden.kernel.errors import PresswardenError
from presswarden.telemetry.model import shown


def problem(fault: PresswardenError, *, as_json: bool) -> str:
    if as_json:
        return document({"code": fault.code, "says": fault.says, "where": fault.where, "do": fault.do, **fault.extra})
    lines = [f"Error: {shown(fault.says)}"]
    if fault.where:
        lines.append(f"Where: {shown(fault.where)}")
    if fault.do:
        lines.append(f"Next:  {shown(fault.do)}")
    return "\n".join([*lines, f"Code:  {fault.code}"])


def document(value: Json) -> str:
    return json.dumps(value, ensure_ascii=True, indent=2, sort_keys=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their longest cell, two spaces apart; every cell made harmless."""
    cells = [list(heads), *[[shown(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)


def pairs(rows: Mapping[str, str]) -> str:
    """One `name  value` a line."""
    width = max((len(name) for name in rows), default=0)
    return "\n".join(f"{name.ljust(width)}  {shown(value)}".rstrip() for name, value in rows.items())


def age(of: datetime | None, now: datetime) -> str:
    """How old, in the largest unit that fits: `4 s`, `12 min`, `3 h`, `9 d`; `never` for None."""
    if of is None:
        return "never"
    past = max(now - of, timedelta())
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        if past.total_seconds() >= seconds:
            return f"{int(past.total_seconds() // seconds)} {unit} ago"
    return f"{int(past.total_seconds())} s ago"


def moment(at: datetime | None) -> str:
    return "never" if at is None else at.strftime("%Y-%m-%d %H:%M:%S UTC")
