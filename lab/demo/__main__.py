"""`python -m lab.demo`: the whole main job on a real WordPress, each claim checked against the site's own files.

Environment: KEEP=1 leaves everything running and prints the addresses; YES=1 lets it install Debian packages (as root and in CI it may as well).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from lab.browser import Browser
from lab.core import plan
from lab.demo import acts
from lab.demo.control import Control
from lab.demo.stage import DemoFailed, Stage, fail
from lab.errors import LabError
from lab.php import foresee
from lab.recorder import Recorder
from lab.site import Lab

ROOT = Path(__file__).parents[2]


def main() -> int:
    stage = Stage()
    folder = Path(tempfile.mkdtemp(prefix="presswarden-demo-"))
    keep = os.environ.get("KEEP") == "1"
    control = Control(folder / "control")
    try:
        return _play(stage, folder, control, keep=keep)
    except (LabError, DemoFailed) as fault:
        fail(str(fault))
        return 1
    except KeyboardInterrupt:
        fail("interrupted")
        return 130
    finally:
        if not keep:
            control.stop()
            shutil.rmtree(folder, ignore_errors=True)


def _play(stage: Stage, folder: Path, control: Control, *, keep: bool) -> int:
    _announce(stage)
    with Recorder() as recorder, Lab(folder / "lab", report=stage.say, keep=keep) as lab:
        with stage.step("A real WordPress boots"):
            site = lab.site("shop", version="7.1", constants={"WP_HOME": recorder.url, "WP_SITEURL": recorder.url})
            recorder.target = site.port
            site.install_plugin(ROOT / "connector", activate=False)
            stage.say(f"WordPress {site.version} at {recorder.url} (a recording proxy stands before it, as an observer on the wire)")
        with stage.step("The control plane starts, all processes in one, on SQLite"):
            pid = control.start()
            stage.say(control.log().strip())
        cast = acts.Cast(stage, site, recorder, control, Browser(recorder.url))
        play: list[tuple[str, Callable[[acts.Cast], None]]] = [
            ("The site is paired through the plugin's own admin page", acts.pair),
            ("What is known of it, and how old each fact is", acts.inventory),
            ("Signed reads", acts.reads),
            ("An observer replays and alters what passed: the site refuses", acts.attack),
            ("The audit is exported and verified without the database", acts.prove),
        ]
        for title, act in play:
            with stage.step(title):
                act(cast)
        print(f"\nThe demo took {stage.total():.1f} s: " + ", ".join(f"{took:.1f}" for _, took in stage.times), flush=True)
        if keep:
            _keep(site.admin, recorder, control, pid)
    return 0


def _announce(stage: Stage) -> None:
    print("Presswarden: one real WordPress is paired, seen and proved.")
    missing, php = [each for each in plan(("7.1",)) if not each.cached], foresee()
    if not missing and not php:
        stage.say("Nothing is installed or downloaded: PHP is here, WordPress and what it needs lie in the cache.")
    if php:
        stage.say(php)
    for each in missing:
        stage.say(f"Will download {each.what} from {each.source}, about {each.about_bytes / 1e6:.0f} MB.")


def _keep(admin: tuple[str, str], recorder: Recorder, control: Control, pid: int) -> None:
    print(f"\nLeft running:\n   WordPress      {recorder.url}/wp-admin/ (user {admin[0]}, password {admin[1]})")
    print(f"   control plane  {control.url} (process {pid}, home {control.home})")
    print(f"   its commands   PRESSWARDEN_HOME={control.home} PRESSWARDEN_URL={control.url} .venv/bin/presswarden site list")
    print("Ctrl C ends all of it.", flush=True)
    try:
        sys.stdin.read()
    except KeyboardInterrupt:
        pass
    finally:
        control.stop()


if __name__ == "__main__":
    raise SystemExit(main())
