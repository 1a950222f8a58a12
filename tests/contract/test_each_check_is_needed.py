"""Every check of the core is blanked in a copy, one at a time; each time the vectors must notice. A check whose loss nobody notices proves nothing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.reading import ROOT
from tools.php.mutate import NoSuchCheck, blanked, checks, mutate

# Check => a case that gets through, or further, without it.
NOTICED_BY = {
    "size": "a body of 1 MiB and one byte is refused",
    "empty": "an empty body is refused",
    "encoding": "a packed body is refused",
    "alphabet": "the TTL '0180' is refused",
    "installation": "a call to a revoked installation is refused",
    "address": "a call beyond the limit of its address is refused",
    "ttl": "a ttl of 301 seconds is refused",
    "window": "a call one second after its end is refused",
    "algorithm": "HMAC on a site that pinned Ed25519 is refused",
    "signature": "an attacker's key is refused",
    "body": "a signed body with an unknown key is refused",
    "confirming": "a read before the confirmation is refused",
    "bind": "a message of direction 'heartbeat' is refused as a call",
    "audience": "a call for another site is refused",
    "clone": "a call is refused on a copy at another address",
    "plan_form": "a change that comes without a leaf is refused",
    "plan_text": "a leaf with an unknown key is refused",
    "plan_proof": "a plan with another leaf under the same proof is refused",
    "plan_ids": "a leaf for another site is refused",
    "plan_time": "a leaf after its time is refused",
    "fence": "a fence below the highest seen is refused",
}


def failures(connector: Path) -> str:
    told = subprocess.run(
        ["phpunit", "-c", "connector/tests/phpunit.xml", "--filter", "VerifierTest"],
        cwd=ROOT,
        env=os.environ | {"PRESSWARDEN_CONNECTOR": str(connector)},
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout


def core_checks() -> list[str]:
    return sorted(name for name, path in checks().items() if path.parts[:2] == ("src", "Core"))


@pytest.fixture(autouse=True)
def _php_and_phpunit() -> None:
    if shutil.which("phpunit") is None:
        pytest.skip("PHPUnit is not on this machine")


def test_an_untouched_copy_passes(tmp_path: Path) -> None:
    copy = tmp_path / "connector"
    shutil.copytree(ROOT / "connector", copy)
    assert re.search(r"^OK \(", failures(copy), re.MULTILINE)


def test_every_marked_check_of_the_core_has_its_case() -> None:
    assert core_checks() == sorted(NOTICED_BY)


@pytest.mark.req("N12", "P3", "W1", "W2")
@pytest.mark.parametrize("name", core_checks())
def test_without_a_check_its_attack_is_no_longer_refused_as_it_must_be(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "connector"
    changed = mutate(name, copy)
    assert subprocess.run(["php", "-l", str(changed)], capture_output=True, check=False).returncode == 0
    assert f'"{NOTICED_BY[name]}"' in failures(copy)


def test_a_name_that_is_no_check_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSuchCheck):
        mutate("unheard_of", tmp_path / "copy")
    with pytest.raises(NoSuchCheck):
        blanked("<?php\n", "window")
    assert not (tmp_path / "copy").exists()
