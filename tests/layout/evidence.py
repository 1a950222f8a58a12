"""Proof is passed as a value: permits, ports, organisations, transactions.

Limits: read from the syntax. A value smuggled through `Any` is mypy's business; a statement that forgets its organisation is also the session's.
"""

import ast
from collections.abc import Iterator

from tests.layout.tree import Text, Tree

Function = ast.FunctionDef | ast.AsyncFunctionDef
CHANGERS = {"replace", "dataclasses.replace", "copy.replace", "object.__setattr__"}
# The dispatcher is an edge as a flow is: each of its steps is a transaction of its own, around one sending.
EDGE = (
    "presswarden.surfaces",
    "presswarden.processes",
    "presswarden.flows",
    "presswarden.dispatch.service",
    "presswarden.dispatch.looking",
    "presswarden.dispatch.sending",
)


def permits_minted_outside_the_gate(tree: Tree) -> list[str]:
    """Outside the gate, `Permit` stands in annotations, in `isinstance` and in `case` alone: whoever calls, hands on or renames the class could make one."""
    found = []
    for file in tree.product():
        if file.module.startswith("presswarden.gate."):
            continue
        names = {"Permit"} | {
            a.asname
            for node in ast.walk(file.syntax)
            if isinstance(node, ast.ImportFrom)
            for a in node.names
            if a.name == "Permit" and a.asname
        }
        harmless = {id(part) for allowed in _where_a_type_may_stand(file) for part in ast.walk(allowed)}
        for node in ast.walk(file.syntax):
            is_permit = (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr == "Permit")
            if is_permit and id(node) not in harmless:
                found.append(f"{file.name}:{getattr(node, 'lineno', 0)} uses the class Permit as a value")
            if isinstance(node, ast.Call) and ast.unparse(node.func) in CHANGERS and node.args and _last(node.args[0]).endswith("permit"):
                found.append(f"{file.name}:{node.lineno} changes a permit")
    return found


def _where_a_type_may_stand(file: Text) -> Iterator[ast.expr]:
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, Function) and node.returns is not None:
            yield node.returns
        elif isinstance(node, ast.MatchClass):
            yield node.cls
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance" and len(node.args) == 2:
            yield node.args[1]


def ports_without_a_permit(tree: Tree) -> list[str]:
    return [
        f"{file.name}:{method.lineno} {kind.name}.{method.name} takes no permit"
        for file in tree.product()
        if file.module in {"presswarden.dispatch.ports", "presswarden.agents.ports"}
        for kind in ast.walk(file.syntax)
        if isinstance(kind, ast.ClassDef)
        for method in kind.body
        if isinstance(method, Function) and not method.name.startswith("__")
        if not any(a.arg == "permit" and a.annotation is not None and _last(a.annotation) == "Permit" for a in _arguments(method))
    ]


def stores_that_do_not_put_the_organisation_first(tree: Tree) -> list[str]:
    found = []
    for file in tree.product():
        if file.module.rpartition(".")[2] != "store":
            continue
        for function, is_method in _public_functions(file.syntax):
            given = _arguments(function)[1 if is_method else 0 :]
            first = (given[0].arg, _last(given[0].annotation)) if given and given[0].annotation is not None else ("", "")
            if first not in {("org", "OrgId"), ("everyone", "Everyone"), ("_everyone", "Everyone")}:
                found.append(f"{file.name}:{function.lineno} {function.name} takes neither `org: OrgId` nor `everyone: Everyone` first")
            elif first[0] == "org" and not any(isinstance(n, ast.Name) and n.id == "org" for part in function.body for n in ast.walk(part)):
                found.append(f"{file.name}:{function.lineno} {function.name} takes the organisation and does not use it")
    return found


def everyone_made_outside_processes(tree: Tree) -> list[str]:
    """`kernel.db` opens one such transaction to see whether the database is there; it reads no row."""
    found = []
    for file in tree.product():
        if file.module.startswith("presswarden.processes") or file.module in {"presswarden.kernel.ids", "presswarden.kernel.db"}:
            continue
        for node in ast.walk(file.syntax):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "EVERYONE" for alias in node.names):
                found.append(f"{file.name}:{node.lineno} imports EVERYONE")
            if isinstance(node, ast.Attribute) and node.attr == "EVERYONE":
                found.append(f"{file.name}:{node.lineno} takes EVERYONE")
            if isinstance(node, ast.Call) and _last(node.func) == "Everyone":
                found.append(f"{file.name}:{node.lineno} makes an Everyone")
    return found


def transactions_away_from_the_edge(tree: Tree) -> list[str]:
    return [
        f"{file.name}:{node.lineno} {ast.unparse(node.func)}()"
        for file in tree.product()
        if not file.module.startswith((*EDGE, "presswarden.kernel.db", "presswarden.migrations"))
        for node in ast.walk(file.syntax)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback", "transaction", "reading"}
    ]


def _public_functions(syntax: ast.Module) -> Iterator[tuple[Function, bool]]:
    for node in syntax.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node, False
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for part in node.body:
                if isinstance(part, Function) and not part.name.startswith("_"):
                    yield part, not any(_last(d) == "staticmethod" for d in part.decorator_list)


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _last(node: ast.expr) -> str:
    """`Permit` of `Permit`, `permit.Permit` and `"Permit"`."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    return text.rpartition(".")[2]
