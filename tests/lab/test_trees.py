"""Copies share static files and nothing else; an original that was altered is noticed and built again."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import cache, trees


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    built = tmp_path / "built"
    for name in ("index.php", "wp-includes/a.php", "wp-includes/js/a.js", "wp-includes/blocks/block.json", "wp-content/themes/t/style.css"):
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text(name)
    return trees.sealed(built, tmp_path)


def test_a_copy_is_complete_and_shares_only_static_core_files(whole: Path, tmp_path: Path) -> None:
    trees.copy(whole / trees.INSIDE, tmp_path / "copy")
    files = sorted(path for path in (tmp_path / "copy").rglob("*") if path.is_file())
    assert all(path.read_text() == str(path.relative_to(tmp_path / "copy")) for path in files)
    assert [path.name for path in files if path.stat().st_nlink > 1] == ["a.js"]
    assert len(files) == 5


@pytest.mark.parametrize("name", ["wp-includes/js/a.js", "index.php"])
def test_an_altered_original_is_noticed(whole: Path, name: str) -> None:
    assert trees.intact(whole)
    (whole / trees.INSIDE / name).write_text("altered")
    assert not trees.intact(whole)


def test_a_file_added_to_or_taken_from_the_original_is_noticed(whole: Path) -> None:
    (whole / trees.INSIDE / "new.php").write_text("")
    assert not trees.intact(whole)
    (whole / trees.INSIDE / "new.php").unlink()
    assert trees.intact(whole)
    (whole / trees.INSIDE / "index.php").unlink()
    assert not trees.intact(whole)


def test_an_entry_is_made_once_and_again_after_it_was_discarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSWARDEN_LAB_CACHE", str(tmp_path / "cache"))
    made = []

    def make(scratch: Path) -> Path:
        made.append(scratch)
        (scratch / "thing").write_text(str(len(made)))
        return scratch / "thing"

    assert [cache.keep("a/thing", make).read_text() for _ in range(2)] == ["1", "1"]
    cache.discard("a/thing")
    assert cache.keep("a/thing", make).read_text() == "2"
    assert not any(scratch.exists() for scratch in made)


def test_a_recipe_that_fails_leaves_no_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSWARDEN_LAB_CACHE", str(tmp_path / "cache"))

    def fail(scratch: Path) -> Path:
        (scratch / "half").write_text("half")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        cache.keep("a/thing", fail)
    assert cache.entry("a/thing") is None
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith("building-")] == []
