"""WordPress trees: every version boots, sources are named before anything is fetched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab import core
from lab.errors import LabError
from lab.site import Lab
from tests.lab.web import get


@pytest.mark.site
@pytest.mark.parametrize("version", core.VERSIONS)
def test_each_version_boots_and_answers_rest(lab: Lab, version: str) -> None:
    site = lab.site(f"v{version.replace('.', '-')}", version, workers=1)
    try:
        answer = get(f"{site.url}/wp-json/wp/v2/users/me", login=("admin", site.app_password))
        assert answer.status == 200
        assert json.loads(answer.text)["name"] == "admin"
        assert site.version.startswith(version + ".")
        assert core.version_of(site.root) == site.version
        assert site.php("echo $GLOBALS['wp_version'];") == site.version
        assert not site.log.exists() or "PHP Fatal" not in site.log.read_text()
    finally:
        site.delete()


def test_a_tree_holds_no_link_that_leads_out_of_it() -> None:
    assert [path for path in core.tree("7.1").path.rglob("*") if path.is_symlink()] == []


def test_the_plan_names_every_download_with_source_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSWARDEN_LAB_CACHE", str(tmp_path))
    downloads = core.plan(("7.1", "6.2"))
    assert [one.what for one in downloads] == ["SQLite for WordPress 6.4 and newer", "WordPress 7.1", "WordPress 6.2"]
    assert not any(one.cached for one in downloads)
    assert all(one.about_bytes > 100_000 and one.source for one in downloads)


def test_what_is_cached_is_not_announced_as_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSWARDEN_LAB_CACHE", str(tmp_path))
    (tmp_path / "core" / "7.1").mkdir(parents=True)
    assert [one.cached for one in core.plan(("7.1",)) if one.what == "WordPress 7.1"] == [True]


@pytest.mark.parametrize("version", ["5.9", "9.9", "../etc", ""])
def test_an_unknown_version_is_refused_with_the_known_ones(version: str) -> None:
    with pytest.raises(LabError, match=r"7\.1, 6\.8") as refused:
        core.tree(version)
    assert "there is no WordPress" in refused.value.what
