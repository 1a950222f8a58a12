"""Attack 28: text that acts where it is shown: script in a name, escape sequences, text turned round or hidden, in every string a stranger can choose.

On the site: the admin page escapes at the last moment and writes out what hides or turns text; the command line shows the same; of a refused request nothing
is kept but a count; an address says only codes, and only to the one who sent the form. On the control plane: whatever a site says goes through one function
before a terminal sees it, and JSON is ASCII. The proofs take these out, one at a time.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from lab.site import Site
from tests.claims.attacks import Attack
from tests.claims.doors import logged_in, status
from tests.claims.replays import REST
from tests.claims.served import LABEL, Served
from tests.claims.victims import Paired, Swap
from tests.connector.wire import Message

pytestmark = [pytest.mark.site, pytest.mark.req("W13", "W20")]

PAGE = "/wp-admin/tools.php?page=presswarden"
SCRIPT = "<script>canary()</script>\"'><img src=x onerror=canary()>"
ESCAPES = "\x1b[2J\x1b]0;canary\x07\x1b[31mred\x9b1m\r\x08"
HIDDEN = "\u202eevil\u202c\u200bzero\u2066iso\u2069\ufeff\u00ad\u2028\U000e0041"
HOSTILE = SCRIPT + ESCAPES + HIDDEN
ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
RAW_IN_PAGE = Swap(
    "src/Admin/JournalView.php", "esc_html( self::detail( (string) $row->detail ) )", "self::detail( (string) $row->detail )"
)
UNTURNED = Swap("src/Site/Plain.php", "return (string) preg_replace_callback(", "return self::text( $text ); preg_replace_callback(")
SAID = "src/Admin/Said.php"
ANY_CODE = Swap(
    SAID, "if ( 1 !== preg_match( '/\\A[a-z]+(?:[._][a-z0-9]+){0,5}\\z/', $code ) || ! self::is_ours( $code ) ) {", "if ( '' === $code ) {"
)
UNBOUND = Swap(SAID, " || ! self::is_ours( $code )")
SAID_AS_GIVEN = (
    ANY_CODE,
    Swap(SAID, "sanitize_text_field( wp_unslash( $_GET[ self::PARAMETER ] ) )", "wp_unslash( $_GET[ self::PARAMETER ] )"),
    Swap(SAID, "			esc_html( $text )", "			$code"),
)
SOURCE = Path(__file__).parents[2] / "src" / "presswarden"


def acts(html: str) -> str:
    """What of it a browser would run or be turned round by; '' for nothing."""
    found = re.search(r"<script>canary|<img src=x|onerror=canary\(\)>", html)
    hidden = ACTING.search(html)
    return (found.group(0) if found else "") + (f"U+{ord(hidden.group(0)):04X}" if hidden else "")


def page_of(site: Site, query: str = "") -> str:
    return logged_in(site, site.admin).get(PAGE + query).html


def own_part(html: str) -> str:
    """Our part of the page: WordPress's menus around it hold control characters of their own."""
    return html[html.index('<div class="wrap presswarden">') : html.index('<div id="wpfooter"')]


