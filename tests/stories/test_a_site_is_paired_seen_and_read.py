"""A site's administrator pastes a pairing string; from then on the control plane knows what the site holds, and how old each fact is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lab.site import Lab
from tests.stories.scene import Observed, Paired, install, pair_by_page

pytestmark = [pytest.mark.site, pytest.mark.req("S1", "W11", "X1")]


@pytest.fixture(scope="module")
def blog(lab: Lab, control: Observed) -> Paired:
    found, page = pair_by_page(control, install(lab.site("blog")), "blog")
    words = found.status()["words"]
    assert len(words.split()) == 4
    assert words in page.text
    accepted = found.audited("site.paired")
    assert len(accepted) == 1
    return found


def test_both_sides_name_each_other(blog: Paired) -> None:
    here, there = blog.status(), blog.show()
    assert (here["state"], here["control"], here["algorithm"]) == ("paired", blog.url, "ed25519")
    assert (there["state"], there["home"]) == ("paired", blog.site.url)


@pytest.mark.req("S1", "N4")
def test_the_inventory_is_what_lies_in_the_sites_own_files(blog: Paired) -> None:
    blog.beat()
    components = blog.show()["components"]
    assert _versions(components, "plugin:") == _plugins(blog.site.content / "plugins")
    assert _versions(components, "theme:") == _themes(blog.site.content / "themes")
    core = re.search(r"\$wp_version = '([^']+)'", (blog.site.root / "wp-includes/version.php").read_text())
    assert core is not None
    assert components["core"]["version"] == core[1]
    assert components["plugin:presswarden-connector/presswarden-connector.php"]["active"] is True
    assert components["plugin:akismet/akismet.php"]["active"] is False


def test_every_fact_carries_its_age_and_its_source(blog: Paired) -> None:
    blog.read()
    facts = blog.show()["facts"]
    assert {"core.version", "health.disk_free", "site.paired"} <= facts.keys()
    assert all(isinstance(fact["age_seconds"], int) and 0 <= fact["age_seconds"] < 600 for fact in facts.values())
    assert {fact["source"] for fact in facts.values()} == {"heartbeat", "read", "control"}
    text = blog.control.run("site", "show", "blog")
    assert re.search(r"^core\.version +7\.1\S* +\d+ (s|min) ago +heartbeat$", text, re.M)


@pytest.mark.req("P1", "W1", "N2")
def test_each_read_is_one_signed_call_that_ran_once_and_stands_in_the_audit(blog: Paired) -> None:
    for tool in ("wp.site.get_environment", "wp.site.inventory", "wp.site.health"):
        blog.site.clear_events()
        before = len(blog.audited("call.settled"))
        result = blog.read(tool)
        assert [each["tool"] for each in blog.site.events("action_ran")] == [tool]
        assert result
        assert len(blog.audited("call.settled")) == before + 1


def test_the_audit_of_all_this_verifies(blog: Paired) -> None:
    assert "agree" in blog.control.run("audit", "verify")


def _versions(components: dict[str, Any], prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): str(value["version"]) for key, value in components.items() if key.startswith(prefix)}


def _plugins(folder: Path) -> dict[str, str]:
    files = (*folder.glob("*.php"), *folder.glob("*/*.php"))
    return {str(file.relative_to(folder)): _header(file, "Version") for file in files if _header(file, "Plugin Name")}


def _themes(folder: Path) -> dict[str, str]:
    return {file.parent.name: _header(file, "Version") for file in folder.glob("*/style.css")}


def _header(file: Path, field: str) -> str:
    found = re.search(rf"^[ \t/*#@]*{field}:(.*)$", file.read_text(errors="replace")[:8192], re.M | re.I)
    return found[1].strip() if found else ""
