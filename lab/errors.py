"""The one error of the lab: what failed, why, and what a person can do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class LabError(Exception):
    """Every failing step of the lab says these three things and nothing else."""

    what: str
    why: str
    do: str

    def __str__(self) -> str:
        return f"{self.what}\n  why: {self.why}\n  do:  {self.do}"
