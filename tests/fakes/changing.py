"""A scripted site that can be changed: it checks leaves, proofs and fence as contract/wire.md says, and keeps one plugin, its snapshots and one open change.

It counts what each leaf really did (`effects`, by call id), whether two pieces of work met on it, and what arrived below the highest fence. It checks the
plan by its own arithmetic. Limits: no WordPress, no watchdog; a bad update is one that a test asks for (`breaks`).
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.http import response
from tests.fakes.site import ScriptedSite

PLUGIN = "plugin:shop/shop.php"


@dataclass
class ChangingSite(ScriptedSite):
    version: str = "1.0"
    active: bool = True
    breaks: bool = False
    """The update makes the home page fail."""
    change: dict[str, Any] | None = None
    snapshots: dict[str, str] = field(default_factory=dict)
    effects: list[tuple[str, str]] = field(default_factory=list)
    """Tool and call id of each leaf that ran."""
    fence: int = 0
    fences: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    looks: int = 0
    heard: Callable[[str, str, str], Awaitable[None]] | None = None
    """Told of each request as it `arrives`, and once it is `answered`: the call's id (none for a page), what it was, and which of both."""

    # Plans.

    def _against(self, message: dict[str, Any], call: str) -> str:
        changes = message["tool"].startswith(("wp.plugin.", "wp.change.")) or message["tool"] in {
            "wp.snapshot.delete",
            "wp.snapshot.restore",
        }
        if changes is not ("leaf" in message):
            return "call.plan"
        found = self._plan(message, call) if changes else ""
        if found:
            self.refused.append(found)
        return found

    def _plan(self, message: dict[str, Any], call: str) -> str:
        header, leaf = json.loads(message["header"]), json.loads(message["leaf"])
        if message["bind"]["fence"] < self.fence:
            return "call.fence"
        of_header = root_of_proof(message["header"], 0, message["size"], message["header_proof"])
        of_leaf = root_of_proof(message["leaf"], message["index"], message["size"], message["proof"])
        now = int(self.now().timestamp())
        if of_header != of_leaf or leaf["plan"] != header["plan"] or leaf["tool_call_id"] != call or leaf["aud"] != self.home:
            return "call.plan"
        if leaf["tool"] != message["tool"] or header["actions"] != message["size"] - 1:
            return "call.plan"
        if not leaf["not_before"] - 300 <= now <= leaf["not_after"]:
            return "call.plan_time"
        self.fence = max(self.fence, message["bind"]["fence"])
        self.fences.append(message["bind"]["fence"])
        self._leaf = leaf
        return ""

    def inventory(self) -> dict[str, dict[str, Any]]:
        shop = {"active": self.active, "known": True, "link": False, "name": "Shop", "same_device": True, "version": self.version}
        offers = {f"update:{PLUGIN}": {"package": True, "requires_php": "7.2", "version": "1.1"}} if self.version == "1.0" else {}
        return {"core": {"version": "7.1.4"}, "php": {"version": "8.2.7"}, PLUGIN: shop, **offers}

    # Actions.

    def _result(self, tool: str, args: dict[str, Any]) -> dict[str, Any]:
        match tool:
            case "wp.site.health":
                now = int(self.now().timestamp())
                return {
                    "as_of": now, "change": self.change, "database_answers": True, "disk_free": 10**9, "fatals": [], "file_mods": True,
                    "files_direct": True, "maintenance": "", "paused": self.paused, "paused_extensions": [], "quiet": "", "repair": "",
                    "site_time": now, "watchdog": True, "watchdog_door": "dropin",
                }  # fmt: skip
            case "wp.site.inventory":
                held = self.inventory()
                hashed = hashlib.sha256(_jcs(held)).hexdigest()
                now = int(self.now().timestamp())
                return {"as_of": now, "hash": hashed, "inventory": held, "site_time": now}
            case "wp.snapshot.create":
                return self._create(args)
            case "wp.snapshot.verify":
                self.snapshots[args["snapshot"]] = "verified"
                return {"bytes": 10, "done": True, "files": 1, "next": 1, "says": "", "snapshot": args["snapshot"], "verified": True}
            case "wp.plugin.update" | "wp.change.close" | "wp.snapshot.restore" | "wp.plugin.deactivate":
                self.effects.append((tool, self._leaf["tool_call_id"]))
                return self._act(tool, args)
        return super()._result(tool, args)

    def _create(self, args: dict[str, Any]) -> dict[str, Any]:
        self.snapshots[args["snapshot"]] = "made"
        canary = {"path": f"wp-content/presswarden/{args['snapshot']}/canary.php", "token": "c" * 32}
        return {
            "bytes": 10, "canary": canary, "done": True, "files": 1, "next": 1, "parts": 1, "point_in_time": True, "rows": 0,
            "snapshot": args["snapshot"], "tables": 0,
        }  # fmt: skip

    def _act(self, tool: str, args: dict[str, Any]) -> dict[str, Any]:
        match tool:
            case "wp.plugin.update":
                if self._leaf["before"].get("version") != self.version:
                    self.effects.pop()
                    return {"refused": "action.before"}
                if self.change is not None and self.change["state"] == "confirm":
                    self.effects.pop()
                    return {"refused": "action.change_open"}
                was, self.version = self.version, args["version"]
                now = int(self.now().timestamp())
                self.change = {
                    "component": args["component"], "deadline": now + args["deadline"], "id": args["change"], "opened": now,
                    "state": "confirm", "why": "",
                }  # fmt: skip
                return {
                    "active": True, "bytes": 10, "change": args["change"], "component": args["component"], "deadline": now + 900, "files": 1,
                    "fingerprint": "0" * 64, "maintenance": "", "package": self._leaf["package"], "says": [], "state": "confirm",
                    "version": self.version, "was": was,
                }  # fmt: skip
            case "wp.change.close":
                return self._move(args["change"], "closed") or {"change": args["change"], "state": "closed"}
            case "wp.snapshot.restore":
                against = self._move(args["change"], "restored")
                if against:
                    return against
                self.version = "1.0"
                return {
                    "active": True, "component": PLUGIN, "files": 1, "lost": {"orders": 0, "posts": 0, "users": 0}, "maintenance": "",
                    "scope": args["scope"], "state": "restored", "tables": 0, "version": "1.0",
                }  # fmt: skip
        raise AssertionError(tool)

    def _move(self, change: str, to: str) -> dict[str, Any]:
        if self.change is None or self.change["id"] != change or self.change["state"] != "confirm":
            self.effects.pop()
            return {"refused": "action.change_state"}
        self.change["state"] = to
        return {}

    def _signed(self, call: str, request: bytes, status: int, told: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
        code = told.get("result", {}).get("refused")
        if code:
            status, told = 409, {"code": code, "says": "No.", "status": "refused", "v": 1}
        return super()._signed(call, request, status, told)

    # Public pages.

    async def _respond(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        call = headers.get("x-wp-agent-toolcallid", "")
        what = json.loads(body)["tool"] if call else "page"
        if self.heard is not None:
            await self.heard(call, what, "arrives")
        answer = await super()._respond(path, headers, body) if call else await self._page(path)
        if self.heard is not None:
            self._after_it = asyncio.create_task(self._later(call, what))
        return answer

    async def _later(self, call: str, what: str) -> None:
        await asyncio.sleep(0.005)  # the answer is on its way by then
        if self.heard is not None:
            await self.heard(call, what, "answered")

    async def _page(self, path: str) -> bytes:
        self.looks += 1
        if "canary" in path:
            return response(403, b"", {"Content-Type": "text/html"})
        if self.breaks and self.version != "1.0":
            return response(500, b"<p>There has been a critical error on this website.</p>", {"Content-Type": "text/html"})
        return response(200, b"<!doctype html><title>Shop</title><p>Welcome</p>", {"Content-Type": "text/html"})


def _jcs(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def root_of_proof(text: str, index: int, size: int, proof: list[str]) -> bytes:
    """RFC 9162, 2.1.3.2: where this proof leads."""
    at, last, node = index, size - 1, hashlib.sha256(b"\x00" + text.encode()).digest()
    for one in proof:
        if last == 0:
            return b""
        if at & 1 or at == last:
            node = hashlib.sha256(b"\x01" + bytes.fromhex(one) + node).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + bytes.fromhex(one)).digest()
        at, last = at >> 1, last >> 1
    return node if last == 0 else b""
