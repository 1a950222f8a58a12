"""An answer: one sentence, and the numbers it rests on. Limits: values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One thing the answer rests on. `href`: the page that shows it, of the console; empty for none."""

    label: str
    value: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    says: str
    points: tuple[Point, ...]
    more: tuple[str, ...] = ()
    """Each as one line of a list."""
