"""Each rule sees a violation: it is seeded in a copy of the repository and found under the rule's own name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.layout import seeds, seeds_of_files
from tests.layout.rules import RULES
from tests.layout.seeds import Seed
from tests.layout.tree import REPOSITORY, Tree

SEEDS = [*seeds.CONTRACTS, *seeds.IMPORTS, *seeds.EVIDENCE, *seeds_of_files.FILES, *seeds_of_files.CONNECTOR]
SEEDED_BELOW = {"The connector has one version", "The connector's readme is in form"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(REPOSITORY).copy(tmp_path_factory.mktemp("repository"))


@contextmanager
def planted(tree: Tree, seed: Seed) -> Iterator[None]:
    before: dict[Path, str | None] = {}
    made: list[Path] = []

    def write(path: Path, text: str) -> None:
        made.extend(folder for folder in path.parents if not folder.exists())
        path.parent.mkdir(parents=True, exist_ok=True)
        before.setdefault(path, path.read_text() if path.exists() else None)
        path.write_text((before[path] or "") + "\n" + text + "\n")

    for name, text in seed.files:
        path = tree.root / name
        for folder in [path.parent, *path.parent.parents]:
            needs_a_docstring = (
                "presswarden" in folder.relative_to(tree.root).parts
                and folder.name != "deep"
                and not folder.joinpath("__init__.py").exists()
            )
            if folder == tree.root / "src" or not needs_a_docstring:
                break
            write(folder / "__init__.py", '"""Seeded."""')
        write(path, text)
    try:
        yield
    finally:
        for path, original in before.items():
            if original is None:
                path.unlink()
            else:
                path.write_text(original)
        for folder in sorted(set(made), key=lambda folder: len(folder.parts), reverse=True):
            folder.rmdir()


@pytest.mark.req("W5")
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.rule} ({seed.named})")
def test_a_seeded_violation_is_found_by_its_rule(copy: Tree, seed: Seed) -> None:
    rule = RULES[seed.rule]
    before = rule(copy)
    with planted(copy, seed):
        found = [line for line in rule(copy) if line not in before]
    assert any(seed.named in line for line in found), f"{seed.rule} found {found}"
    assert rule(copy) == before


def test_every_rule_has_a_seed() -> None:
    assert {seed.rule for seed in SEEDS} | SEEDED_BELOW == set(RULES)


@pytest.mark.parametrize(
    ("plugin", "readme", "named"),
    [
        (" * Version: 1.0.0\ndefine( 'PRESSWARDEN_VERSION', '1.0.1' );", "Stable tag: 1.0.0", "versions differ"),
        (" * Version: 1.0.0\nconst VERSION = '1.0.0';", "Stable tag: 1.0.1", "versions differ"),
        (" * Version: 1.0.0", "Stable tag: 1.0.0", "constant"),
    ],
)
def test_connector_versions_that_differ_are_found(tmp_path: Path, plugin: str, readme: str, named: str) -> None:
    tree = _connector(tmp_path, plugin, readme)
    assert any(named in line for line in RULES["The connector has one version"](tree))


def test_connector_versions_that_agree_are_let_be(tmp_path: Path) -> None:
    tree = _connector(tmp_path, " * Version: 1.0.0\ndefine( 'PRESSWARDEN_VERSION', '1.0.0' );", "Stable tag: 1.0.0")
    assert RULES["The connector has one version"](tree) == []


def test_a_connector_readme_out_of_form_is_found(tmp_path: Path) -> None:
    tree = _connector(tmp_path, "", "Stable tag: 1.0.0\n\n" + "long " * 31 + "\n\n== Description ==")
    found = RULES["The connector's readme is in form"](tree)
    assert found == [
        "the short text has 154 characters",
        "no 'External services'",
        "no '== Changelog =='",
        "no 'Requires at least:'",
        "no 'Tested up to:'",
        "no 'Requires PHP:'",
        "no 'License:'",
    ]


def _connector(at: Path, plugin: str, readme: str) -> Tree:
    folder = at / "connector"
    folder.mkdir()
    (folder / "presswarden-connector.php").write_text("<?php\n/*\n" + plugin)
    (folder / "readme.txt").write_text(readme)
    return Tree(at)
