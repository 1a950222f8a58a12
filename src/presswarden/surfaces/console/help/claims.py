"""What `/safety` shows: docs/safety.md as it stands in the package, read once. Limits: reads the few forms that page is written in, and no others.

A form that it does not know stops the start: a promise must not go missing from the page without anybody seeing it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

_INLINE: Final = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")

Parts = tuple[tuple[str, str], ...]
"""Pieces of a sentence: `text`, `code` or `strong`, and the words."""


@dataclass(frozen=True, slots=True)
class Claim:
    claim: Parts
    rule: Parts
    limit: Parts


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    level: int
    claims: tuple[Claim, ...]
    paragraphs: tuple[Parts, ...]


@dataclass(frozen=True, slots=True)
class Safety:
    opening: Parts
    sections: tuple[Section, ...]


def safety() -> Safety:
    inside = resources.files("presswarden") / "docs" / "safety.md"
    text = (
        inside.read_text(encoding="utf-8")
        if inside.is_file()
        else (Path(__file__).parents[5] / "docs" / "safety.md").read_text(encoding="utf-8")
    )
    return read(text)


def read(text: str) -> Safety:
    """Raises `ValueError` for a line that is none of: heading, row of a claim, paragraph."""
    head, *rest = re.split(r"(?m)^(?=#{2,3} )", text)
    opening = " ".join(next((part for part in head.split("\n\n") if part.strip() and not part.startswith("#")), "").split())
    return Safety(_parts(opening), tuple(_section(block) for block in rest))


def _section(block: str) -> Section:
    heading, *lines = block.splitlines()
    marks, _, title = heading.partition(" ")
    claims = tuple(_claims(line for line in lines if line.startswith("|")))
    paragraphs = "\n".join(line for line in lines if not line.startswith("|")).split("\n\n")
    return Section(title, len(marks), claims, tuple(_parts(" ".join(each.split())) for each in paragraphs if each.strip()))


def _claims(rows: Iterator[str]) -> Iterator[Claim]:
    wanted = 0
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        if number < 2:
            wanted = len(cells)
            continue
        if len(cells) != wanted or wanted < 4:
            raise ValueError(f"a claim has a rule, a limit and a proof: {row}")
        yield Claim(*(_parts(cell) for cell in cells[:3]))


def _parts(text: str) -> Parts:
    found: list[tuple[str, str]] = []
    at = 0
    for match in _INLINE.finditer(text):
        found += [("text", text[at : match.start()]), ("code", match[1]) if match[1] else ("strong", match[2])]
        at = match.end()
    return tuple(part for part in (*found, ("text", text[at:])) if part[1])
