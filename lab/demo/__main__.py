"""`python -m lab.demo`: the whole main job on a real WordPress, each claim checked against the site's own files.

Environment: DEMO_SITES=1 plays on one site instead of three; KEEP=1 leaves everything running and prints the addresses; YES=1 lets it install Debian
packages (as root and in CI it may as well).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.browser import Browser
from lab.core import plan, tree
from lab.demo import acts, changing
from lab.demo.changing import Company
from lab.demo.control import Control
from lab.demo.people import Somebody
from lab.demo.places import Place
from lab.demo.stage import DemoFailed, Stage, fail
from lab.errors import LabError
from lab.php import foresee
from lab.recorder import Recorder
from lab.site import Lab
from lab.updates import UpdateServer

ROOT = Path(__file__).parents[2]
VERSIONS = (("blog", "6.8"), ("club", "6.5"), ("shop", "7.1"))
HEALTH_SECONDS = 1


def main() -> int:
    stage = Stage()
    folder = Path(tempfile.mkdtemp(prefix="presswarden-demo-"))
    keep = os.environ.get("KEEP") == "1"
    asked = os.environ.get("DEMO_SITES", "3")
    if asked not in {"1", "3"}:
        fail("DEMO_SITES is 1 or 3.")
        return 2
    with UpdateServer.start() as updates:
        control = Control(
            folder / "control",
            {
                "PRESSWARDEN_HEALTH_SECONDS": str(HEALTH_SECONDS),
                "PRESSWARDEN_PACKAGE_HOSTS": f"downloads.wordpress.org={updates.url}/downloads.wordpress.org",
            },
        )
        return _ended(stage, folder, control, updates, sites=int(asked), keep=keep)


def _ended(stage: Stage, folder: Path, control: Control, updates: UpdateServer, *, sites: int, keep: bool) -> int:
    try:
        return _play(stage, folder, control, updates, sites=sites, keep=keep)
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


def _play(stage: Stage, folder: Path, control: Control, updates: UpdateServer, *, sites: int, keep: bool) -> int:
    versions = VERSIONS[-sites:]
    _announce(stage, versions)
    with Recorder() as recorder, Lab(folder / "lab", report=stage.say, keep=keep) as lab:
        places = []
        with stage.step("Real WordPress sites boot" if sites > 1 else "A real WordPress boots"):
            for label, version in versions:
                observed = {"WP_HOME": recorder.url, "WP_SITEURL": recorder.url} if label == "shop" else {}
                site = lab.site(label, version=version, constants=observed)
                site.use_updates(updates.url)
                site.install_plugin(ROOT / "connector", activate=label != "shop")
                places.append(Place(control, site, label, recorder.url if observed else site.url))
                stage.say(f"{label}: WordPress {site.version} at {places[-1].url}")
            shop = places[-1]
            recorder.target = shop.site.port
            stage.say("(a recording proxy stands before shop, as an observer on the wire)")
        with stage.step("The control plane starts, all processes in one, on SQLite"):
            pid = control.start()
            stage.say(control.log().strip())
        owner = Somebody(control, "Ada", control.ask("person", "list")[0]["mail"])
        second = Somebody(control, "Ben", "ben@demo.example")
        newest = tree("7.1") if sites > 1 else None
        company = Company(stage, control, updates, places, owner, second, folder / "packages", newest)
        cast = acts.Cast(stage, shop.site, recorder, control, Browser(recorder.url))
        for title, act in _acts(cast, company):
            with stage.step(title):
                act()
        print(f"\nThe demo took {stage.total():.1f} s: " + ", ".join(f"{took:.1f}" for _, took in stage.times), flush=True)
        if keep:
            _keep(shop.site.admin, recorder, control, pid)
    return 0


def _acts(cast: acts.Cast, company: Company) -> list[tuple[str, Callable[[], None]]]:
    def others() -> None:
        for place in company.places[:-1]:
            place.pair()
            cast.stage.say(f"{place.label} is paired, by WP-CLI on its own machine")

    play: list[tuple[str, Callable[[], None]]] = [
        ("The site is paired through the plugin's own admin page", lambda: acts.pair(cast)),
        ("The others are paired", others),
        ("What is known of it, and how old each fact is", lambda: acts.inventory(cast)),
        ("Signed reads", lambda: acts.reads(cast)),
        ("An observer replays and alters what passed: the site refuses", lambda: acts.attack(cast)),
        ("People, passkeys and the policy", lambda: changing.people_and_policy(company)),
        ("Old versions are installed, as on any site", lambda: changing.install(company)),
        ("A theme is updated: proposed, adopted, approved, snapshotted, checked", lambda: changing.first_changes(company)),
        ("A plugin update: one canary, and the others follow by themselves", lambda: changing.canary(company)),
        ("A language pack, which the policy lets run by itself", lambda: changing.languages(company)),
        ("A new WordPress, which two owners have to agree to", lambda: changing.core(company)),
        (changing.title_of_bad_days(company), lambda: changing.bad_days(company)),
        ("What changed?", lambda: changing.what_changed(company)),
        ("The audit is exported and verified without the database", lambda: acts.prove(cast)),
    ]
    # One site has one writer, so what three do at once would come one after the other.
    for_many = ("The others are paired", "A theme is updated", "A language pack", "A new WordPress")
    return [one for one in play if not company.alone or not one[0].startswith(for_many)]


def _announce(stage: Stage, versions: Sequence[tuple[str, str]]) -> None:
    print("Presswarden: real WordPress sites are paired, seen, changed, taken back and proved.")
    stage.say(
        f"The minute of checks after each change is {HEALTH_SECONDS} second here; nothing else is shortened but the policy's waiting days."
    )
    if len(versions) == 1:
        stage.say(
            "On one site you see one update and two bad releases; themes, languages, WordPress itself and a killed PHP need all three."
        )
    missing, php = [each for each in plan(tuple(version for _, version in versions)) if not each.cached], foresee()
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
