"""The run behind the priors, on small components made for it: the list, what the judge sees, what a site is afterwards, the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.packages import BODIES, Kind, write_plugin, write_theme
from lab.priors.__main__ import Try, failures, runs_on, steps, table
from lab.priors.sources import Real, real
from lab.priors.trying import Bench, Told
from lab.site import Lab
from lab.updates import UpdateServer

BREAKING_PAGES = "add_action( 'template_redirect', static function (): void { status_header( 500 ); exit; } );"
QUIETLY_OTHER = "add_filter( 'document_title_parts', static function (): array { return array( 'title' => 'Hacked' ); } );"


def made(version: str, requires: str = "6.2") -> Real:
    return Real("plugin", "made", version, requires, Path("/nowhere"))


def tried(version: str = "1.1", *, passed: bool = True, wordpress: str = "7.1.4", met: bool = True) -> Try:
    return Try("plugin:made/made.php", "1.0", version, wordpress, met, Told(passed, "" if passed else "page.failing"))


def test_the_list_is_each_version_to_the_next_and_the_whole_way_in_one() -> None:
    one, two, three = made("1.0"), made("1.1"), made("2.0")
    assert steps([one, two, three]) == [(one, two), (two, three), (one, three)]
    assert steps([one, two]) == [(one, two)]


def test_a_release_says_on_which_wordpress_it_runs() -> None:
    assert runs_on(made("1.0", "6.4"), "6.5.5")
    assert not runs_on(made("1.0", "6.4"), "6.2.6")


def test_the_table_counts_a_release_once_however_many_sites_it_was_tried_on() -> None:
    rows = table([tried(), tried(wordpress="6.8.7", passed=False), tried("1.2"), tried("2.0")]).splitlines()
    assert rows[3].startswith("| minor | 1 | 2 | 3 | 2 | 0.67 | 0.1958 | (6, 1) | 0.86 | 0.6813 |")
    assert rows[4].startswith("| major | 1 | 1 | 1 | 1 | 1.00 |")
    assert rows[2].startswith("| patch | 0 | 0 | 0 | 0 | none |")


def test_what_a_release_does_not_ask_for_stays_out_of_the_table_and_is_told() -> None:
    beyond = [tried("1.0.1", passed=False, met=False)]
    assert table(beyond) == table([])
    assert "0 of 1 passed" in failures(beyond)
    assert "page.failing" in failures(beyond)


@pytest.mark.site
def test_good_releases_pass_broken_ones_do_not_and_each_starts_from_the_same_site(lab: Lab, tmp_path: Path) -> None:
    def plugin(version: str, body: str = "") -> Real:
        return real("plugin", write_plugin(tmp_path / f"{version}{len(body)}", "made", version, body), "made")

    with UpdateServer.start() as updates:
        bench = Bench.set_up(lab.site("priors"), updates)
        old = plugin("1.0")
        assert bench.try_component(old, plugin("1.1")) == Told(True, "")
        fatal = bench.try_component(old, plugin("1.1", BODIES[Kind.FATAL]))
        assert not fatal.passed
        assert "health.no_answer" in fatal.why
        assert bench.try_component(old, plugin("1.1", BREAKING_PAGES)) == Told(False, "page.failing")
        assert bench.try_component(old, plugin("1.1", QUIETLY_OTHER)) == Told(False, "page.title")
        themes = [real("theme", write_theme(tmp_path / version, "plain", version), "plain") for version in ("1.0", "1.1")]
        assert bench.try_component(*themes) == Told(True, "")
        assert bench.try_component(old, plugin("1.1")) == Told(True, "")
        assert not (bench.site.content / "plugins" / "made").exists()
