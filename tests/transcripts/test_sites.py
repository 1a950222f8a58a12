"""Sites that can't be read, or that are not what they seem: what a person at the control plane is told, and what stands on the site."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from lab.demo.control import Control
from lab.packages import write_plugin
from lab.site import Site
from tests.stories.scene import Paired
from tests.stories.test_clone import copy_onto
from tests.transcripts.transcript import Transcript

pytestmark = [pytest.mark.site, pytest.mark.req("S1", "W17")]

HOSTILE = "<script>alert(1)</script> \x1b[2J\x1b[31m\u202egnp.exe\u200b"


def incident(control: Control, label: str, kind: str) -> str:
    return next(str(each["id"]) for each in control.ask("incident", "list", "--site", label) if each["kind"] == kind)


@pytest.mark.req("P3")
def test_a_site_whose_clock_is_ten_minutes_off(transcript: Transcript, fresh: Callable[[str], Paired]) -> None:
    late = fresh("late")
    late.site.shift_clock(-600)
    read = transcript.presswarden("site", "read", "late")
    assert read.code != 0
    assert re.search(r"(9|10) min behind", read.stderr)
    transcript.wp(late.site, "heartbeat")
    transcript.presswarden("incident", "show", incident(late.control, "late", "clock_skew"), typed="presswarden incident show <id>")
    transcript.remark("The clock is put right.")
    late.site.shift_clock(0)
    transcript.wp(late.site, "heartbeat")
    transcript.presswarden("incident", "list", "--site", "late")


def test_an_unreachable_site(transcript: Transcript, fresh: Callable[[str], Paired]) -> None:
    down = fresh("down")
    down.site.stop()
    transcript.remark("A site that never sent a heartbeat, and nothing listens at its address.")
    assert transcript.presswarden("site", "read", "down").code == 5
    transcript.remark("It sends heartbeats now, so it can take a call along.")
    transcript.wp(down.site, "heartbeat")
    assert transcript.presswarden("site", "read", "down", "--seconds", "5").code == 5


def test_a_site_that_answers_html(transcript: Transcript, shop: Paired) -> None:
    page = shop.site.content / "mu-plugins" / "page.php"
    page.write_text("<?php if ( 'cli' !== PHP_SAPI ) { header( 'Content-Type: text/html' ); echo '<h1>Back soon</h1>'; exit; }")
    try:
        assert transcript.presswarden("site", "read", "shop").code == 5
    finally:
        page.unlink()
    assert shop.read()["database_answers"] is True


@pytest.mark.req("X4", "W12")
def test_a_site_that_would_be_called_over_plain_http(transcript: Transcript, fresh: Callable[[str], Paired]) -> None:
    plain = fresh("plain")
    transcript.remark("The address in the database is edited to http://site.example.")
    with closing(sqlite3.connect(plain.control.home / "presswarden.sqlite", timeout=30)) as database:
        database.execute("UPDATE installations SET home = 'http://site.example' WHERE home = ?", (plain.site.url,))
        database.commit()
    assert transcript.presswarden("site", "read", "plain").code == 5


def test_hostile_names_in_site_show(transcript: Transcript, fresh: Callable[[str], Paired]) -> None:
    odd = fresh("odd")
    write_plugin(odd.site.content / "plugins", "odd", "1.0", name=HOSTILE)
    folder = odd.site.content / "plugins" / "gnp\u202e-<b>evil"
    folder.mkdir()
    (folder / "evil.php").write_text(f"<?php /*\nPlugin Name: {HOSTILE}\nVersion: 1.0\x1b]0;owned\x07\n*/")
    # A read that fails keeps the dispatcher from reading the health of its own accord for ten minutes: what is shown does not depend on the moment.
    odd.site.stop()
    assert odd.control.attempt("site", "read", "odd", "wp.site.health").code != 0
    odd.site.start()
    odd.beat()
    transcript.presswarden("site", "show", "odd")


def test_hostile_texts_in_incident_show(transcript: Transcript, fresh: Callable[[str], Paired]) -> None:
    bad = fresh("bad")
    transcript.remark(
        "The site's own record is edited, so that its heartbeat gives a reason full of HTML, escape sequences and turned text."
    )
    record = json.loads(str(bad.site.option("presswarden_record")))
    bad.site.php(
        "global $wpdb; $wpdb->update( $wpdb->options, array( 'option_value' => $argv[1] ), array( 'option_name' => 'presswarden_record' ) );",
        json.dumps({**record, "repair": HOSTILE}),
    )
    transcript.wp(bad.site, "heartbeat")
    transcript.presswarden("incident", "show", incident(bad.control, "bad", "needs_repair"), typed="presswarden incident show <id>")


@pytest.mark.req("W9")
def test_a_changed_auth_key(transcript: Transcript, fresh: Callable[[str], Paired]) -> None:
    salted = fresh("salted")
    config = salted.site.root / "wp-config.php"
    before = config.read_text()
    config.write_text(re.sub(r"(define\( 'AUTH_KEY', ')[^']*", r"\g<1>somebody pasted a fresh set of keys over the old one", before))
    assert transcript.presswarden("site", "read", "salted").code == 4
    transcript.wp(salted.site, "heartbeat")
    transcript.presswarden("incident", "show", incident(salted.control, "salted", "needs_repair"), typed="presswarden incident show <id>")
    transcript.remark("The old value is put back.")
    config.write_text(before)
    transcript.wp(salted.site, "heartbeat")
    transcript.presswarden("incident", "list", "--site", "salted")


def test_a_copy_that_answers_for_the_original(transcript: Transcript, fresh: Callable[[str], Paired], unpaired: Site) -> None:
    original = fresh("original")
    copy_onto(original.site, unpaired, unpaired.url)
    transcript.remark("On the copy.")
    transcript.wp(unpaired, "heartbeat")
    transcript.remark("Here.")
    transcript.presswarden("incident", "list", "--site", "original")
    transcript.presswarden("incident", "show", incident(original.control, "original", "clone"), typed="presswarden incident show <id>")
    transcript.remark("On the copy, once somebody knows that it is one.")
    transcript.wp(unpaired, "copy")


def test_names_that_nobody_knows(transcript: Transcript) -> None:
    for command in (
        ("site", "show", "nowhere"),
        ("site", "read", "nowhere"),
        ("incident", "show", "none"),
        ("audit", "list", "--entry", "none"),
    ):
        assert transcript.presswarden(*command).code != 0


def test_a_site_that_is_not_paired(transcript: Transcript, control: Control) -> None:
    control.run("site", "pair", "tomorrow", "--no-wait")
    assert transcript.presswarden("site", "read", "tomorrow").code == 3
    assert transcript.presswarden("site", "rotate", "tomorrow").code == 3
    assert transcript.presswarden("site", "moved", "tomorrow").code != 0


def test_a_site_that_is_paired_already(transcript: Transcript, shop: Paired) -> None:
    assert transcript.presswarden("site", "pair", "shop", "--no-wait").code == 3


def test_a_tool_that_does_not_exist(transcript: Transcript, shop: Paired) -> None:
    assert transcript.presswarden("site", "read", "shop", "wp.site.everything").code == 2
    assert transcript.presswarden("site", "read", "shop", "control.revoke").code == 2
