"""The pages of promises and of attacks say what the tests are, and nothing without a proof; every numbered attack is there."""

from pathlib import Path

import pytest

from tests.layout.tree import REPOSITORY
from tools import safety
from tools.safety import Kind

SAFETY = """opening = "All of it."
[[section]]
title = "Trust"
text = "And this."
[[section.claim]]
claim = "A replay is refused"
rule = "one insert"
limit = ""
proof = [{proof}]
"""
ATTACKS = """opening = "All of it."
[[list]]
title = "By number"
[[list.item]]
id = 14
what = "the same twice"
tests = [{tests}]
"""
HELD = "def test_a_replay_is_refused(attack): ...\n"
WHOLE = HELD + "def test_the_first_is_run(site): ...\ndef test_without_the_insert_it_runs_twice(site): ...\n"
FILE = "tests/claims/test_attack_14_twice.py"
BY_NUMBERS_ALONE = {38, 41, 43, 44, 48, 49}
"""Attacks whose tests stand in other suites, where what is honest and what is switched off has no place of its own."""


def repository(at: Path, python: str = WHOLE, proof: str = f'"{FILE}"') -> Path:
    for folder in ("docs", "tests/claims", "tests/stages/gate"):
        (at / folder).mkdir(parents=True)
    (at / "docs/safety.toml").write_text(SAFETY.format(proof=proof))
    (at / "docs/attacks.toml").write_text(ATTACKS.format(tests=proof))
    (at / FILE).write_text(python)
    (at / "tests/stages/gate/test_each_check_is_needed.py").write_text("def test_a_check_that_is_switched_off(): ...\n")
    return at


@pytest.mark.req("X13")
def test_a_promise_is_held_by_its_tests_and_needed_where_a_test_leaves_its_rule_out(tmp_path: Path) -> None:
    assert f"| A replay is refused | one insert | | `pytest {FILE}` | held and needed |" in safety.safety(repository(tmp_path / "a"))
    assert "| held |" in safety.safety(repository(tmp_path / "b", HELD))
    pattern = repository(tmp_path / "c", HELD, proof='"tests/claims/test_attack_14*", "tests/stages/gate", "make layers"')
    assert "`pytest tests/claims/test_attack_14* tests/stages/gate`, `make layers` | held and needed |" in safety.safety(pattern)


def test_a_promise_without_a_proof_is_open_and_its_attack_has_to_be_named_elsewhere(tmp_path: Path) -> None:
    at = repository(tmp_path, proof="")
    with pytest.raises(ValueError, match=f"no promise of docs/safety.toml names {FILE}"):
        safety.safety(at)
    (at / FILE).unlink()
    assert "| open |" in safety.safety(at)


@pytest.mark.parametrize("proof", ["tests/claims/test_attack_15*", "tests/gone.py", f"{FILE}::test_gone", "tests/nowhere"])
def test_a_proof_that_is_not_there_stops_both_pages(tmp_path: Path, proof: str) -> None:
    at = repository(tmp_path, proof=f'"{proof}"')
    for page in safety.PAGES.values():
        with pytest.raises(ValueError, match="no test is named by"):
            page(at)


def test_a_line_that_nothing_tries_stops_the_list(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing tries «the same twice»"):
        safety.attacks(repository(tmp_path, proof=""))


def test_a_line_says_whether_it_has_a_twin_and_is_needed(tmp_path: Path) -> None:
    assert f"| 14 | the same twice | `{FILE.removeprefix('tests/')}` | twin, needed |" in safety.attacks(repository(tmp_path / "a"))
    assert safety.numbered(repository(tmp_path / "b", HELD)) == {14: {Kind.ATTACK}}


@pytest.mark.req("N12")
def test_every_number_is_tried() -> None:
    assert {*range(1, 31), *range(35, 51)} <= safety.numbered(REPOSITORY).keys()


def test_every_number_on_real_sites_has_its_twin_and_is_needed() -> None:
    lacking = {number: sorted(set(Kind) - kinds) for number, kinds in safety.numbered(REPOSITORY).items() if kinds != set(Kind)}
    assert lacking.keys() <= BY_NUMBERS_ALONE | {33, 34}, lacking
