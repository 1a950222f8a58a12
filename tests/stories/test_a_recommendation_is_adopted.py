"""The analyst finds an update that a site is offered; a person looks at it, makes it theirs, says yes, and the site has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.packages import write_plugin
from lab.updates import UpdateServer
from tests.stories.changing import ask_for_updates, at_a_terminal, newest_change
from tests.stories.scene import Paired, until

pytestmark = [pytest.mark.site, pytest.mark.req("W5", "W16", "S4", "S5", "N13")]

COMPONENT = "plugin:found/found.php"


def recommended(shop: Paired) -> list[dict[str, Any]]:
    listed = shop.control.ask("proposal", "list", "--site", shop.label, "--state", "recommended")
    return [each for each in listed if "found" in str(each["title"]).lower()]


def test_what_the_analyst_found_is_adopted_approved_and_done(changing: Paired, updates: UpdateServer, tmp_path: Path) -> None:
    changing.site.install_plugin(write_plugin(tmp_path, "found", "1.0"))
    updates.offer("found", "1.0.1")
    ask_for_updates(changing)
    changing.read()  # what a site says of its health is read at times; here now

    def bound() -> bool:
        """Recommended, and again once the courier had fetched the zip: the newer one takes the older one's place."""
        found = recommended(changing)
        return len(found) == 1 and "package-bound" in _codes(changing, found[0]["id"])

    until(bound, "a recommendation with the package's hash", 90)
    (found,) = recommended(changing)
    assert (found["source"], found["by"], found["adopted_by"]) == ("analyst", "process:analyst", None)
    page = changing.control.run("proposal", "show", found["id"])
    assert page.index("Speaks against it") < page.index("Speaks for it")
    assert "patch" in page
    assert changing.ask("changes") == [], "nothing comes of a recommendation by itself"

    changing.control.run("proposal", "adopt", found["id"])
    said = at_a_terminal(changing.control, "proposal", "approve", found["id"])
    assert said.code == 0, said.text
    until(lambda: changing.ask("changes") and newest_change(changing)["result"], "a result", 240)
    change = newest_change(changing)
    assert (change["component"], change["result"], change["seen"]["version"]) == (COMPONENT, "succeeded", "1.0.1")
    assert (change["asked_by"], change["agreed"]) == ("Owner", "Owner")
    act = changing.control.ask("proposal", "show", found["id"])["leaves"][0]["text"]
    assert updates.sha256("found") in act, "the zip that was approved is the one that was fetched outside"


def _codes(shop: Paired, proposal: str) -> list[str]:
    return [each["code"] for each in shop.control.ask("proposal", "show", proposal)["evidence"]]
