"""Which tables each process's code can reach and with which verb, read from the syntax: what `deploy/grants.sql` must therefore give it.

A function reaches what it names: other functions, by import or as methods of classes that it names, and mapped rows. It writes by `insert(Row)`, `update(Row)`,
`delete(Row)`, `Row(...)`, by locks and by setting a row's attributes. Limits: a call through a value whose class is not named near it is not followed.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
_VERBS = {"update": "c", "delete": "d"}

Key = tuple[str, str]
"""A module and a name in it."""


@dataclass
class Reached:
    names: set[Key] = field(default_factory=set)
    tables: set[tuple[str, str]] = field(default_factory=set)


class Code:
    """All of the product's modules."""

    def __init__(self) -> None:
        self.modules = {_name(path): ast.parse(path.read_text()) for path in SOURCE.rglob("*.py") if "versions" not in path.parts}
        self.nodes: dict[Key, ast.AST] = {}
        self.classes: dict[Key, set[Key]] = {}
        """With their methods."""
        self._known: dict[Key, Reached] = {}
        self.rows: dict[Key, str] = {}
        for module, tree in self.modules.items():
            for part in tree.body:
                self._note(module, part)

    def _note(self, module: str, part: ast.stmt) -> None:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            self.nodes[module, part.name] = part
        elif isinstance(part, ast.ClassDef):
            methods = self.classes[module, part.name] = set()
            for inner in part.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.nodes[module, f"{part.name}.{inner.name}"] = inner
                    methods.add((module, f"{part.name}.{inner.name}"))
                elif isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name) and inner.targets[0].id == "__tablename__":
                    self.rows[module, part.name] = str(ast.literal_eval(inner.value))
        elif isinstance(part, ast.Assign | ast.AnnAssign):
            for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        self.nodes[module, name.id] = part

    @cached_property
    def imports(self) -> dict[str, dict[str, Key]]:
        """What a name in a module stands for: a module (with an empty second half), or a name in one."""
        found: dict[str, dict[str, Key]] = {module: {} for module in self.modules}
        for module, tree in self.modules.items():
            for part in ast.walk(tree):
                if isinstance(part, ast.ImportFrom) and part.module:
                    for one in part.names:
                        whole = f"{part.module}.{one.name}"
                        found[module][one.asname or one.name] = (whole, "") if whole in self.modules else (part.module, one.name)
        return found

    def resolve(self, module: str, name: str) -> Key | None:
        here = (module, name)
        if here in self.nodes or here in self.classes:
            return here
        there = self.imports.get(module, {}).get(name)
        return there if there is None or not there[1] else self.resolve(*there)

    def tables(self, starts: Sequence[str]) -> set[tuple[str, str]]:
        """Every table and letter that code of the modules whose names start so can come to."""
        waiting = [key for key in self.nodes if any(key[0] == start or key[0].startswith(f"{start}.") for start in starts)]
        seen: set[Key] = set()
        found: set[tuple[str, str]] = set()
        while waiting:
            key = waiting.pop()
            if key not in seen:
                seen.add(key)
                reached = self._known.get(key) or self._known.setdefault(key, self._reached(key))
                found |= reached.tables
                waiting += reached.names
        return found

    def _reached(self, key: Key) -> Reached:
        module, own = key
        found = Reached()
        changes = False
        for part in ast.walk(self.nodes[key]):
            if isinstance(part, ast.Name):
                self._named(self.resolve(module, part.id), found)
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                whose = self.resolve(module, part.value.id)
                if part.value.id == "self" and "." in own:
                    self._named((module, f"{own.partition('.')[0]}.{part.attr}"), found)
                elif whose is not None and not whose[1]:
                    self._named(self.resolve(whose[0], part.attr), found)
                changes |= isinstance(part.ctx, ast.Store) and part.value.id != "self"
            elif isinstance(part, ast.Call):
                found.tables |= {(table, letter) for table, letter in self._written(module, part)}
                changes |= isinstance(part.func, ast.Attribute) and part.func.attr in ("with_for_update", "on_conflict_do_update")
        if changes:
            found.tables |= {(table, "c") for table, letter in found.tables if letter == "r"}
        return found

    def _named(self, key: Key | None, found: Reached) -> None:
        if key in self.rows:
            found.tables.add((self.rows[key], "r"))
        elif key in self.classes:
            found.names |= self.classes[key]
        elif key in self.nodes:
            found.names.add(key)

    def _written(self, module: str, call: ast.Call) -> Iterator[tuple[str, str]]:
        name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else "insert"
        made = self.resolve(module, name) if isinstance(call.func, ast.Name) else None
        if made in self.rows:
            yield self.rows[made], "a"
        if name in _VERBS or "insert" in name:
            for part in (inner for argument in call.args for inner in ast.walk(argument)):
                row = self.resolve(module, part.id) if isinstance(part, ast.Name) else None
                if row in self.rows:
                    yield self.rows[row], _VERBS.get(name, "a")


def _name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
