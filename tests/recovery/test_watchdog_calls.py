"""What is said to an open change from outside: probes that let weak signs count, the recover call, and the deadline when nobody speaks."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator

import httpx
import pytest

from lab.site import Lab
from tests.connector.conftest import install, pair
from tests.connector.peer import Peer
from tests.connector.wire import ControlKey
from tests.recovery.opened import Watched

pytestmark = [pytest.mark.site, pytest.mark.req("W15")]
ON_INIT = "add_action( 'init', static function () {{ if ( ! defined( 'REST_REQUEST' ) && '/' === strtok( $_SERVER['REQUEST_URI'], '?' ) ) {{ {} }} }} );"
WRONG_PAGE = "add_action( 'template_redirect', static function () { echo 'another page'; exit; } );"
LOOP = "add_action( 'template_redirect', static function () { wp_redirect( home_url( '/?again=1' ) ); exit; } );"


@pytest.fixture(scope="module", params=["7.1", "6.5"])
def watched(request: pytest.FixtureRequest, lab: Lab, peer: Peer) -> Iterator[Watched]:
    site = install(lab.site(f"calls-{request.param.replace('.', '-')}", version=request.param))
    yield Watched.on(pair(site, peer))
    site.delete()


@pytest.fixture(autouse=True)
def as_before(watched: Watched) -> None:
    watched.put_back()


def ended(watched: Watched, change: str, state: str, why: str) -> None:
    found = watched.state()
    assert found is not None
    assert (found["id"], found["state"], found["why"]) == (change, state, why)


@pytest.mark.parametrize(
    ("body", "before", "why", "probes"),
    [
        ("exit;", b"", "boot-cut", 1),
        (ON_INIT.format("exit;"), b"", "boot-cut", 1),
        ("", b"\xef\xbb\xbf", "early-output", 1),
        ("add_action( 'template_redirect', static function () { status_header( 500 ); exit; } );", b"", "http-5xx", 2),
    ],
    ids=["exit on load", "exit on init", "byte order mark", "status 500"],
)
def test_weak_signs_count_on_a_signed_probe_and_on_nothing_else(watched: Watched, body: str, before: bytes, why: str, probes: int) -> None:
    change = watched.open(source=watched.version(body, before=before))
    for _ in range(3):
        watched.get("/")
        watched.get("/", {"X-Presswarden-Probe": watched.header("probe", change, key=ControlKey.new())})
        watched.get("/", {"X-Presswarden-Probe": watched.header("recover", change)})
        watched.get("/", {"X-Presswarden-Probe": watched.header("probe", change, at=int(time.time()) - 301)})
    assert watched.installed() == "1.1"
    for _ in range(probes):
        assert watched.installed() == "1.1"
        watched.probe(change)
    assert watched.installed() == "1.0"
    ended(watched, change, "restored", why)
    watched.is_whole()


def test_a_weak_sign_that_the_page_showed_before_is_no_reason(watched: Watched) -> None:
    cutter = watched.site.content / "mu-plugins" / "05-cut.php"
    cutter.write_text(f"<?php {ON_INIT.format('echo 1; exit;')}")
    # The driver answers on init too, before this one.
    change = watched.open()
    for _ in range(3):
        assert watched.probe(change).text.endswith("1")
    cutter.unlink()
    assert watched.answers() == "1.1"
    assert watched.close(change).status == 200


def test_a_weak_sign_on_a_page_that_nobody_looked_at_before_is_no_reason(watched: Watched) -> None:
    change = watched.open(ON_INIT.replace("'/'", "'/sample-page/'").format("exit;"))
    for _ in range(3):
        watched.probe(change, "/sample-page/")
    assert watched.answers() == "1.1"
    assert watched.close(change).status == 200


def test_a_probe_of_a_healthy_site_changes_nothing(watched: Watched) -> None:
    change = watched.open()
    for path in ("/", "/wp-login.php", "/feed/", "/nothing-is-here"):
        watched.probe(change, path)
    assert watched.answers() == "1.1"
    assert watched.close(change).status == 200


@pytest.mark.parametrize("body", [WRONG_PAGE, LOOP, "exit;"], ids=["wrong page", "redirect loop", "exit on load"])
def test_a_recover_call_takes_back_what_no_sign_tells(watched: Watched, body: str) -> None:
    change = watched.open(body)
    watched.get("/")
    answer = watched.recover(change)
    assert (answer.status_code, answer.json()) == (200, {"restored": True, "state": "restored"})
    assert answer.headers["cache-control"] == "no-store"
    ended(watched, change, "restored", "recover-call")
    watched.is_whole()


@pytest.mark.parametrize("body", [WRONG_PAGE, LOOP, "exit;"], ids=["wrong page", "redirect loop", "exit on load"])
def test_what_nobody_called_good_is_taken_back_after_its_deadline(watched: Watched, body: str) -> None:
    change = watched.open(body, deadline=1)
    watched.get("/")
    assert watched.installed() == "1.1"
    healed = watched.heals("/", good=(200,), seconds=10)
    assert healed.seconds < 5
    ended(watched, change, "restored", "deadline")
    watched.is_whole()


def test_twelve_bad_recover_calls_are_refused_alike_and_change_nothing(watched: Watched) -> None:
    change = watched.open(WRONG_PAGE)
    here, now = watched.paired.here, int(time.time())
    good = watched.header("recover", change)
    body, at, sent = good.split(".")
    other = str(uuid.uuid4())
    bad = [
        watched.header("recover", change, key=ControlKey.new()),
        watched.header("probe", change),
        watched.header("recover", other),
        watched.header("recover", change, installation=other),
        watched.header("recover", change, at=now - 302),
        watched.header("recover", change, at=now + 60),
        f"{body}.{int(at) + 1}.{sent}",
        f"{body}.{at}.{sent[:-1]}",
        f"{body}.{at}.{sent}==",
        f"{body}.{at}.{base64.b64encode(here.key.sign(b'')).decode()}",
        f"{body}.{at}",
        "x",
    ]
    answers = [watched.get("/", {"X-Presswarden-Recover": header}) for header in bad]
    assert [answer.status_code for answer in answers] == [403] * 12
    assert len({(answer.content, str(sorted(answer.headers.keys()))) for answer in answers}) == 1
    found = watched.state()
    assert found is not None
    assert (found["state"], watched.installed()) == ("confirm", "1.1")
    (watched.site.root / ".maintenance").write_text("<?php $upgrading = time();")
    assert watched.get("/").status_code == 503
    assert watched.get("/", {"X-Presswarden-Recover": bad[0]}).status_code == 403
    assert watched.get("/", {"X-Presswarden-Recover": good}).json()["restored"] is True
    watched.is_whole()
    replay = watched.get("/", {"X-Presswarden-Recover": good})
    assert "text/html" in replay.headers["content-type"], "where no change is open the page answers as ever"
    ended(watched, change, "restored", "recover-call")


def test_a_recover_call_of_a_change_before_does_not_take_back_this_one(watched: Watched) -> None:
    first = watched.open()
    header = watched.header("recover", first)
    assert watched.close(first).status == 200
    second = watched.open()
    assert watched.get("/", {"X-Presswarden-Recover": header}).status_code == 403
    assert watched.answers() == "1.1"
    assert watched.close(second).status == 200


@pytest.mark.parametrize("state", ["closed", "restored"])
def test_a_change_that_is_over_is_not_closed_again_and_says_what_it_is(watched: Watched, state: str) -> None:
    change = watched.open()
    answer = watched.close(change) if state == "closed" else watched.recover(change)
    assert answer.status_code == 200 if isinstance(answer, httpx.Response) else answer.status == 200
    again = watched.close(change)
    assert (again.status, again.code) == (409, "action.change_state")
    assert again.json["says"].startswith(state)


def test_only_one_change_is_open_at_a_time(watched: Watched) -> None:
    change = watched.open()
    watched.open(said="action.change_open")
    found = watched.state()
    assert found is not None
    assert (found["id"], found["state"]) == (change, "confirm")
    assert watched.close(change).status == 200


def test_keys_never_leave_the_marker_and_go_with_the_change(watched: Watched) -> None:
    change = watched.open()
    marker = (watched.folder / "open.php").read_text()
    assert '"keys":["' in marker
    assert watched.close(change).status == 200
    kept = (watched.folder / "last.php").read_text()
    assert '"keys":[]' in kept
    assert '"items":[]' in kept
    assert '"baseline":""' in kept
    said = str(watched.health()) + str(watched.site.query("SELECT * FROM wp_presswarden_journal"))
    said += watched.site.log.read_text() if watched.site.log.exists() else ""
    for secret in (base64.b64encode(watched.paired.here.key.public).decode(), *_keys(marker)):
        assert secret not in said


def _keys(marker: str) -> list[str]:
    return [part.partition('"')[0] for part in marker.split('"key":"')[1:]]
