"""Who may import what, where import contracts have no words for it: doors of stages, homes of libraries, imports by string.

Limits: imports are read from the syntax. Code that builds a module's name at run time is caught by its tools (`importlib`, `exec`), not by its name.
"""

import ast
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatch

from tests.layout.tree import Text, Tree

STAGES = {
    "audit", "identity", "actions", "sites", "telemetry", "incidents", "proposals", "policy", "approvals", "rollouts", "runs", "gate", "mailbox",
    "agents", "dispatch", "reports",
}  # fmt: skip
DOORS = {"model", "service", "ports"}
MORE_DOORS = {
    "actions": {"catalogue"},
    "approvals": {"consent", "wanting"},
    "audit": {"verify"},
    "dispatch": {"locks", "looking", "sending"},  # a step of a flow holds the site, looks at it, has its call sent
    "gate": {"permit"},
    "mailbox": {"restoring", "wishes"},
    "policy": {"confidence", "decide", "document", "drafts", "presets", "rules", "versions", "words"},
    "proposals": {"plan", "snapshots", "updates", "words"},
    "rollouts": {"by_hand", "words"},
    "sites": {"restoring"},
}
ROOMS = {
    "audit": {"checks"},
    "identity": {"accounts", "clients", "erasures", "invitations", "limits", "sessions", "tokens"},
    "proposals": {"packages"},
    "reports": {"answers", "changed", "fleet", "notices", "people", "pulse", "questions", "sites"},
    "mailbox": {"batches"},
    "sites": {"probes", "tags", "views"},
    "telemetry": {"offers"},
}
"""Rooms of a stage that are large enough for doors of their own."""
# Signing is no door of dispatch: the import contract "one-signer" says who may, and nobody outside may.

NOWHERE: set[str] = set()
HOMES = {  # where each library may be imported; a library of others that is not listed has no home yet
    "aiosqlite": {"kernel.db"},
    "alembic": {"migrations", "migrations.*", "processes.*"},
    "asyncpg": {"kernel.db", "kernel.wake"},
    "cryptography": {"kernel.sealing", "kernel.strongbox"},
    "dbos": {"flows.*", "processes.*"},
    "dotenv": NOWHERE,
    "fastapi": {"surfaces.*", "processes.web", "processes.serve"},
    "ftplib": NOWHERE,
    "http.client": {"outside.*"},
    "h11": {"processes.connections"},
    "httpx": {"outside.*"},
    "jinja2": {"surfaces.*"},
    "jsonschema": {"actions.catalogue", "kernel.*"},
    "lab": NOWHERE,
    "markupsafe": {"surfaces.*"},
    "marshal": NOWHERE,
    "multiprocessing": NOWHERE,
    "nacl": {"kernel.verify", "dispatch.signing", "audit.signing"},
    "pickle": NOWHERE,
    "prometheus_client": {"processes.standing"},
    "pwdlib": {"identity.accounts.passwords"},
    "pydantic": {"surfaces.*", "processes.settings"},
    "pyotp": {"identity.accounts.codes"},
    "random": NOWHERE,
    "rfc8785": {"kernel.canonical"},
    "rich": {"surfaces.cli", "surfaces.cli.*", "processes.*"},
    "segno": {"surfaces.console.entry.app_codes"},
    "shelve": NOWHERE,
    "smtplib": {"outside.mail"},
    "socket": {"outside.*", "processes.*"},  # processes listen
    "sqlalchemy": {
        "kernel.address",
        "kernel.db",
        "kernel.pooling",
        "kernel.store",
        "kernel.copies",
        "*.store",
        "flows.engine",
        "migrations",
        "migrations.*",
        "gate.ledger",
        "gate.switch",
    },
    "sqlite3": {"kernel.copies", "kernel.db", "kernel.sqlite"},
    "ssl": {"outside.*", "processes.*"},
    "starlette": {"surfaces.*", "processes.web", "processes.serve"},
    "structlog": {"kernel.log", "processes.*"},
    "subprocess": {"kernel.copies"},  # PostgreSQL's own programs copy its databases
    "tests": NOWHERE,
    "tools": NOWHERE,
    "typer": {"surfaces.cli", "surfaces.cli.*", "processes.*"},
    "urllib.request": {"outside.*"},
    "uvicorn": {"processes.*"},
    "webauthn": {"kernel.webauthn"},
}
DYNAMIC = {"importlib.import_module", "importlib.util", "importlib.machinery", "runpy", "imp", "pkgutil", "zipimport"}


