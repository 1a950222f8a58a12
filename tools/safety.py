"""Writes docs/safety.md and docs/reference/attacks.md: what is promised, what is attacked, and the tests of both, as they stand in the tree.

The words stand in docs/safety.toml and docs/attacks.toml, the state is read from the tests that they name. In `tests/claims` a test that takes `attack` is an
attack; of the others one whose name tells what is left out is the proof that the check is needed, and the rest are honest twins. Limits: that a test is a
fair one is for its reader; a proof that is a target of make is named and not looked into.
"""

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLAIMS = "tests/claims"
_LEFT_OUT = re.compile(r"test_(without|with|if|by|ids|each|before)_")
_NEEDED = re.compile(r"_is_needed\.py$")


class Kind(StrEnum):
    ATTACK = "attack"
    TWIN = "twin"
    NEED = "need"


class State(StrEnum):
    OPEN = "open"
    HELD = "held"
    NEEDED = "held and needed"


@dataclass(frozen=True)
class Test:
    file: str
    name: str
    kind: Kind


class Tree:
    """The tests of a repository, and what of them a text names."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cache  # noqa: B019 - lives as long as the program
    def tests(self, file: str) -> tuple[Test, ...]:
        syntax = ast.parse((self.root / file).read_text())
        found = [node for node in ast.walk(syntax) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return tuple(Test(file, node.name, _kind(file, node)) for node in found if node.name.startswith("test_"))

    def named(self, proof: str) -> list[Test]:
        """The tests of a proof. Raises `ValueError` where there is none: a promise must not outlive its proof."""
        if proof.startswith("make "):
            return []
        where, _, name = proof.partition("::")
        at = self.root / where
        files = sorted(at.rglob("test_*.py")) if at.is_dir() else sorted(path for path in self.root.glob(where) if path.suffix == ".py")
        found = [test for path in files for test in self.tests(path.relative_to(self.root).as_posix()) if name in ("", test.name)]
        if not found:
            raise ValueError(f"no test is named by {proof}")
        return found

    def all_named(self, proofs: Iterable[str]) -> list[Test]:
        return [test for proof in proofs for test in self.named(proof)]


def _kind(file: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Kind:
    if _NEEDED.search(file):
        return Kind.NEED
    if any(each.arg == "attack" for each in node.args.args) or not file.startswith(CLAIMS):
        return Kind.ATTACK
    return Kind.NEED if _LEFT_OUT.match(node.name) else Kind.TWIN


def state(proofs: Sequence[str], tests: Sequence[Test]) -> State:
    if not proofs:
        return State.OPEN
    return State.NEEDED if any(test.kind is Kind.NEED for test in tests) else State.HELD


def safety(root: Path) -> str:
    """The text of docs/safety.md. Raises `ValueError` for a proof that is not there and for an attack that no promise names."""
    told, tree = tomllib.loads((root / "docs/safety.toml").read_text()), Tree(root)
    lines = ["# Safety: claim, rule, limit, proof, state", "", told["opening"].strip(), ""]
    lines += [
        "Made by `make docs` from docs/safety.toml and the tests. `held`: its proof tries to break it. `held and needed`: with its rule switched off,"
    ]
    lines += [
        "what is tried comes through. `open`: not in place. [What is attacked, and where](reference/attacks.md) lists it from the other side."
    ]
    named: set[str] = set()
    for section in told["section"]:
        lines += ["", f"{'#' * section.get('level', 2)} {section['title']}"]
        claims = section.get("claim", [])
        lines += ["| claim | rule | limit | proof | state |", "|---|---|---|---|---|"] if claims else []
        for claim in claims:
            tests = tree.all_named(claim["proof"])
            named |= {test.file for test in tests}
            cells = (claim["claim"], claim["rule"], claim["limit"], _commands(claim["proof"]), state(claim["proof"], tests).value)
            lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
        if text := section.get("text", "").strip():
            lines += ["", text] if claims else [text]
    unnamed = {path.relative_to(root).as_posix() for path in (root / CLAIMS).glob("test_*.py")} - named
    if unnamed:
        raise ValueError(f"no promise of docs/safety.toml names {', '.join(sorted(unnamed))}")
    return "\n".join(lines) + "\n"


def _commands(proofs: Sequence[str]) -> str:
    tests = [proof for proof in proofs if not proof.startswith("make ")]
    made = [f"`pytest {' '.join(tests)}`"] if tests else []
    return ", ".join(made + [f"`{proof}`" for proof in proofs if proof.startswith("make ")])


def attacks(root: Path) -> str:
    """The text of docs/reference/attacks.md. Raises `ValueError` for a line without a test, and for a proof that is not there."""
    told, tree = tomllib.loads((root / "docs/attacks.toml").read_text()), Tree(root)
    lines = ["# What is attacked, and where", "", told["opening"].strip(), ""]
    lines.append(
        "Made by `make docs` from docs/attacks.toml and the tests. `twin`: an honest case beside it still passes. `needed`: with its check switched off,"
    )
    lines.append("what is tried comes through.")
    for each in told["list"]:
        rows = []
        for item in each["item"]:
            if not item["tests"]:
                raise ValueError(f"{each['title']}: nothing tries «{item['what']}»")
            rows.append((str(item.get("id", "")), item["what"], _places(item["tests"]), _also(tree.all_named(item["tests"]))))
        lines += ["", f"## {each['title']}", "", *([each["text"].strip(), ""] if "text" in each else [])]
        lines += ["| | what is tried | tests | |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _places(proofs: Sequence[str]) -> str:
    return ", ".join(f"`{proof.removeprefix('tests/')}`" for proof in proofs)


def _also(tests: Iterable[Test]) -> str:
    kinds = {test.kind for test in tests}
    return ", ".join(word for kind, word in ((Kind.TWIN, "twin"), (Kind.NEED, "needed")) if kind in kinds)


def numbered(root: Path) -> Mapping[int, frozenset[Kind]]:
    """The numbered attacks, each with the kinds of its tests."""
    told, tree = tomllib.loads((root / "docs/attacks.toml").read_text()), Tree(root)
    items = [item for each in told["list"] for item in each["item"] if isinstance(item.get("id"), int)]
    return {item["id"]: frozenset(test.kind for test in tree.all_named(item["tests"])) for item in items}


PAGES = {"docs/safety.md": safety, "docs/reference/attacks.md": attacks}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools.safety", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    check = parser.parse_args(arguments).check
    for name, page in PAGES.items():
        target = ROOT / name
        try:
            text = page(ROOT)
        except ValueError as problem:
            print(problem, file=sys.stderr)
            return 1
        if not check:
            target.write_text(text)
        elif not target.is_file() or target.read_text() != text:
            print(f"{name} is stale: run `make docs` and commit it.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
