"""Changes that can't be asked for, answers that can't be given, and policies that say what none may say: what a person is told each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.packages import write_plugin
from lab.updates import UpdateServer
from tests.stages.approvals.documents import as_built_in
from tests.stories.changing import ask_for_updates
from tests.stories.scene import Paired
from tests.transcripts.transcript import Transcript

TINY = "plugin:tiny/tiny.php"
NOBODY = "00000000-0000-4000-8000-000000000000"

pytestmark = [pytest.mark.site, pytest.mark.req("N20", "X5", "X6")]


@pytest.fixture
def offered(shop: Paired, tmp_path: Path) -> Iterator[UpdateServer]:
    """A plugin in the shop that an update is offered for."""
    shop.site.install_plugin(write_plugin(tmp_path, "tiny", "1.0"))
    with UpdateServer.start() as server:
        shop.site.use_updates(server.url)
        server.offer("tiny", "1.1")
        ask_for_updates(shop)
        yield server
        shop.site.use_updates(None)


def test_updates_that_can_not_be_asked_for(transcript: Transcript, shop: Paired) -> None:
    shop.read("wp.site.inventory")
    for component in ("plugin:nobody/nobody.php", "theme:nobody", "core", "plugin:presswarden-connector/presswarden-connector.php"):
        assert transcript.presswarden("site", "update", "shop", component).code == 3
    assert transcript.presswarden("site", "update", "nowhere", "core").code == 1


@pytest.mark.req("X7")
def test_a_yes_that_nobody_typed(transcript: Transcript, shop: Paired, offered: UpdateServer) -> None:
    transcript.remark("No terminal: it is filed, and waits.")
    assert transcript.presswarden("site", "update", "shop", TINY).code == 3
    assert transcript.presswarden("site", "update", "shop", TINY).code == 3
    (filed,) = shop.control.ask("proposal", "list", "--state", "waiting")
    transcript.presswarden("proposal", "list", "--state", "waiting")
    assert transcript.presswarden("proposal", "approve", filed["id"]).code == 3
    assert transcript.presswarden("--json", "proposal", "approve", filed["id"]).code == 2
    assert transcript.presswarden("proposal", "approve", filed["id"], "--passkey").code == 3
    assert transcript.presswarden("proposal", "adopt", filed["id"]).code == 3
    assert transcript.presswarden("proposal", "reject", filed["id"], "--reason", "not today").code == 0
    assert transcript.presswarden("proposal", "approve", filed["id"]).code == 3
    assert offered.downloads("tiny") == 0
    assert shop.ask("changes") == []


@pytest.mark.req("P7")
def test_policies_that_are_wrong(transcript: Transcript, tmp_path: Path) -> None:
    transcript.hidden[str(tmp_path)] = "<folder>"
    faults = {
        "misspelt": as_built_in(confidence_treshold=0.9),
        "too-low": as_built_in(confidence_threshold=0.2),
        "hold": as_built_in(holds=[{"component": "plugin:a/a.php", "version": "*", "until": "soon", "reason": "x"}]),
        "unsigned": {**as_built_in(), "security": {**as_built_in()["security"], "require_signed_tool_calls": False}},
    }
    for name, document in faults.items():
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(document))
        assert transcript.presswarden("policy", "check", str(file)).code == 2
    (tmp_path / "half.json").write_text('{"policy_version"')
    assert transcript.presswarden("policy", "check", str(tmp_path / "half.json")).code == 2
    assert transcript.presswarden("policy", "set", str(tmp_path / "nothing.json")).code == 2
    assert transcript.presswarden("policy", "confirm", "7").code == 2


def test_changes_and_proposals_that_nobody_knows(transcript: Transcript, shop: Paired) -> None:
    assert transcript.presswarden("proposal", "show", NOBODY).code == 2
    assert transcript.presswarden("change", "show", NOBODY).code == 2
    assert transcript.presswarden("snapshot", "restore", "shop", NOBODY).code == 2
    assert transcript.presswarden("snapshot", "delete", "shop", NOBODY).code == 2
    assert transcript.presswarden("snapshot", "list", "shop").code == 0
    assert transcript.presswarden("site", "changes", "shop").code == 0
    assert transcript.presswarden("site", "mode", "shop", "autonomous").code == 3
    assert transcript.presswarden("site", "mode", "shop").code == 0
