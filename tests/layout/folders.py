"""Every part of the product is named in the rules, and every rule names a part of the product.

Limits: the tree is the one of docs/architecture.md; a part that is to come is named here before it exists.
"""

from importlinter.api import read_configuration

from tests.layout.tree import Tree

PROCESSES = {
    "web",
    "analyst",
    "dispatcher",
    "janitor",
    "courier",
    "serve",
    "cli",
    "settings",
    "home",
    "migrate",
    "connections",
    "checking",
    "beating",
    "sending",
    "probing",
    "load",
    "start",
    "backup",
    "doctor",
    "restore",
    "upgrade",
    "passphrase",
    "standing",
}
FLOWS = {
    "propose", "execute", "ports", "engine", "steps", "reaping", "store", "saga", "judging", "looking", "preparing", "ending", "sight", "checking", "ladder",
    "single", "releasing", "starting", "journal", "bells",
}  # fmt: skip
SURFACES = {"console", "api", "mcp", "oauth", "ingest", "cli"}
ADAPTERS = {"models", "wire", "fetch", "mail", "hooks", "probe"}
SHARED_BY_ADAPTERS = {"addresses"}
"""What adapters have in common: which addresses may be called at all."""
PARTS_OF_ADAPTERS = {"pages"}
"""A part of one adapter in a file of its own: `pages` is how `wire` looks at a site's public pages. A contract says who may import it."""
NAMED = (
    {f"presswarden.processes.{name}" for name in PROCESSES}
    | {f"presswarden.flows.{name}" for name in FLOWS}
    | {f"presswarden.surfaces.{name}" for name in SURFACES}
    | {f"presswarden.outside.{name}" for name in ADAPTERS | PARTS_OF_ADAPTERS}
    | {
        f"presswarden.{name}"
        for name in ("agents", "dispatch", "flows", "mailbox", "surfaces", "policy", "actions", "processes", "migrations")
    }
    | {
        f"presswarden.{name}"
        for name in ("dispatch.signing", "dispatch.service", "approvals.consent", "gate.permit", "kernel.db", "kernel.log")
    }
    | {"presswarden.**.model"}
)
KEYS = ("source_modules", "forbidden_modules", "protected_modules", "allowed_importers", "modules")


def parts_no_rule_knows(tree: Tree) -> list[str]:
    known = {"processes": PROCESSES, "flows": FLOWS, "outside": ADAPTERS | SHARED_BY_ADAPTERS | PARTS_OF_ADAPTERS}
    found = []
    for folder, names in known.items():
        at = tree.root / "src/presswarden" / folder
        present = {path.stem for path in at.glob("*.py")} | {path.parent.name for path in at.glob("*/__init__.py")}
        found += [
            f"presswarden.{folder}.{name} is not listed in tests/layout/folders.py" for name in sorted(present - names - {"__init__"})
        ]
    surfaces = {path.parent.name for path in (tree.root / "src/presswarden/surfaces").glob("*/__init__.py")}
    found += [f"presswarden.surfaces.{name} is not listed in tests/layout/folders.py" for name in sorted(surfaces - SURFACES)]
    return found


def folders_that_are_no_package(tree: Tree) -> list[str]:
    """A folder without `__init__.py` is invisible to the import contracts. Migrations are files that the tool reads by name."""
    product = tree.root / "src/presswarden"
    folders = {path.parent for path in product.rglob("*.py")}
    return sorted(
        folder.relative_to(tree.root).as_posix()
        for folder in folders
        if not (folder / "__init__.py").is_file() and "migrations" not in folder.relative_to(product).parts
    )


def names_in_contracts_that_are_no_part(tree: Tree) -> list[str]:
    found = []
    for contract in read_configuration(str(tree.root / ".importlinter"))["contracts_options"]:
        for key in KEYS:
            given = contract.get(key, [])
            for name in [given] if isinstance(given, str) else given:
                if name.startswith("presswarden.") and name not in NAMED:
                    found.append(f"{contract['id']}: {name}")
    return found
