"""Versions compare as PHP compares them; jumps have a size; holds name ranges. Limits: PHP itself is asked where it is on this machine."""

import itertools
import json
import shutil
import subprocess

import pytest

from presswarden.policy.model import Size
from presswarden.policy.versions import RangeInvalid, compare, jump, range_of, size_of

VERSIONS = [
    "1", "1.0", "1.0.0", "1.0-beta", "1.0-beta2", "1.0b1", "1.0RC1", "1.0-rc.1", "1.0.0-p1", "1.0pl1", "1.0-dev", "1.0foo", "1.0-preview",
    "1.0-build7", "2024.10.1", "5.7.2", "5.10", "1..2", "v1.2", "1.2_3", "", "abc", "1.0-alpha", "1.0a", "1.0.a.1", "6.5-beta1-57000",
    "1+build.5", "01.2", "1.2", "7.1.4", "7.1.10",
]  # fmt: skip
ASK = "$v=json_decode($argv[1]);$o=[];foreach($v as $a)foreach($v as $b)$o[]=version_compare($a,$b);echo json_encode($o);"


def test_versions_compare_as_php_compares_them():
    if shutil.which("php") is None:
        pytest.skip("PHP is not on this machine")
    told = subprocess.run(["php", "-r", ASK, "--", json.dumps(VERSIONS)], capture_output=True, text=True, check=True)
    pairs = itertools.product(VERSIONS, VERSIONS)
    assert [(pair, compare(*pair)) for pair in pairs] == list(
        zip(itertools.product(VERSIONS, VERSIONS), json.loads(told.stdout), strict=True)
    )


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.9", "1.10"), ("1.0-beta", "1.0"), ("1.0", "1.0.0"), ("1.0-rc1", "1.0"), ("1.0-alpha", "1.0-beta"), ("7.1.9", "7.1.10")],
)
def test_a_newer_version_is_newer(older, newer):
    assert (compare(older, newer), compare(newer, older), compare(newer, newer)) == (-1, 1, 0)


SIZES = [
    ("plugin:a/a.php", "1.2.3", "1.2.4", Size.PATCH),
    ("plugin:a/a.php", "1.2", "1.2.4", Size.PATCH),
    ("plugin:a/a.php", "1.2.3", "1.3", Size.MINOR),
    ("plugin:a/a.php", "1", "1.1", Size.MINOR),
    ("plugin:a/a.php", "1.9", "2.0", Size.MAJOR),
    ("theme:t", "2024.1", "2025.1", Size.MAJOR),
    ("plugin:a/a.php", "1.2.3", "1.2.4-beta1", Size.MAJOR),
    ("plugin:a/a.php", "", "1.0", Size.MAJOR),
    ("plugin:a/a.php", "trunk", "1.0", Size.MAJOR),
    ("core", "7.1.3", "7.1.4", Size.MINOR),
    ("core", "7.1", "7.1.4", Size.MINOR),
    ("core", "7.1.4", "7.2", Size.MAJOR),
    ("core", "6.9", "7.0", Size.MAJOR),
    ("translation:plugin:a:de_DE", "", "1.2", Size.PATCH),
]


@pytest.mark.req("S4")
@pytest.mark.parametrize(("component", "was", "version", "size"), SIZES)
def test_a_jump_has_the_size_of_its_numbers(component, was, version, size):
    assert size_of(component, was, version) is size
    assert jump(component, was, version).size is size


RANGES = [
    ("*", ["1.0", "", "anything"], []),
    ("8.1.2", ["8.1.2"], ["8.1", "8.1.2.1", "8.1.20"]),
    ("=8.1.2", ["8.1.2"], ["8.1.3"]),
    ("8.*", ["8.0", "8.9.9", "8"], ["80", "9.0", "7.8"]),
    ("8.1.*", ["8.1.0", "8.1"], ["8.10", "8.2"]),
    (">=8.0 <9", ["8.0", "8.9.9", "9-beta"], ["7.9", "9", "9.1"]),
    (">8.0,<=8.2", ["8.1", "8.2"], ["8.0", "8.2.1"]),
]


@pytest.mark.req("N20")
@pytest.mark.parametrize(("text", "inside", "outside"), RANGES)
def test_a_range_holds_the_versions_in_it(text, inside, outside):
    found = range_of(text)
    assert [version for version in inside if not found.holds(version)] == []
    assert [version for version in outside if found.holds(version)] == []


@pytest.mark.parametrize("text", ["", " ", ">=", "8.0 || 9", "^8", "~8.0", ">=8.0 and <9", "<script>", "8.0\n;", "**", ".*"])
def test_what_names_no_range_is_refused(text):
    with pytest.raises(RangeInvalid):
        range_of(text)
