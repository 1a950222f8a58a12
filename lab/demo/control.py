"""The control plane as the demo runs it: the installed program, in a home folder of its own, driven through its command line.

Limits: one `presswarden serve` on a free loopback port; ended with the demo unless it is to be kept.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.commands import Ran, attempt
from lab.errors import LabError
from lab.server import free_port

PROGRAM = Path(sys.executable).with_name("presswarden")


class Control:
    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings`: further environment variables of the program."""
        self.home = home
        self.settings = dict(settings or {})
        self.acting = ""
        """Whose commands these are, by mail, where none is named; empty: the only owner's."""
        self.url = f"http://127.0.0.1:{free_port()}"
        self._served: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PRESSWARDEN_HOME": str(self.home),
            "PRESSWARDEN_LISTEN": self.url.removeprefix("http://"),
            "PRESSWARDEN_URL": self.url,
            "PRESSWARDEN_SITE_NETWORKS": "127.0.0.0/8",
            "NO_COLOR": "1",
            **self.settings,
        }

    def start(self) -> int:
        """Start `presswarden serve` and wait until it answers. The process id."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "serve.log").open("ab") as log:
            self._served = subprocess.Popen([PROGRAM, "serve"], env=self.environment(), stdout=log, stderr=log, start_new_session=True)
        for _ in range(300):
            if self._served.poll() is not None:
                raise LabError("presswarden serve ended at once", self.log(), "read the lines above")
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                    if json.load(answer) == {"status": "ok"}:
                        return self._served.pid
            except OSError:
                time.sleep(0.1)
        raise LabError("presswarden serve does not answer", self.log(), "read the lines above")

    def stop(self) -> None:
        if self._served is not None and self._served.poll() is None:
            self._served.send_signal(signal.SIGTERM)
            try:
                self._served.wait(20)
            except subprocess.TimeoutExpired:
                self._served.kill()
                self._served.wait()

    def attempt(self, *words: str, environment: Mapping[str, str] | None = None) -> Ran:
        """One command as a person types it."""
        env = {**self.environment(), **(environment or {})}
        who = ["--as", self.acting] if self.acting and "--as" not in words else []
        return attempt([PROGRAM, *who, *words], env=env, seconds=120)

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> str:
        """The same, which must succeed; what it printed."""
        ran = self.attempt(*words, environment=environment)
        if ran.code != 0:
            raise LabError(f"presswarden {' '.join(words)} failed with {ran.code}", (ran.stderr or ran.stdout).strip(), "see above")
        return ran.stdout

    def ask(self, *words: str) -> Any:
        """One command with --json; its document."""
        return json.loads(self.run("--json", *words))

    def log(self) -> str:
        path = self.home / "serve.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""
