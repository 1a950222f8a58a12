"""What happens in the demo, act by act. Each prints what it saw and checks it against the site's own files or the lab's oracle.

Limits: no act knows a secret of the control plane; the attacks use only what the recorder saw on the wire.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lab.browser import Browser
from lab.commands import Ran
from lab.demo.control import Control
from lab.demo.stage import DemoFailed, Stage, side_by_side
from lab.gate import Answer
from lab.recorder import Recorder
from lab.site import Site

PAGE = "/wp-admin/tools.php?page=presswarden"
READS = ("wp.site.get_environment", "wp.site.inventory", "wp.site.health")


@dataclass
class Cast:
    stage: Stage
    site: Site
    recorder: Recorder
    control: Control
    browser: Browser


def pair(cast: Cast) -> None:
    made = cast.control.ask("site", "pair", "shop", "--no-wait")
    cast.stage.say(f"The control plane made a pairing string: single use, ten minutes ({len(made['pairing'])} characters)")
    cast.browser.log_in(*cast.site.admin)
    plugins = cast.browser.get("/wp-admin/plugins.php")
    link = re.search(r'href="(plugins\.php\?action=activate[^"]*presswarden[^"]*)"', plugins.html)
    if link is None:
        raise DemoFailed("The plugins page offers no link to activate the connector.")
    cast.browser.get("/wp-admin/" + link[1].replace("&amp;", "&"))
    page = cast.browser.get(PAGE)
    cast.stage.say("Logged in as the site's administrator, activated the plugin, opened Tools > Presswarden, pasted the string")
    cast.browser.submit(page, page.form_with("presswarden_string"), {"presswarden_string": made["pairing"]})
    site = _until_paired(cast, made["site"])
    status = json.loads(cast.site.wp("presswarden", "status", "--format=json").stdout)
    cast.stage.say(f"Both sides show the words: {status['words']}")
    cast.stage.check(
        "the site says it is paired with this control plane", holds=(status["state"], status["control"]) == ("paired", cast.control.url)
    )
    cast.stage.check(
        "the control plane says it is paired with this site", holds=(site["state"], site["home"]) == ("paired", cast.recorder.url)
    )


def inventory(cast: Cast) -> None:
    cast.site.wp("presswarden", "heartbeat")
    text, document = side_by_side(
        lambda: cast.control.run("site", "show", "shop"), lambda: cast.control.run("--json", "site", "show", "shop")
    )
    cast.stage.say(text)
    seen = json.loads(document)
    version = re.search(r"\$wp_version = '([^']+)'", (cast.site.root / "wp-includes/version.php").read_text())
    core = seen["components"]["core"]["version"]
    cast.stage.check(f"WordPress {core} is what wp-includes/version.php says", holds=version is not None and core == version[1])
    on_disk = _plugins_on_disk(cast.site.content / "plugins")
    shown = {key.removeprefix("plugin:"): value["version"] for key, value in seen["components"].items() if key.startswith("plugin:")}
    cast.stage.check(f"the {len(on_disk)} plugins and their versions are those of the files' own headers", holds=shown == on_disk)
    cast.stage.check("every fact has an age", holds=all(isinstance(fact["age_seconds"], int) for fact in seen["facts"].values()))


def reads(cast: Cast) -> None:
    cast.site.clear_events()
    asked = [partial(cast.control.ask, "site", "read", "shop", tool) for tool in READS]
    for tool, told in zip(READS, side_by_side(*asked), strict=True):
        cast.stage.say(f"{tool}: {_short(told['result'])}")
    ran = [event["tool"] for event in cast.site.await_events("action_ran", len(READS))]
    cast.stage.check(f"the site ran these {len(READS)} reads and nothing else", holds=set(ran) == set(READS))


def attack(cast: Cast) -> None:
    cast.site.clear_events()
    call = next(one for one in reversed(cast.recorder.calls()) if b"wp.site.health" in one.body)
    id_ = call.header("X-WP-Agent-ToolCallId")
    cast.stage.say(f"Captured: POST {call.path}, call {id_}, {len(call.body)} bytes")
    _refused(cast, "the same bytes again", cast.recorder.replay(call), 409, "call.duplicate")
    changed = call.body.replace(b"wp.site.health", b"wp.site.hea1th")
    _refused(cast, "one character of the body changed", cast.recorder.replay(call, body=changed), 401, "call.signature")
    later = {"X-WP-Agent-Timestamp": str(int(call.header("X-WP-Agent-Timestamp")) + 10)}
    _refused(cast, "the time stamp moved", cast.recorder.replay(call, headers=later), 401, "call.signature")
    other = {"X-WP-Agent-SignatureAlg": "hmac-sha256"}
    _refused(cast, "another algorithm named", cast.recorder.replay(call, headers=other), 401, "call.algorithm")
    cast.stage.check("the oracle on the site saw nothing run", holds=cast.site.events("action_ran") == [])


def prove(cast: Cast) -> None:
    away = cast.control.home.parent / "kept-by-somebody-else"
    export = cast.control.home.parent / "audit-export"
    altered = cast.control.home.parent / "altered-by-somebody"
    cast.stage.say(cast.control.run("audit", "list", "--limit", "8"))
    _all_placed(cast)
    cast.stage.say(cast.control.run("audit", "export", str(export)))
    shutil.copytree(export, away)
    shutil.copytree(export, altered)
    _tamper(altered)
    alone = {"PRESSWARDEN_HOME": str(cast.control.home.parent / "no-installation-here")}

    def verified(folder: Path) -> Ran:
        return cast.control.attempt("audit", "verify-export", str(folder), "--key", str(export / "log.vkey"), environment=alone)

    good, found = side_by_side(partial(verified, away), partial(verified, altered))
    cast.stage.say(good.stdout)
    cast.stage.check("the export verifies where no database is", holds=good.code == 0 and "agree" in good.stdout)
    cast.stage.say(next((line for line in found.stdout.splitlines() if "WRONG" in line), found.stdout + found.stderr))
    cast.stage.check("one byte changed in it is found, and where", holds=found.code == 6)


def _refused(cast: Cast, what: str, answer: Answer, status: int, code: str) -> None:
    told = json.loads(answer.body)
    cast.stage.check(f"{what}: {answer.status} {told.get('code')}", holds=(answer.status, told.get("code")) == (status, code))


def _until_paired(cast: Cast, site: str) -> dict[str, Any]:
    for _ in range(60):
        for found in cast.control.ask("site", "list"):
            if found["id"] == site and found["state"] == "paired":
                return dict(found)
    raise DemoFailed("The control plane did not confirm the pairing:\n" + cast.control.log())


def _all_placed(cast: Cast) -> None:
    for _ in range(60):
        if all(entry["index"] is not None for entry in cast.control.ask("audit", "list")):
            return
    raise DemoFailed("The janitor did not give every entry its place.")


def _plugins_on_disk(folder: Path) -> dict[str, str]:
    found = {}
    for file in (*folder.glob("*.php"), *folder.glob("*/*.php")):
        head = file.read_text(errors="replace")[:8192]
        name, version = (re.search(rf"^[ \t/*#@]*{field}:(.*)$", head, re.M | re.I) for field in ("Plugin Name", "Version"))
        if name is not None:
            found[str(file.relative_to(folder))] = version[1].strip() if version else ""
    return found


def _tamper(folder: Path) -> None:
    bundle = next(path for path in sorted((folder / "tile" / "entries").rglob("*")) if path.is_file())
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    bundle.write_bytes(bytes(content))


def _short(result: dict[str, Any]) -> str:
    text = json.dumps(result, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:197]}..."