def test_what_the_control_plane_says_is_text_on_the_page(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    reason = HOSTILE[:200]
    assert paired.call("control.pause", {"reason": reason}).status == 200
    shown = own_part(page_of(paired.site))
    attack.repelled("the reason of a pause", not acts(shown), acts(shown))
    assert "&lt;script&gt;canary()" in shown
    assert "[U+001B]" in shown
    assert "[U+202E]" in shown
    assert paired.call("control.revoke", {"reason": reason}).status == 200
    shown = own_part(page_of(paired.site))
    attack.repelled("the reason of a revocation", not acts(shown), acts(shown))


def test_what_a_control_plane_refuses_with_is_no_text_of_its_choice(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    for said in ({"code": HOSTILE, "says": HOSTILE}, {"code": "ingest.window", "says": HOSTILE, "do": HOSTILE}, {"code": [HOSTILE]}):
        paired.peer.refuse_with = (403, said)
        try:
            ran = paired.site.wp("presswarden", "heartbeat")
        finally:
            paired.peer.refuse_with = None
        attack.repelled(f"command line, {str(said)[:40]}", "canary" not in ran.stdout + ran.stderr and not ACTING.search(ran.stderr), ran)
        shown = own_part(page_of(paired.site))
        attack.repelled("and on the page", "canary" not in shown, shown[:500])
        attack.repelled("and in the status", "canary" not in json.dumps(status(paired.site)))


def test_of_a_refused_request_nothing_is_kept(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    good = paired.here.message("wp.site.health")
    mark = "canary-4711"
    for name in (*good.headers, "User-Agent", "Referer", "X-Forwarded-For", "MWP-Key-Name", "Content-Type"):
        headers = {**good.headers, name: f"{mark}<script>"}
        httpx.post(paired.site.url + REST, content=good.body, headers=headers, timeout=30)
    for body in (f'{{"{mark}":"<script>"}}'.encode(), f"{mark}".encode()):
        paired.send(Message(body, paired.here.headers(str(uuid.uuid4()), body)))
        paired.send(Message(body, good.headers))
    paired.send(paired.here.message(f"wp.{mark}", {mark: mark}))
    kept = json.dumps([paired.site.query(f"SELECT * FROM {name}") for name in ("wp_options", "wp_presswarden_journal")], default=str)
    attack.repelled("options and journal", mark not in kept)
    attack.repelled("page", mark not in page_of(paired.site))
    attack.repelled("command line", mark not in paired.site.wp("presswarden", "status").stdout)
    log = paired.site.log.read_text() if paired.site.log.exists() else ""
    attack.repelled("debug.log", mark not in log, log[-500:])
    state = b"".join(path.read_bytes() for path in (paired.site.content / "presswarden-state").iterdir())
    attack.repelled("files", mark.encode() not in state)


@pytest.mark.parametrize(
    "said", [SCRIPT, "done.pair<script>canary()</script>", ESCAPES, HIDDEN, "you.won.a.prize.call.us", "[]=x", "done.pair\n<b>"]
)
def test_the_address_puts_no_words_into_the_page(attack: Attack, paired_site: Paired, said: str) -> None:
    query = str(httpx.QueryParams({"presswarden_said": said}))
    page = logged_in(paired_site.site, paired_site.site.admin).get(PAGE + "&" + query)
    attack.repelled(said[:30], not acts(own_part(page.html)) and "prize" not in page.text, page.text)


def test_rows_edited_in_the_database_are_text_on_page_and_command_line(attack: Attack, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    record = json.loads(str(paired.site.option("presswarden_record")))
    record |= dict.fromkeys(("control", "home", "words", "last_error", "pause_reason", "repair", "checkpoint", "place", "quiet"), HOSTILE)
    paired.site.php(
        "global $wpdb; $wpdb->update( $wpdb->options, array( 'option_value' => $argv[1] ), array( 'option_name' => 'presswarden_record' ) );"
        '$wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->prefix}presswarden_journal SET what = %s, who = %s, detail = %s", substr( $argv[2], 0, 40 ),'
        "substr( $argv[2], 0, 60 ), json_encode( array( $argv[2] => $argv[2] ) ) ) );",
        json.dumps(record),
        SCRIPT + ESCAPES[:12].replace("\x9b", "") + HIDDEN[:8],
    )
    shown = own_part(page_of(paired.site))
    attack.repelled("page", not acts(shown), acts(shown))
    for command in (("status",), ("status", "--format=json"), ("heartbeat",), ("moved",)):
        ran = paired.site.wp("presswarden", *command)
        told = ran.stdout + ran.stderr
        attack.repelled(f"command line: {' '.join(command)}", ACTING.search(told.replace("\n", "")) is None, told)


HEADER = "<?php\n/*\n * Plugin Name: {name}\n * Version: {version}\n * Update URI: {name}\n * Requires PHP: {name}\n */\n"


@pytest.fixture(scope="module")
def hostile(served: Served) -> Iterator[Served]:
    """A site whose plugins, title and theme are named by somebody hostile, seen by the control plane."""
    folder = served.site.content / "plugins"
    made = [folder / "quiet-plugin.php", folder / "<img src=x onerror=canary()>\u202e.php"]
    for path in made:
        path.write_text(HEADER.format(name=(SCRIPT + ESCAPES.replace("\r", "") + HIDDEN), version="1.0\x1b[2J\u202e"))
    kept = served.site.option("blogname")
    served.site.php("update_option( 'blogname', $argv[1] ); update_option( 'WPLANG', $argv[1] );", HOSTILE)
    served.heartbeat()
    yield served
    for path in made:
        path.unlink()
    served.site.php("update_option( 'blogname', $argv[1] ); delete_option( 'WPLANG' );", str(kept))
    served.heartbeat()


COMMANDS = (
    ("site", "show", LABEL),
    ("site", "list"),
    ("site", "read", LABEL, "wp.site.inventory"),
    ("site", "read", LABEL, "wp.site.get_environment"),
    ("incident", "list", "--all"),
    ("audit", "list", "--limit", "50"),
    ("site", "show", HOSTILE.replace("\x00", "")),
)


@pytest.mark.parametrize("as_json", [False, True])
def test_no_terminal_obeys_what_a_site_says(attack: Attack, hostile: Served, as_json: bool) -> None:
    seen = ""
    for command in COMMANDS:
        ran = hostile.control.attempt(*(("--json",) if as_json else ()), *command)
        told = (ran.stdout + ran.stderr).replace("\n", "")
        attack.repelled(f"presswarden {' '.join(command)[:60]}", ACTING.search(told) is None, told[:500])
        seen += told
    assert "canary()" in seen, "the hostile names did reach the control plane"


def test_an_administrator_sees_an_ordinary_reason_as_it_was_given(paired_site: Paired) -> None:
    assert paired_site.call("control.pause", {"reason": "Grüße <b> & 日本 🙂"}).status == 200
    assert paired_site.call("control.resume").status == 200
    assert "Grüße &lt;b&gt; &amp; 日本 🙂" in page_of(paired_site.site)
    admin = logged_in(paired_site.site, paired_site.site.admin)
    page = admin.get(PAGE)
    form = next(form for form in page.forms if form.fields.get("presswarden_do") == "heartbeat")
    assert "The control plane heard this site." in admin.submit(page, form).text


def test_without_escaping_the_script_is_in_the_page(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(RAW_IN_PAGE)
    paired.call("control.pause", {"reason": SCRIPT})
    assert "<script>canary" in acts(own_part(page_of(paired.site)))


def test_without_writing_out_what_hides_the_text_is_turned_round(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(UNTURNED)
    paired.call("control.pause", {"reason": HIDDEN})
    assert "U+202E" in acts(own_part(page_of(paired.site)))


def test_without_the_form_of_codes_and_escaping_an_address_runs_script(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(*SAID_AS_GIVEN)
    query = str(httpx.QueryParams({"presswarden_said": SCRIPT}))
    assert "<script>canary" in acts(own_part(page_of(paired.site, "&" + query)))


def test_without_the_nonce_an_address_puts_words_into_the_page(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site(UNBOUND)
    said = logged_in(paired.site, paired.site.admin).get(PAGE + "&presswarden_said=you.won.a.prize.call.us").text
    assert "The control plane refused: you.won.a.prize.call.us" in said


def test_without_the_one_function_a_terminal_gets_the_escape_sequences(hostile: Served, tmp_path: Path) -> None:
    root = tmp_path / "tree" / "src" / "presswarden"
    shutil.copytree(SOURCE, root, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tree" / "contract").symlink_to(SOURCE.parents[1] / "contract")
    model = root / "telemetry" / "model.py"
    text = model.read_text()
    condition = 'f"<U+{ord(char):04X}>" if hidden else char'
    assert text.count(condition) == 1
    model.write_text(text.replace(condition, "char"))
    ran = hostile.control.attempt("site", "show", LABEL, environment={"PYTHONPATH": str(root.parent)})
    assert "\u202e" in ran.stdout + ran.stderr, ran
