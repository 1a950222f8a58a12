"""Nouns are frozen, states are closed, decisions are pure, and only the clock reads the clock.

Limits: a function that is pure by its imports may still be handed something that is not; what is handed in is seen where it is made.
"""

import ast
from collections.abc import Iterator

from tests.layout.imports import imported
from tests.layout.tree import Text, Tree

CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now", "datetime.datetime.utcnow", "date.today", "datetime.date.today",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime",
}  # fmt: skip
IMPURE_MODULES = (
    "asyncio",
    "io",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "sys",
    "tempfile",
    "threading",
    "time",
    "importlib.resources",
)
IMPURE_CALLS = {"open", "print", "input", "uuid4", "uuid.uuid4", "new_id", "ids.new_id", "SystemClock", "clock.SystemClock", "clock.now"}
MUTABLE_ENUMS = {"Enum", "IntEnum", "Flag", "IntFlag", "enum.Enum", "enum.IntEnum", "enum.Flag", "enum.IntFlag"}


def _is_pure_by_promise(file: Text) -> bool:
    parts = file.module.split(".")
    return parts[1:2] in (["policy"], ["actions"]) or parts[-1] == "model" or parts[1:] == ["gate", "permit"]


def _is_a_noun(file: Text) -> bool:
    return file.module.endswith(".model") or file.module in {"presswarden.gate.permit", "presswarden.approvals.consent"}


def impure_decisions_and_nouns(tree: Tree) -> list[str]:
    found = []
    for file in tree.product():
        if not _is_pure_by_promise(file) or file.module in {"presswarden.policy.store", "presswarden.actions.store"}:
            continue
        found += [
            f"{file.name} imports {name}" for name in imported(file) if any(name == m or name.startswith(m + ".") for m in IMPURE_MODULES)
        ]
        found += [f"{file.name}:{line} {call}()" for line, call in _calls(file) if call in IMPURE_CALLS | CLOCKS]
        found += [
            f"{file.name}:{node.lineno} is asynchronous"
            for node in ast.walk(file.syntax)
            if isinstance(node, ast.AsyncFunctionDef | ast.Await)
        ]
    return found


def clocks_read_outside_the_clock(tree: Tree) -> list[str]:
    return [
        f"{file.name}:{line} {call}()"
        for file in tree.product()
        if file.module != "presswarden.kernel.clock"
        for line, call in _calls(file)
        if call in CLOCKS
    ]


def settings_read_outside_processes(tree: Tree) -> list[str]:
    return [
        f"{file.name}:{node.lineno} {ast.unparse(node)}"
        for file in tree.product()
        if not file.module.startswith("presswarden.processes")
        for node in ast.walk(file.syntax)
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.environb", "os.getenv"})
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and {a.name for a in node.names} & {"environ", "environb", "getenv"})
    ]


def nouns_that_can_change(tree: Tree) -> list[str]:
    found = []
    for file in tree.product():
        if not _is_a_noun(file):
            continue
        for node in ast.walk(file.syntax):
            if not isinstance(node, ast.ClassDef):
                continue
            for decorator in node.decorator_list:
                name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
                if name in {"dataclass", "dataclasses.dataclass"} and "frozen=True" not in ast.unparse(decorator):
                    found.append(f"{file.name}:{node.lineno} {node.name} is not frozen")
            if any(ast.unparse(base) in MUTABLE_ENUMS for base in node.bases):
                found.append(f"{file.name}:{node.lineno} {node.name} is not a StrEnum")
    return found


def _calls(file: Text) -> Iterator[tuple[int, str]]:
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.lineno, ast.unparse(node.func)
