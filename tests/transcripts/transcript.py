"""A golden transcript: commands as they were typed, what they printed and how they ended, in a text file beside the tests.

What differs from run to run is replaced by a short list of substitutions; nothing else is hidden. `--update-transcripts` writes the files anew. Limits:
compares text, so a change of words is a change of the file, to be read by a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab.commands import Ran
from lab.demo.control import Control
from lab.site import Site
from presswarden.surfaces.problems import MEANINGS

FOLDER = Path(__file__).parent
SUBSTITUTIONS = (
    (r"presswarden-1\.[A-Za-z0-9_-]+\.[0-9a-f]{8}", "<pairing string>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "<id>"),
    (r"\b[0-9a-f]{64}\b", "<hash>"),
    (r"(?m)^Words: .+$", "Words: <four words>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "<time>"),
    (r"\b\d{4}-\d\d-\d\d\b", "<date>"),
    (r"\b\d+ (s|min|h|d) ago\b", "<age>"),
    (r"\bon port \d+", "on port <port>"),
    (r"\b1[78]\d{8}\b", "<unix time>"),
    (r"(127\.0\.0\.1|localhost)(:|', )\d+", r"\1\2<port>"),
    (r"(?m)^(core|php|core\.version|php\.version|plugin:akismet\S*|theme:twenty\S*)( +)\d+(\.\d+)+", r"\1\2<version>"),
    (r"(?m)^(site\.clock_ahead +)-?\d+\b", r"\1<seconds>"),
    (r"(?m)^( *(size|checkpoints|payloads)\b +)[1-9]\d*$", r"\1<number>"),
    (r"(?m)^( *(seconds|site_ahead_seconds) +)-(599|60\d)$", r"\1-600"),
    (r"\b9 min behind", "10 min behind"),
    (r" {2,}", "  "),
)
"""In this order. Columns are as wide as their longest cell, so their width goes too."""


@dataclass
class Transcript:
    """Records while commands run."""

    control: Control
    hidden: dict[str, str] = field(default_factory=dict)
    """Paths of this run, and the words that stand for them."""
    steps: list[str] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)

    def remark(self, text: str) -> None:
        """What happened between two commands."""
        self.steps.append(f"# {text}\n")

    def presswarden(self, *words: str, environment: Mapping[str, str] | None = None, typed: str = "") -> Ran:
        """One command of ours. `typed` is how it is written down, where the words themselves would say too little."""
        ran = self.control.attempt(*words, environment=environment)
        self._keep(typed or f"presswarden {' '.join(words)}", ran)
        if ran.code != 0:
            lines = set(re.findall(r'^(Error:|Next:|Code:|  "says":|  "do":|  "code":) +\S.*$', ran.stderr, re.M))
            clear = lines >= {"Error:", "Next:", "Code:"} or lines >= {'  "says":', '  "do":', '  "code":'}
            assert clear, f"no clear answer: {ran}"
            assert ran.code in MEANINGS, f"{ran.code} stands on no page"
        assert "Traceback" not in ran.stderr
        return ran

    def wp(self, site: Site, *words: str, typed: str = "") -> Ran:
        """One command on the site's own machine."""
        ran = site.wp("presswarden", *words)
        self._keep(typed or f"wp presswarden {' '.join(words)}", ran)
        if ran.code != 0:
            assert re.search(r"^Error: .{20,}", ran.stderr, re.M), f"no clear answer: {ran}"
        return ran

    def text(self) -> str:
        text = "\n".join(self.steps)
        for shown, stands_for in sorted(self.hidden.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(shown, stands_for)
        for pattern, replacement in SUBSTITUTIONS:
            text = re.sub(pattern, replacement, text)
        return text

    def compare(self, case: str, *, update: bool) -> None:
        """Raises AssertionError when the file tells another story."""
        file = FOLDER / f"{case}.txt"
        if update:
            file.write_text(self.text(), encoding="utf-8")
        assert file.is_file(), f"no {file.name}: run pytest tests/transcripts --update-transcripts, then read the file"
        assert self.text() == file.read_text(encoding="utf-8")

    def _keep(self, typed: str, ran: Ran) -> None:
        # Printed text must not steer a terminal: whatever stands in the file is visible.
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", ran.stdout + ran.stderr), repr(ran)
        parts = [f"$ {typed}"]
        parts += [ran.stdout.rstrip("\n")] if ran.stdout.strip() else []
        parts += ["[on standard error]", ran.stderr.rstrip("\n")] if ran.stderr.strip() else []
        self.steps.append("\n".join([*parts, f"[exit code {ran.code}]", ""]))
        self.exits.append(ran.code)
