"""A named filter. Limits: its `query` is what an address says after `?`; whoever reads it takes what it understands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    id: str
    name: str
    query: str
