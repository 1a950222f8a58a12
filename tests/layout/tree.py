"""The repository as text and syntax, for the rules in this folder. Limits: it reads files and imports nothing of ours."""

import ast
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import invalidate_caches
from pathlib import Path

import grimp

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("src", "connector", "lab", "tests", "tools", "bench", "contract", "deploy", "docs", "changes", "web")
NOT_OURS = {"node_modules", "__pycache__", "vectors", ".venv", "static"}  # static: built from web/ and packages of others


@dataclass(frozen=True)
class Text:
    """One file. `name` is its path from the root of the repository."""

    name: str
    path: Path

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8", errors="replace")

    @property
    def syntax(self) -> ast.Module:
        return _parsed(self.source)

    @property
    def module(self) -> str:
        """The dotted name, for a file of the product."""
        dotted = self.name.removeprefix("src/").removesuffix(".py").replace("/", ".")
        return dotted.removesuffix(".__init__")


@dataclass(frozen=True)
class Tree:
    root: Path

    def files(self, *endings: str, under: tuple[str, ...] = FOLDERS) -> list[Text]:
        found = []
        for folder in under:
            for at, folders, names in os.walk(self.root / folder):
                folders[:] = sorted(set(folders) - NOT_OURS)
                here = Path(at)
                found += [
                    Text((here / name).relative_to(self.root).as_posix(), here / name) for name in sorted(names) if name.endswith(endings)
                ]
        return found

    def product(self) -> list[Text]:
        return self.files(".py", under=("src/presswarden",))

    def graph(self) -> grimp.ImportGraph:
        """The product's imports with the libraries it uses, built from this tree and from no cache."""
        with _first_on_the_path(self.root / "src"):
            return grimp.build_graph("presswarden", include_external_packages=True, cache_dir=None)

    def copy(self, to: Path) -> "Tree":
        for folder in FOLDERS:
            if (self.root / folder).is_dir():
                shutil.copytree(self.root / folder, to / folder, ignore=lambda _, names: NOT_OURS.intersection(names))
        shutil.copy(self.root / ".importlinter", to)
        return Tree(to)


@lru_cache(maxsize=2048)
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@contextmanager
def _first_on_the_path(folder: Path) -> Iterator[None]:
    """Make `presswarden` mean the one in `folder`, for as long as grimp looks for it."""
    known, path = sys.modules.pop("presswarden", None), list(sys.path)
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        invalidate_caches()
        if known is not None:
            sys.modules["presswarden"] = known
