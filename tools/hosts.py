"""Writes the table of docs/guide/hosts.md from the rows that a story shows on a real site. Limits: the words around the table are people's."""

import argparse
import sys
from pathlib import Path

from tests.stories.hosts import ROWS

PAGE = Path(__file__).parents[1] / "docs/guide/hosts.md"
BEGIN, END = "<!-- made by `make docs` from tests/stories/hosts.py -->", "<!-- end of what is made -->"


def table() -> str:
    rows = [f"| {row.manner.value} | {f'`{row.code}`' if row.code else 'works'} | {row.does} |" for row in ROWS if row.does]
    return "\n".join([BEGIN, "| the host | you see | what to do |", "|---|---|---|", *rows, END])


def page(text: str) -> str:
    """The page with the table as it is now. Raises `ValueError` for a page without the place for it."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError("docs/guide/hosts.md has no place for its table")
    return before + table() + after


def stale() -> str:
    """What is wrong with the page; '' when nothing is."""
    text = PAGE.read_text()
    return "" if page(text) == text else "docs/guide/hosts.md is stale: run `make docs` and commit it."


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools.hosts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is stale")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page(PAGE.read_text()))
        return 0
    problem = stale()
    if problem:
        print(problem, file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
