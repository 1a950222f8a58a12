"""WordPress itself, killed while its files are copied: the drop-in where it still can, the rescue file and the prepend where WordPress can't."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterator

import httpx
import pytest

from lab import core
from lab.errors import LabError
from lab.fpm import find_programs, served_by_fpm
from lab.site import Lab
from tests.connector.conftest import install, pair
from tests.connector.peer import Peer
from tests.connector.wire import ControlKey
from tests.recovery.opened import Watched, tree_hash

pytestmark = [pytest.mark.site, pytest.mark.slow, pytest.mark.req("W15")]
OLD, NEW = "6.5", "7.1"
PARTS = ("index.php", "wp-load.php", "wp-settings.php", "wp-login.php", "wp-cron.php", "wp-includes", "wp-admin")
ITEMS = [{"live": "", "kind": "each", "tops": list(PARTS)}]
POINTS = (0.01, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 0.99)
"""How much of the new version was copied when the process was killed."""


@pytest.fixture(scope="module")
def watched(lab: Lab, peer: Peer) -> Iterator[Watched]:
    try:
        find_programs()
    except LabError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{missing.what}: {missing.why}; {missing.do}")
    site = install(lab.site("core", version=OLD))
    found = Watched.on(pair(site, peer))
    with served_by_fpm(site, children=6, settings={"user_ini.cache_ttl": "1"}):
        yield found
    site.delete()


@pytest.fixture(scope="module")
def old(watched: Watched) -> dict[str, str]:
    return tree_hash(watched.site.root, *PARTS)


def rescue_name(watched: Watched, change: str) -> str:
    text = f"presswarden-rescue-1\n{watched.paired.here.installation}\n{change}"
    return f"presswarden-{hashlib.sha256(text.encode()).hexdigest()[:32]}.php"


def begin(watched: Watched, said: str, **more: object) -> str:
    tree = core.tree(NEW).path
    copies = {part: str(tree / part) for part in PARTS}
    change: str = watched.open(component="core", items=ITEMS, delete=[], copy=copies, said=said, maintenance=True, **more)  # type: ignore[arg-type]  # words of the order
    return change


def is_old(watched: Watched, old: dict[str, str], change: str, why: str) -> None:
    now = tree_hash(watched.site.root, *PARTS)
    assert {name for name in {*old, *now} if old.get(name) != now.get(name)} == set(), (
        "no file of the old version differs, and none of the new is left"
    )
    watched.is_whole()
    assert not (watched.site.root / rescue_name(watched, change)).exists()
    found = watched.state()
    assert found is not None
    assert (found["id"], found["state"], found["why"]) == (change, "restored", why)
    assert watched.site.option("core_updater.lock") is None, "the next update is not kept out"


def kill_at(watched: Watched, point: float) -> str:
    files = sum(1 for part in PARTS for path in [core.tree(NEW).path / part, *(core.tree(NEW).path / part).rglob("*")] if path.is_file())
    return begin(watched, "died", dies_after=max(1, int(files * point)))


@pytest.mark.parametrize("point", POINTS)
def test_a_core_that_lies_in_halves_is_put_back_whole(watched: Watched, old: dict[str, str], point: float) -> None:
    change = kill_at(watched, point)
    assert (watched.site.root / ".maintenance").exists()
    visit = watched.get("/")
    why = "updater-died"
    if (watched.folder / "open.php").exists():
        # WordPress can't even reach the first door any more; the rescue file loads none of its files.
        assert visit.status_code >= 500
        answer = watched.recover(change, f"/{rescue_name(watched, change)}")
        assert (answer.status_code, answer.json()) == (200, {"restored": True, "state": "restored"})
        why = "recover-call"
    print(f"\nkilled at {point:.0%}: {'the rescue file' if why == 'recover-call' else 'the first visit'}")
    is_old(watched, old, change, why)


def test_the_rescue_file_answers_its_own_call_alone_and_goes_with_the_change(watched: Watched, old: dict[str, str]) -> None:
    change = begin(watched, "confirm")
    name = rescue_name(watched, change)
    assert (watched.site.root / name).exists()
    assert watched.get(f"/{name}").status_code == 404
    assert watched.recover(change, f"/{name}", key=ControlKey.new()).status_code == 403
    assert watched.recover(str(uuid.uuid4()), f"/{name}").status_code == 403
    assert watched.state()["state"] == "confirm"  # type: ignore[index]  # it is open
    assert watched.recover(change, f"/{name}").json() == {"restored": True, "state": "restored"}
    assert not (watched.site.root / name).exists()
    is_old(watched, old, change, "recover-call")


def test_a_core_whose_deadline_passed_is_put_back_by_a_visit(watched: Watched, old: dict[str, str]) -> None:
    change = begin(watched, "confirm", deadline=-1)
    assert watched.get("/").status_code == 503, "half of the other core is loaded: the next request is whole"
    assert watched.get("/").status_code == 200
    is_old(watched, old, change, "deadline")


def test_with_the_prepend_a_visit_heals_what_wordpress_can_not(watched: Watched, old: dict[str, str]) -> None:
    prepend = watched.site.content / "mu-plugins/presswarden-watchdog/prepend.php"
    told, root = watched.site.root / "told.php", watched.site.root
    told.write_text("<?php echo ini_get( 'auto_prepend_file' );")
    (root / ".user.ini").write_text(f'auto_prepend_file = "{prepend}"\n')
    written = time.monotonic()
    # Each PHP process looks at the file again once a second, for itself.
    while watched.get("/told.php").text != str(prepend) or time.monotonic() < written + 2.5:
        assert time.monotonic() < written + 30
    for point in (0.3, 0.6):
        change = kill_at(watched, point)
        assert watched.get("/").status_code == 200, "healed and served in one"
        is_old(watched, old, change, "updater-died")
    (root / ".user.ini").unlink()
    told.unlink()


def test_an_ended_core_change_lets_the_old_rescue_address_say_nothing(watched: Watched) -> None:
    change = watched.changes[-1]
    answer = httpx.get(
        f"{watched.site.url}/{rescue_name(watched, change)}", headers={"X-Presswarden-Recover": watched.header("recover", change)}
    )
    assert answer.status_code == 404
