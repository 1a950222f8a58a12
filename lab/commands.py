"""Runs one outside program to its end, with a time limit, and turns its failure into a LabError.

Servers are not started here but in `lab.server`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError


@dataclass(frozen=True)
class Ran:
    """How a program ended. Unpacks as (exit code, stdout)."""

    code: int
    stdout: str
    stderr: str

    def __iter__(self) -> Iterator[Any]:
        """Exit code and stdout, which have no common type."""
        return iter((self.code, self.stdout))


def last_words(text: str, lines: int = 4) -> str:
    """The end of a program's output, short enough for an error."""
    kept = [line.strip()[:300] for line in text.splitlines() if line.strip()]
    return " | ".join(kept[-lines:]) or "it said nothing"


def attempt(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    seconds: float = 300,
) -> Ran:
    """Run to the end and tell how it went. A missing program is exit code 127."""
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd,
            env=dict(os.environ, **(env or {})),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as missing:
        return Ran(127, "", f"{missing.filename}: no such program")
    except subprocess.TimeoutExpired:
        return Ran(124, "", f"no end after {seconds:.0f} s")
    return Ran(done.returncode, done.stdout, done.stderr)


def run(
    argv: Sequence[str | Path],
    *,
    what: str,
    do: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 300,
) -> str:
    """Run to the end and return what it printed; anything but exit code 0 is a LabError."""
    ran = attempt(argv, cwd=cwd, env=env, seconds=seconds)
    if ran.code != 0:
        raise LabError(what, f"exit code {ran.code}: {last_words(ran.stderr or ran.stdout)}", do)
    return ran.stdout