def imported(file: Text) -> Iterator[str]:
    """Every dotted name that `file` imports; `from a import b` counts as `a.b`, which may be a module or a name in one."""
    package = file.module if file.name.endswith("__init__.py") else file.module.rpartition(".")[0]
    for node in ast.walk(file.syntax):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _is(name: str, library: str) -> bool:
    return name == library or name.startswith(library + ".")


def stages_entered_by_other_than_their_doors(tree: Tree) -> list[str]:
    found = []
    for file in tree.product():
        for name in imported(file):
            parts = name.split(".")
            if parts[0] != "presswarden" or len(parts) < 3 or parts[1] not in STAGES or file.module.split(".")[1:2] == parts[1:2]:
                continue
            if parts[2] in ROOMS.get(parts[1], set()):
                parts = parts[1:]
            if len(parts) > 2 and parts[2] not in DOORS | MORE_DOORS.get(parts[1], set()):
                found.append(f"{file.name} imports {name}")
    return found


def libraries_away_from_home(tree: Tree) -> list[str]:
    found = []
    for file in tree.product():
        here = file.module.removeprefix("presswarden.")
        for name in imported(file):
            home = next((homes for library, homes in HOMES.items() if _is(name, library)), None)
            if home is not None and not any(fnmatch(here, pattern) for pattern in home):
                found.append(f"{file.name} imports {name}")
    return found


def libraries_without_a_home(tree: Tree) -> list[str]:
    found = []
    for file in tree.product():
        for name in imported(file):
            top = name.partition(".")[0]
            if top != "presswarden" and top not in sys.stdlib_module_names and top not in HOMES:
                found.append(f"{file.name} imports {name}, which tests/layout/imports.py gives no home")
    return found


def sockets_opened_outside_outside(tree: Tree) -> list[str]:
    openers = {"open_connection", "open_unix_connection", "create_connection", "create_unix_connection", "create_datagram_endpoint"}
    return [
        f"{file.name}:{node.lineno} {node.attr}"
        for file in tree.product()
        if not file.module.startswith("presswarden.outside")
        for node in ast.walk(file.syntax)
        if isinstance(node, ast.Attribute) and node.attr in openers
    ]


def imports_by_string(tree: Tree) -> list[str]:
    found = []
    modules = {file.module for file in tree.product()}
    for file in tree.product():
        found += [f"{file.name} imports {name}" for name in imported(file) if any(_is(name, tool) for tool in DYNAMIC)]
        for node in ast.walk(file.syntax):
            if isinstance(node, ast.Name) and node.id in {"__import__", "eval", "exec", "compile"}:
                found.append(f"{file.name}:{node.lineno} {node.id}")
            if isinstance(node, ast.Attribute) and (node.attr == "import_module" or ast.unparse(node) == "sys.modules"):
                found.append(f"{file.name}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.Call):
                for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    if isinstance(given, ast.Constant) and isinstance(given.value, str) and _names_a_module(given.value, modules):
                        found.append(f"{file.name}:{given.lineno} {given.value!r}")
    return found


def _names_a_module(text: str, modules: set[str]) -> bool:
    """As `"presswarden.processes.web:app"`: what a server or a workflow engine would import."""
    named = re.fullmatch(r"(presswarden(?:\.\w+)+)(?::\w+)?", text)
    return named is not None and (named[1] in modules or named[1].rpartition(".")[0] in modules - {"presswarden"})


def processes_that_think_and_sign(tree: Tree) -> list[str]:
    """`serve` is the one exception; what a process reaches only through `serve` counts as serve's."""
    graph = tree.graph()
    serve, models, signing = "presswarden.processes.serve", "presswarden.outside.models", "presswarden.dispatch.signing"
    if serve in graph.modules:
        for name in graph.find_modules_directly_imported_by(serve):
            graph.remove_import(importer=serve, imported=name)
    if not {models, signing} <= graph.modules:
        return []
    return [
        f"{process} reaches {models} and {signing}"
        for process in sorted(graph.modules)
        if process.startswith("presswarden.processes.")
        and all(graph.chain_exists(importer=process, imported=key) for key in (models, signing))
    ]
