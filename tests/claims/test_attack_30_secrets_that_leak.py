"""Attack 30: find a secret anywhere it should not be: databases, files, logs, answers, exports, on the site and on the control plane.

Every secret is known to these tests (the pairing secret, both HMAC keys, the site's signing key, AUTH_KEY and its like, the passwords, the control plane's
key-encryption keys) and looked for, raw, in hex and in both forms of base64. What keeps them in: keys are sealed before they are stored, files beside the
database begin with an exit guard under names nobody can guess, errors are told by code, and a spent verifier is wiped, not only let go. The proofs take out
the sealing, the guard and the telling by code, and look at SQLite's log before it is folded. Limits: who reads wp-config.php or the key folder of the
control plane opens all of it, by design; PostgreSQL keeps its own log as long as it is told to.
"""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from lab.server import free_port
from lab.site import Lab, Site
from tests.claims.attacks import Attack
from tests.claims.canaries import answers, constants, forms, found, of_site, stored
from tests.claims.replays import crowd
from tests.claims.served import LABEL, Served, serve
from tests.claims.victims import Paired, Spare, Swap, pair
from tests.connector.peer import Peer
from tests.connector.wire import hkdf, sha256hex

pytestmark = [pytest.mark.site, pytest.mark.req("W9", "W20")]

UNSEALED = (
    Swap("src/Site/Keys.php", "return Sealed::seal( $plain, self::master(), self::context( $slot ) );", "return base64_encode( $plain );"),
    Swap(
        "src/Site/Keys.php",
        "return Sealed::open( $sealed, self::master(), self::context( $slot ) );",
        "return (string) base64_decode( $sealed );",
    ),
)
UNGUARDED = Swap("src/Site/StateFolder.php", 'public const GUARD = "<?php exit; ?>\\r\\n";', 'public const GUARD = "state of a site:";')
TOLD = Swap(
    "src/Site/Calls.php",
    "$refusal = Refusal::of( 'action.failed' );",
    "$refusal = new Refusal( 'action.failed', 500, $failed->getMessage() );",
)


@pytest.mark.parametrize("hmac", [False, True])
def test_no_secret_is_in_database_files_logs_or_answers_of_a_site(attack: Attack, spare: Spare, hmac: bool) -> None:
    paired = spare.paired(hmac=hmac)
    secrets, seen = of_site(paired), answers(paired)
    assert paired.call("control.pause", {"reason": "x"}).status == 200
    for place, content in {**seen, **stored(paired.site)}.items():
        attack.repelled(place, not found(secrets, content), found(secrets, content))
    passwords = {
        "admin password": paired.site.admin[1].encode(),
        "application password": paired.site.app_password.replace(" ", "").encode(),
    }
    own = {place: content for place, content in seen.items() if not place.startswith("/")}
    for place, content in own.items():
        attack.repelled(f"passwords in {place}", not found(passwords, content), found(passwords, content))


