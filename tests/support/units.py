"""The units of deploy/systemd as systemd would run them, with what they name put elsewhere: program, settings, state, server.

Nothing else of a unit is changed: its commands and its environment are taken from its lines. Limits: users, capabilities and networks are systemd's to keep.
"""

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.roles import DEPLOY

PROGRAM = Path(sys.executable).with_name("presswarden")


def lines_of(name: str, key: str) -> list[str]:
    text = (DEPLOY / "systemd" / f"presswarden-{name}.service").read_text()
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Where an installation lies: `etc` for its settings, `var` for what its processes keep."""

    etc: Path
    var: Path

    def commands(self, unit: str) -> list[list[str]]:
        given = self.environment(unit)
        found = [shlex.split(self._here(line)) for line in lines_of(unit, "ExecStart")]
        return [[re.sub(r"\$\{(\w+)\}", lambda name: given[name[1]], word) for word in words] for words in found]

    def environment(self, unit: str) -> Mapping[str, str]:
        """Of its own lines and of its files, in systemd's order: the files win."""
        lines = [self._here(line) for line in lines_of(unit, "Environment")]
        for file in lines_of(unit, "EnvironmentFile"):
            lines += [line for line in Path(self._here(file)).read_text().splitlines() if line and not line.startswith("#")]
        return dict(line.split("=", 1) for line in lines)

    def settle(self, server: str) -> None:
        """Put the settings there as README.md says, with `server` (HOST:PORT/NAME, perhaps with a query) in the place of the one they name."""
        self.etc.mkdir(parents=True)
        for file in (DEPLOY / "env").glob("*.env"):
            named = file.read_text().replace("127.0.0.1:5432/presswarden", server)
            (self.etc / file.name).write_text(named)

    def _here(self, text: str) -> str:
        text = text.replace("/opt/presswarden/bin/presswarden", str(PROGRAM)).replace("/opt/presswarden/deploy", str(DEPLOY))
        return text.replace("/etc/presswarden", str(self.etc)).replace("/var/lib/presswarden", str(self.var))
