"""Writes docs/requirements.md: every requirement, its state, and the tests that cite it.

Tests cite with `@pytest.mark.req("W1", "P3")` and `@group req-W1` (PHPUnit). Limits: a citation says that a test is about a row, not that it is enough;
"done" is therefore said by people, in docs/requirements.toml, and refused here for a row that no test cites.
"""

import argparse
import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).parents[1]


class State(StrEnum):
    OPEN = "open"
    PARTLY = "partly"
    DONE = "done"


@dataclass(frozen=True)
class Row:
    ids: tuple[str, ...]
    section: str
    line: str


@dataclass(frozen=True)
class Citation:
    id: str
    file: str
    test: str


def rows(root: Path) -> tuple[list[Row], set[str]]:
    """All rows, and the ids that people call done."""
    table = tomllib.loads((root / "docs/requirements.toml").read_text())
    return [Row(tuple(row["ids"]), row["section"], row["line"]) for row in table["row"]], set(table["done"])


def citations(root: Path) -> list[Citation]:
    found = [
        Citation(*cited) for path in sorted((root / "tests").rglob("*.py")) for cited in _in_python(path, path.relative_to(root).as_posix())
    ]
    found += [
        Citation(*cited)
        for path in sorted((root / "connector/tests").rglob("*.php"))
        for cited in _in_php(path, path.relative_to(root).as_posix())
    ]
    return found


def _in_python(path: Path, name: str) -> Iterator[tuple[str, str, str]]:
    syntax = ast.parse(path.read_text())
    for part in syntax.body:
        if isinstance(part, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in part.targets):
            yield from ((cited, name, "") for cited in _ids(part.value))
    for node in ast.walk(syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from ((cited, name, node.name) for decorator in node.decorator_list for cited in _ids(decorator))


def _ids(marks: ast.expr) -> Iterator[str]:
    for node in ast.walk(marks):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.req"):
            for given in node.args:
                if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
                    raise ValueError(f"requirement ids are written out, not computed: {ast.unparse(node)}")
                yield given.value


def _in_php(path: Path, name: str) -> Iterator[tuple[str, str, str]]:
    for comment, owner in re.findall(
        r"(/\*\*(?:(?!\*/).)*\*/)\s*(?:final |public |static |abstract )*(?:function|class) (\w+)", path.read_text(), re.DOTALL
    ):
        yield from ((cited, name, owner) for cited in re.findall(r"@group\s+req-(\w+)", comment))


def state(row: Row, done: set[str], cited: list[Citation]) -> State:
    if not cited:
        return State.OPEN
    return State.DONE if set(row.ids) <= done else State.PARTLY


def page(root: Path) -> str:
    """The text of docs/requirements.md. Raises `ValueError` for a citation of an unknown row and for a row called done that no test cites."""
    table, done = rows(root)
    cited = citations(root)
    known = {id_ for row in table for id_ in row.ids}
    problems = [f"{c.file} cites {c.id}, which is no requirement" for c in cited if c.id not in known]
    problems += [f"{id_} is called done and is no requirement" for id_ in sorted(done - known)]
    by_row = {row: [c for c in cited if c.id in row.ids] for row in table}
    problems += [f"{'/'.join(row.ids)} is called done and no test cites it" for row in table if set(row.ids) & done and not by_row[row]]
    if problems:
        raise ValueError("\n".join(problems))
    states = {row: state(row, done, by_row[row]) for row in table}
    counts = Counter(states.values())
    lines = [
        "# Requirements",
        "",
        "Made by `make docs` from docs/requirements.toml and from what the tests cite. A line names its requirement; the whole row must be shown.",
        "`open`: no test cites it. `partly`: tests cite it. `done`: people say so and tests cite it.",
        "",
        ", ".join(f"{counts[s]} {s}" for s in State) + f", {len(table)} in all.",
    ]
    section = ""
    for row in table:
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", "", "| id | requirement | state | tests |", "|---|---|---|---|"]
        line = row.line.replace("|", "\\|")
        lines.append(f"| {' '.join(row.ids)} | {line} | {states[row]} | {_tests(by_row[row])} |")
    return "\n".join(lines) + "\n"


def _tests(cited: list[Citation]) -> str:
    files = Counter(file for file, _ in sorted({(c.file, c.test) for c in cited}))
    return ", ".join(f"`{file}` ({number})" for file, number in files.items())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools.requirements", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the page is stale")
    check = parser.parse_args(arguments).check
    target = ROOT / "docs/requirements.md"
    try:
        text = page(ROOT)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    if not check:
        target.write_text(text)
    elif not target.is_file() or target.read_text() != text:
        print("docs/requirements.md is stale: run `make docs` and commit it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
