"""The people of the demo: an owner and a second one, each with a passkey in software, who answer at the command line as anybody would.

Limits: the authenticators are seeded, so that a run can be repeated; they are the lab's and nobody else's.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.authenticator import Authenticator
from lab.demo.control import PROGRAM, Control
from lab.errors import LabError


@dataclass
class Somebody:
    """A person who may answer proposals: `mail` is how the command line knows them."""

    control: Control
    name: str
    mail: str
    key: Authenticator | None = None

    def ask(self, *words: str) -> Any:
        """One command as this person, with --json; its document."""
        return self.control.ask("--as", self.mail, *words)

    def enrol(self) -> None:
        """Add the person's passkey."""

        def register(options: dict[str, Any]) -> dict[str, Any]:
            self.key = Authenticator(f"demo {self.mail}", options["rp"]["id"], options["origin"])
            return self.key.register(_bytes(options["challenge"]))

        self._tap(register, "person", "passkey", "add", f"{self.name}'s key")

    def approve(self, proposal: str) -> dict[str, Any]:
        """Say yes with the passkey, over the challenge that was printed."""
        return self._tap(self._sign, "proposal", "approve", proposal, "--passkey")

    def _sign(self, options: dict[str, Any]) -> dict[str, Any]:
        if self.key is None:
            raise LabError(f"{self.name} has no passkey", "enrol() was not called", "call it first")
        return self.key.sign(_bytes(options["challenge"]))

    def _tap(self, answer: Callable[[dict[str, Any]], dict[str, Any]], *words: str) -> dict[str, Any]:
        """Run a command that prints what an authenticator is asked and reads its answer; the document that follows."""
        running = subprocess.Popen(
            [PROGRAM, "--as", self.mail, "--json", *words],
            env=self.control.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdin is not None
        assert running.stdout is not None
        asked = ""
        for line in running.stdout:
            asked += line
            if line.rstrip() == "}":
                break
        if not asked:
            raise LabError(f"presswarden {' '.join(words)} asked for nothing", running.communicate()[1].strip(), "see above")
        told, complaint = running.communicate(json.dumps(answer(json.loads(asked))), timeout=120)
        if running.returncode != 0:
            raise LabError(f"presswarden {' '.join(words)} failed with {running.returncode}", complaint.strip(), "see above")
        return dict(json.loads(told))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
