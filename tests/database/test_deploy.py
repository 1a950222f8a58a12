"""What deploy/ gives to whom: each service its own login, its own key and nobody else's, and no network that it does not need. Nothing is started."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from presswarden.processes.settings import Settings
from tests.support.roles import DEPLOY, PROCESSES
from tests.support.units import PROGRAM, lines_of

pytestmark = pytest.mark.req("N8", "W5")

WITH_KEYS = {"web", "dispatcher", "janitor", "courier"}
REACHES_OUT = {"dispatcher", "courier"}


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def unit(name: str) -> configparser.RawConfigParser:
    """Systemd names a key more than once; what is asked here are the sections' lines."""
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    found.read(DEPLOY / "systemd" / f"presswarden-{name}.service")
    return found


def settings_of(name: str) -> dict[str, str]:
    text = (DEPLOY / "env" / f"{name}.env").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


@pytest.mark.parametrize("process", PROCESSES)
def test_a_unit_runs_one_process_as_its_own_user_with_its_own_settings(process: str) -> None:
    found = unit(process)
    assert found["Service"]["ExecStart"] == f"/opt/presswarden/bin/presswarden {process}"
    assert found["Service"]["User"] == f"presswarden-{process}"
    assert found["Service"]["StateDirectoryMode"] == "0700"
    assert lines_of(process, "EnvironmentFile") == ["/etc/presswarden/common.env", f"/etc/presswarden/{process}.env"]
    assert lines_of(process, "Environment") == [f"PRESSWARDEN_HOME=/var/lib/presswarden/{process}"]
    assert found["Unit"]["Requires"] == "presswarden-migrate.service"
    keys = lines_of(process, "ConditionPathExists")
    assert keys == ([f"/var/lib/presswarden/{process}/keys/{process}.kek"] if process in WITH_KEYS else [])
    for guard in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"):
        assert found["Service"][guard] == "yes"
    assert found["Service"]["CapabilityBoundingSet"] == ""
    if process in {"janitor", "analyst"}:
        assert (found["Service"]["IPAddressDeny"], found["Service"]["IPAddressAllow"]) == ("any", "localhost")


@pytest.mark.parametrize("process", PROCESSES)
def test_a_container_gets_its_own_login_and_key_and_the_networks_it_needs(process: str) -> None:
    whole = compose()
    found = whole["services"][process]
    assert found["command"] == ["presswarden", process]
    assert found["env_file"] == ["env/common.env", f"env/{process}.env"]
    key = f"./keys/{process}.kek:/var/lib/presswarden/keys/{process}.kek:ro"
    assert found["volumes"] == [f"{process}:/var/lib/presswarden", *([key] if process in WITH_KEYS else [])]
    assert (found["read_only"], found["cap_drop"], found["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    out = {"front"} if process == "web" else {"out"} if process in REACHES_OUT else set()
    assert set(found["networks"]) == {"data"} | out
    assert whole["networks"]["data"] == {"internal": True}
    assert found.get("ports", []) == (["127.0.0.1:8700:8700"] if process == "web" else [])
    assert "secrets" not in found


@pytest.mark.parametrize("process", [*PROCESSES, "owner", "backup"])
def test_settings_name_one_login_and_the_program_takes_them(process: str, tmp_path: Path) -> None:
    given = settings_of("common") | settings_of(process)
    assert re.findall(r"presswarden_(\w+):", given["PRESSWARDEN_DATABASE"]) == [process]
    text = (DEPLOY / "env" / f"{process}.env").read_text()
    assert set(re.findall(r"presswarden_(\w+)", text)) == {process}
    assert ("SMTP" in text) is (process == "courier")
    loaded = Settings.load(tmp_path, given)
    assert set(loaded.values) == {key.removeprefix("PRESSWARDEN_").lower() for key in given}
    getattr(loaded, process if process in PROCESSES else "desk")()


def test_the_owners_login_migrates_and_does_nothing_else() -> None:
    starts = lines_of("migrate", "ExecStart")
    assert starts[0].endswith("presswarden migrate")
    assert starts[1].endswith("--file /opt/presswarden/deploy/grants.sql")
    assert len(starts) == 2
    assert compose()["services"]["migrate"]["env_file"] == ["env/common.env", "env/owner.env"]
    users = [name for name in compose()["services"] if "env/owner.env" in compose()["services"][name].get("env_file", [])]
    assert users == ["migrate"]
    assert not [process for process in PROCESSES if "/etc/presswarden/owner.env" in lines_of(process, "EnvironmentFile")]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    for path in (DEPLOY / "systemd").iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/presswarden/bin/presswarden", str(PROGRAM)))
    units = sorted(tmp_path.glob("*.service"))
    assert len(units) == len(PROCESSES) + 1
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "presswarden" in line]
    assert (done.returncode, ours) == (0, [])