def test_a_failing_action_tells_nothing_of_its_reason(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    bomb = paired.site.content / "mu-plugins" / "bomb.php"
    bomb.write_text("<?php add_action( 'presswarden_action_ran', function () { throw new Exception( 'canary ' . AUTH_KEY . ABSPATH ); } );")
    try:
        answer = paired.call("wp.site.health")
    finally:
        bomb.unlink()
    assert answer.code == "action.failed"
    attack.repelled("the exception's text", b"canary" not in answer.body and str(paired.site.root).encode() not in answer.body, answer.body)


def fetched_during_runs(paired: Paired) -> dict[str, bytes]:
    """Every file of ours below wp-content, also those that live for a moment, fetched over HTTP while calls run and states change."""
    state, seen, done = paired.site.content / "presswarden-state", dict[str, bytes](), threading.Event()

    def fetch() -> None:
        with httpx.Client(base_url=paired.site.url, timeout=30) as client:
            for _ in range(2000):
                for name in {path.name for path in state.iterdir()}:
                    answer = client.get(f"/wp-content/presswarden-state/{name}")
                    # A file that was there for a moment only is gone by now, and WordPress says so.
                    seen[name] = seen.get(name, b"") + (answer.content if answer.status_code == 200 else b"")
                if done.is_set():
                    return

    reader = threading.Thread(target=fetch)
    reader.start()
    try:
        for _ in range(3):
            crowd([paired.here.message("wp.site.health") for _ in range(10)], paired.site.url)
            paired.call("control.pause", {"reason": "x"})
            paired.call("control.resume")
    finally:
        done.set()
        reader.join()
    seen[""] = httpx.get(paired.site.url + "/wp-content/presswarden-state/", timeout=30).content
    return seen


def test_files_below_wp_content_show_nothing_while_calls_run(attack: Attack, paired_site: Paired) -> None:
    seen = fetched_during_runs(paired_site)
    own = {name: content for name, content in seen.items() if name not in ("", ".htaccess", "index.php")}
    assert len(own) >= 3
    for name, content in own.items():
        attack.repelled(name, content == b"", content[:200])
    listing = seen[""]
    attack.repelled("no listing of the folder", not any(name.encode() in listing for name in own), listing[:200])


@pytest.fixture(scope="module")
def in_hmac(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real control plane that shares secrets with its site: the worst case for what it stores."""
    watched = {"PRESSWARDEN_WATCH_LISTEN": f"127.0.0.1:{free_port()}", "PRESSWARDEN_LOG_FORMAT": "json"}
    found = serve(lab, tmp_path_factory.mktemp("hmac") / "home", "hmac", "--hmac", settings=watched)
    yield found
    found.control.stop()


def of_control_plane(served: Served) -> dict[str, bytes]:
    """Its key-encryption keys, and all that came of the pairing secret."""
    record, string = json.loads(str(served.site.option("presswarden_record"))), served.string
    lines = [
        "presswarden-pair-1",
        string["installation"],
        string["control"],
        string["fingerprint"],
        record["home"],
        record["alg"],
        "",
        record["pair_nonce"],
    ]
    secret = bytes.fromhex(string["secret"])
    verifier, salt = hkdf(secret, b"", b"presswarden-pair-1 verifier"), bytes.fromhex(sha256hex("\n".join(lines).encode()))
    derived = {f"{way} key": hkdf(verifier, salt, f"presswarden-hmac-1 {way}".encode()) for way in ("call", "site")}
    opened = served.site.php(
        "$r = ( new Presswarden\\Connector\\Site\\RecordStore() )->read();"
        "echo base64_encode( Presswarden\\Connector\\Site\\Keys::open( 'hmac-call', $r->hmac_call ) );"
    )
    assert base64.b64decode(opened) == derived["call key"], "these are the keys in use"
    keks = {path.name: path.read_bytes() for path in (served.control.home / "keys").iterdir() if path.suffix == ".kek"}
    assert len(keks) >= 3
    return {"pairing secret": secret, "verifier": verifier, **derived, **{name: _key(raw) for name, raw in keks.items()}}


def _key(raw: bytes) -> bytes:
    """A key file's key, whatever it is written in."""
    text = raw.strip()
    if len(raw) == 32:
        return raw
    return bytes.fromhex(text.decode()) if len(text) == 64 else base64.b64decode(text)


def told_by(served: Served) -> dict[str, bytes]:
    """Every document the command line gives."""
    commands = (
        ("site", "list"),
        ("site", "show", LABEL),
        ("site", "read", LABEL, "wp.site.health"),
        ("incident", "list", "--all"),
        ("audit", "list", "--limit", "200"),
    )
    seen = {}
    for command in commands:
        for way in ((), ("--json",)):
            ran = served.control.attempt(*way, *command)
            seen[" ".join((*way, *command))] = (ran.stdout + ran.stderr).encode()
    for entry in served.control.ask("audit", "list", "--limit", "200"):
        seen[entry["id"]] = served.control.attempt("audit", "list", "--entry", entry["id"]).stdout.encode()
    return seen


def answered_by(served: Served) -> dict[str, bytes]:
    """What anybody gets of it over HTTP, errors above all, and what whoever watches it is told."""
    seen, watched = {}, f"http://{served.control.settings['PRESSWARDEN_WATCH_LISTEN']}"
    for url in (*(served.control.url + path for path in ("/", "/login", "/nowhere", "/healthz", "/api/v1/sites")),
                *(watched + path for path in ("/metrics", "/healthz", "/readyz"))):  # fmt: skip
        answer = httpx.get(url, timeout=30)
        seen[url] = str(answer.headers).encode() + answer.content
    here = {"X-WP-Agent-Installation": served.string["installation"]}
    for route in ("pair", "heartbeat", "receipt", "moved"):
        for body in (b"", b"{}", json.dumps({"installation": served.string["installation"]}).encode()):
            answer = httpx.post(f"{served.control.url}/ingest/v1/{route}", content=body, headers=here, timeout=30)
            assert answer.status_code >= 400
            seen[f"{route} refused {body!r}"] = str(answer.headers).encode() + answer.content
    assert b"presswarden_" in seen[watched + "/metrics"]
    return seen


def test_no_secret_is_in_database_log_or_export_of_a_control_plane(attack: Attack, in_hmac: Served, tmp_path: Path) -> None:
    in_hmac.heartbeat()
    secrets = of_control_plane(in_hmac)
    told = {**told_by(in_hmac), **answered_by(in_hmac)}
    in_hmac.control.run("audit", "export", str(tmp_path / "log"))
    exported = {str(path): path.read_bytes() for path in (tmp_path / "log").rglob("*") if path.is_file()}
    for place, content in {**told, **exported, "serve.log": in_hmac.files()["serve.log"]}.items():
        attack.repelled(place, not found(secrets, content), found(secrets, content))
    in_hmac.control.stop()
    stopped = in_hmac.files()
    in_hmac.control.start()
    for place, content in stopped.items():
        attack.repelled(f"{place} of a stopped control plane", not found(secrets, content), found(secrets, content))


def test_home_keys_and_database_are_for_their_owner_alone(attack: Attack, in_hmac: Served) -> None:
    """The home was there before the first start, open to all, as a person may have made it."""
    home = in_hmac.control.home
    for path in (home, home / "keys", *(home / "keys").iterdir()):
        mode = path.stat().st_mode & 0o777
        attack.repelled(str(path), mode == (0o700 if path.is_dir() else 0o600), oct(mode))


def test_what_these_tests_look_for_they_would_find(in_hmac: Served, paired_site: Paired) -> None:
    string = in_hmac.string
    assert found({"installation": string["installation"].encode()}, b"".join(in_hmac.files().values())) == ["installation"]
    assert found({"agent": b"presswarden-agent"}, b"".join(stored(paired_site.site).values())) == ["agent"]
    for form in forms(bytes(range(32))):
        assert found({"x": bytes(range(32))}, b"before " + form + b" after") == ["x"]
    assert of_site(paired_site)["AUTH_KEY"] in (paired_site.site.root / "wp-config.php").read_bytes()


@pytest.mark.parametrize("mode", [(), ("--hmac",)])
def test_without_sealing_the_keys_stand_in_the_database(unpaired_site: Callable[..., Site], peer: Peer, mode: tuple[str, ...]) -> None:
    paired = pair(unpaired_site(*UNSEALED), peer, *mode)
    assert "site key" in found(of_site(paired), stored(paired.site)["wp_options"])


def test_without_the_guard_a_file_is_shown(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(UNGUARDED)
    shutil.rmtree(paired.site.content / "presswarden-state")
    paired.site.php("Presswarden\\Connector\\Site\\StateFolder::make();")
    paired.site.wp("presswarden", "pause")
    assert any(b"paused_local" in content for content in fetched_during_runs(paired).values())


def test_with_the_reason_told_a_failing_action_gives_the_key_away(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(TOLD)
    bomb = paired.site.content / "mu-plugins" / "bomb.php"
    bomb.write_text("<?php add_action( 'presswarden_action_ran', function () { throw new Exception( AUTH_KEY ); } );")
    try:
        assert found(constants(paired.site), paired.call("wp.site.health").body) == ["AUTH_KEY"]
    finally:
        bomb.unlink()


def test_before_its_log_is_folded_a_spent_verifier_is_in_the_file_beside_the_database(in_hmac: Served) -> None:
    """The files as they were at the moment of pairing: what closing the database, and the janitor within ten minutes, take away."""
    assert found(of_control_plane(in_hmac), in_hmac.at_pairing["presswarden.sqlite-wal"]) == ["verifier"]
