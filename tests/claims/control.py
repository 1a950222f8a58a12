"""Starts `control_process` with the product as it is, or with a copy of the package in which one piece of source was replaced.

Limits: one process and one SQLite file each; ended by whoever started it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from lab.server import free_port
from tests.connector.peer import Offer
from tests.connector.wire import ControlKey

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("control_process.py")


@dataclass(frozen=True)
class Edit:
    """One exact piece of a module of the control plane, and what stands there instead."""

    module: str
    old: str
    new: str = ""

    def apply(self, source: Path) -> None:
        path = source / self.module
        text = path.read_text()
        if text.count(self.old) != 1:
            raise LookupError(f"{self.module} holds this {text.count(self.old)} times: {self.old}")
        path.write_text(text.replace(self.old, self.new))


class ControlPlane:
    """`with ControlPlane(folder, template) as control:` answers on a free loopback port."""

    def __init__(self, folder: Path, template: Path, *edits: Edit) -> None:
        self._folder, self._edits = folder, edits
        folder.mkdir(parents=True)
        self._file = folder / "control.sqlite"
        shutil.copyfile(template, self._file)
        self._port = free_port()

    def __enter__(self) -> Self:
        source = ROOT / "src"
        if self._edits:
            source = self._folder / "tree" / "src"
            shutil.copytree(ROOT / "src" / "presswarden", source / "presswarden", ignore=shutil.ignore_patterns("__pycache__"))
            for read in ("contract", "docs"):
                (source.parent / read).symlink_to(ROOT / read)
            for edit in self._edits:
                edit.apply(source / "presswarden")
        environment = {**os.environ, "PYTHONPATH": f"{source}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
        self._log = (self._folder / "control.log").open("wb")
        self._served = subprocess.Popen(
            [sys.executable, PROGRAM, str(self._file), str(self._port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=environment, text=True,
        )  # fmt: skip
        try:
            self._answer()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        assert self._served.stdin is not None
        self._served.stdin.close()
        try:
            self._served.wait(15)
        except subprocess.TimeoutExpired:
            self._served.kill()
            self._served.wait()
        if self._served.stdout is not None:
            self._served.stdout.close()
        self._log.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        assert self._served.stdin is not None
        self._served.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._served.stdin.flush()
        return self._answer()

    def offer(self, home: str) -> Offer:
        """A pairing string as a person gets it, and the control key behind it."""
        made = self.ask("offer", home=home)
        body = base64.urlsafe_b64decode(made["text"].split(".")[1] + "==")
        return Offer(made["installation"], bytes.fromhex(json.loads(body)["secret"]), ControlKey(bytes.fromhex(made["seed"])), self.url)

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None, *, source: str = "127.0.0.1") -> httpx.Response:
        """One POST, from a loopback address of one's choice."""
        with httpx.Client(transport=httpx.HTTPTransport(local_address=source), timeout=30) as client:
            return client.post(self.url + path, content=body, headers={"Content-Type": "application/json", **(headers or {})})

    def _answer(self) -> dict[str, Any]:
        assert self._served.stdout is not None
        line = self._served.stdout.readline()
        if not line:
            raise RuntimeError((self._folder / "control.log").read_text()[-3000:])
        told: dict[str, Any] = json.loads(line)
        if "fault" in told:
            raise RuntimeError(told["fault"])
        return told
