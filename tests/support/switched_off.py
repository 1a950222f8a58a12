"""A module of ours with one of its refusals switched off, in a copy: what proves that the refusal is needed.

A refusal is an `if` that ends in a raise; it is named by its function, what it raises, and its place among those. Limits: refusals of that form alone.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def refusals(module: ModuleType) -> list[str]:
    """The names of all of them."""
    return [name for name, _ in _found(_parsed(module))]


def without(module: ModuleType, refusal: str) -> ModuleType:
    """A copy in which this one never refuses. Raises `LookupError`."""
    tree = _parsed(module)
    node = dict(_found(tree)).get(refusal)
    if node is None:
        raise LookupError(f"no refusal {refusal} in {module.__name__}")
    node.body = [ast.copy_location(ast.Pass(), node.body[0])]
    copy = ModuleType(module.__name__)
    copy.__dict__.update({"__file__": module.__file__, "__name__": module.__name__})
    exec(compile(ast.fix_missing_locations(tree), str(module.__file__), "exec"), copy.__dict__)
    return copy


def _parsed(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text())


def _found(tree: ast.Module) -> Iterator[tuple[str, ast.If]]:
    seen: Counter[str] = Counter()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in _own(function):
            last = node.body[-1] if isinstance(node, ast.If) else None
            if isinstance(node, ast.If) and isinstance(last, ast.Raise):
                raised = last.exc
                kind = ast.unparse(raised.func) if isinstance(raised, ast.Call) else "again"
                seen[f"{function.name} {kind}"] += 1
                number = seen[f"{function.name} {kind}"]
                yield f"{function.name} {kind}" + (f" {number}" if number > 1 else ""), node


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function itself, in order, and not in one inside it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from _own(node)
