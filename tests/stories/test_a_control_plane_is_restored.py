"""A control plane comes back from an older backup: it calls no site before that site was heard, replays nothing, and keeps what only the site remembers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.demo.control import PROGRAM
from lab.recorder import Recorder
from lab.site import Site
from tests.stories.scene import Observed, pair, until

pytestmark = [pytest.mark.site, pytest.mark.req("N16")]
WORDS = "seven copper otters hum"


def _with_passphrase(control: Observed, *words: str) -> str:
    told = subprocess.run(
        [PROGRAM, "--json", *words, "--passphrase-fd", "0"],
        env=control.environment(),
        input=WORDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told
    return told.stdout


def _calls(site: Site) -> int:
    """How many calls the site ever took."""
    return int(site.php('global $wpdb; echo $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->prefix}presswarden_calls" );'))


def test_nothing_is_sent_or_replayed_before_the_first_heartbeat_lifts_the_fence(tmp_path: Path, new_site: Callable[..., Site]) -> None:
    with Recorder() as wire:
        control = Observed(tmp_path / "home", wire)
        control.start()
        try:
            shop = pair(control, new_site(), "shop")
            shop.read()
            _with_passphrase(control, "backup", str(tmp_path / "backup"))
            shop.ask("pause", "--reason", "after the backup")
            until(lambda: shop.status()["paused"] == "control", "paused on the site")
            control.stop()
            control.home.rename(tmp_path / "lost")

            told = json.loads(_with_passphrase(control, "restore", str(tmp_path / "backup")))
            assert (told["held"], told["organisations"]) == (1, 1)
            before = _calls(shop.site)
            control.start()
            assert shop.refused("read", "wp.site.health").code == "gate.restored"
            assert _calls(shop.site) == before, "nothing was sent, nothing was replayed"

            shop.beat()
            until(lambda: shop.audited("site.fences_compared") != [], "the fences are compared")
            assert shop.read()["paused"] == "control", "calls go again; the pause that only the site remembered stays"
            assert shop.show()["pause_wanted"] is True
            assert _calls(shop.site) > before
            shop.ask("resume")
            until(lambda: shop.status()["paused"] == "", "the restored control plane lifts it when a person asks")
        finally:
            control.stop()
