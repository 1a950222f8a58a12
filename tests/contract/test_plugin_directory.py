"""The connector keeps the rules of WordPress's plugin directory as far as files can show: readme, header, licence, versions, what ships."""

import re
import zipfile
from pathlib import Path

import pytest

from tests.contract.reading import ROOT
from tools import connector_zip

CONNECTOR = ROOT / "connector"
README = (CONNECTOR / "readme.txt").read_text()
MAIN = (CONNECTOR / "presswarden-connector.php").read_text()


def fields() -> dict[str, str]:
    """The head of the readme, above its short text."""
    head = README.partition("\n\n")[0].splitlines()[1:]
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in head)}


def header(name: str) -> str:
    found = re.search(rf"^ \* {re.escape(name)}:\s*(.+)$", MAIN, re.MULTILINE)
    assert found, f"the main file's header has no {name}"
    return found[1].strip()


def section(name: str) -> str:
    found = re.search(rf"^== {re.escape(name)} ==$(.*?)(?=^== |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"readme.txt has no section {name}"
    return found[1].strip()


def test_the_head_of_the_readme_has_every_field_the_directory_asks_for() -> None:
    assert README.splitlines()[0] == f"=== {header('Plugin Name')} ==="
    told = fields()
    for name in ("Contributors", "Tags", "Requires at least", "Tested up to", "Requires PHP", "Stable tag", "License", "License URI"):
        assert told[name], name
    assert len(told["Tags"].split(",")) <= 5
    assert re.fullmatch(r"\d+\.\d+", told["Tested up to"]), "major versions only"
    assert re.fullmatch(r"[a-z0-9_.-]+(?:, [a-z0-9_.-]+)*", told["Contributors"])


def test_the_short_text_is_one_line_of_at_most_150_characters_without_markup() -> None:
    short = README.split("\n\n")[1]
    assert "\n" not in short
    assert 0 < len(short) <= 150
    assert not re.search(r"[*`\[<]", short)


def test_readme_header_constant_and_changelog_name_one_version_and_the_same_needs() -> None:
    told = fields()
    assert told["Stable tag"] == header("Version") == connector_zip.version(CONNECTOR)
    assert f"const VERSION = '{header('Version')}';" in MAIN
    assert f"= {header('Version')} =" in section("Changelog")
    for name in ("Requires at least", "Requires PHP"):
        assert told[name] == header(name)
    assert told["License"] == header("License") == "GPL-2.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in (CONNECTOR / "LICENSE").read_text()


def test_the_text_domain_is_the_slug_and_the_languages_are_where_the_header_says() -> None:
    assert header("Text Domain") == connector_zip.FOLDER
    assert (CONNECTOR / header("Domain Path").strip("/") / f"{connector_zip.FOLDER}.pot").is_file()


def test_no_update_address_of_its_own_stands_in_the_header() -> None:
    assert "Update URI" not in MAIN, "updates come from the site's own offers"


def test_the_readme_says_what_is_sent_when_and_to_whom() -> None:
    services = section("External services")
    for word in ("When:", "What:", "Never:", "terms", "privacy"):
        assert word in services
    for name in ("Description", "Installation", "Frequently Asked Questions"):
        assert len(section(name)) > 100


def test_what_ships_is_source_that_a_person_can_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(connector_zip.build(CONNECTOR, tmp_path)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert sum(map(len, held.values())) < 3_000_000
    for name, text in held.items():
        assert Path(name).suffix in {".php", ".txt", ".css", ".pot", ""}, name
        assert max(map(len, text.decode().splitlines())) < 1_200, f"{name}: nothing is packed into one line"
        assert not text.startswith(b"\xef\xbb\xbf"), name
        if name.endswith(".php"):
            assert text.startswith(b"<?php"), name
            assert not text.rstrip().endswith(b"?>"), name


@pytest.mark.parametrize("name", ["index.php", "vendor", "node_modules", "composer.json"])
def test_nothing_of_others_is_packed_with_it(name: str) -> None:
    assert not (CONNECTOR / name).exists()
