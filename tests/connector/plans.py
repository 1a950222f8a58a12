"""Plans and the proofs of their leaves, the way a control plane builds them (wire.md section 3).

A second implementation on purpose, like `wire`. A plan is fixed once made: `replace` it to tamper.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import rfc8785

DAY = 86_400


@dataclass(frozen=True)
class Planned:
    """One action of a plan: what becomes its leaf."""

    tool: str
    args: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    package: str = ""
    tool_call_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    leaf: dict[str, Any] = field(default_factory=dict)
    """Members of the leaf that a test wants otherwise."""


@dataclass(frozen=True)
class Plan:
    """`Plan(here.home, (Planned(...), Planned(...)))`; action n is leaf n, the header is leaf 0."""

    home: str
    actions: tuple[Planned, ...]
    plan: str = field(default_factory=lambda: str(uuid.uuid4()))
    org: str = field(default_factory=lambda: str(uuid.uuid4()))
    level: str = "medium"
    made: int = field(default_factory=lambda: int(time.time()) - 60)
    top: dict[str, Any] = field(default_factory=dict)
    """Members of the header that a test wants otherwise."""

    @property
    def header(self) -> bytes:
        whole = {
            "actions": len(self.actions),
            "approvals": 1,
            "level": self.level,
            "not_after": self.made + DAY,
            "not_before": self.made,
            "org": self.org,
            "plan": self.plan,
            "v": 1,
            **self.top,
        }
        return rfc8785.dumps(whole)

    def leaf(self, index: int) -> bytes:
        action = self.actions[index - 1]
        whole = {
            "args": action.args,
            "aud": self.home,
            "before": action.before,
            "not_after": self.made + DAY,
            "not_before": self.made,
            "package": action.package,
            "plan": self.plan,
            "tool": action.tool,
            "tool_call_id": action.tool_call_id,
            "v": 1,
            **action.leaf,
        }
        return rfc8785.dumps(whole)

    @property
    def hashes(self) -> list[bytes]:
        texts = [self.header, *(self.leaf(index) for index in range(1, len(self.actions) + 1))]
        return [hashlib.sha256(b"\x00" + text).digest() for text in texts]

    @property
    def root(self) -> str:
        return root_of(self.hashes).hex()

    def body(self, index: int, bind: dict[str, Any]) -> bytes:
        """The body of the call that runs action `index`."""
        hashes = self.hashes
        whole = {
            "bind": bind,
            "header": self.header.decode(),
            "header_proof": [one.hex() for one in path_of(0, hashes)],
            "index": index,
            "leaf": self.leaf(index).decode(),
            "proof": [one.hex() for one in path_of(index, hashes)],
            "run_id": str(uuid.uuid4()),
            "size": len(hashes),
            "tool": self.actions[index - 1].tool,
        }
        return rfc8785.dumps(whole)


def root_of(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(hashes[:split]) + root_of(hashes[split:])).digest()


def path_of(index: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if index < split:
        return [*path_of(index, hashes[:split]), root_of(hashes[split:])]
    return [*path_of(index - split, hashes[split:]), root_of(hashes[:split])]
