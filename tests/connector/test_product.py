"""The connector as something that strangers install: its files answer nobody who asks for them, and its page speaks the site's language."""

from __future__ import annotations

import io
import zipfile

import httpx
import pytest

from lab.packages import language_pack
from tests.connector.browser import PAGE, logged_in
from tests.connector.conftest import Paired

pytestmark = pytest.mark.site

FOLDER = "presswarden-connector"


def test_no_file_of_it_does_anything_when_it_is_asked_for_itself(shared: Paired) -> None:
    content = shared.site.content
    places = [content / "plugins" / FOLDER, content / "mu-plugins" / "presswarden-watchdog", content / "presswarden-state"]
    files = [path for place in places for path in place.rglob("*.php") if "tests" not in path.relative_to(place).parts]
    files += [content / "fatal-error-handler.php", content / "mu-plugins" / "0-presswarden-watchdog.php"]
    assert len(files) > 200
    told = []
    with httpx.Client(base_url=shared.site.url, timeout=60) as visitor:
        for path in files:
            answer = visitor.get("/" + path.relative_to(shared.site.root).as_posix(), headers={"X-WP-Agent-Installation": "x"})
            if answer.text.strip() or answer.status_code >= 500:
                told.append((path.name, answer.status_code, answer.text[:80]))
    assert told == []


def test_its_page_speaks_the_language_of_a_pack_that_wordpress_finds(shared: Paired) -> None:
    texts = {"Pause": "Anhalten", "Replace this pairing by another": "Diese Kopplung durch eine andere <b>ersetzen</b>"}
    room = shared.site.content / "languages" / "plugins"
    room.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(language_pack(FOLDER, "de_DE", "2026-11-01 10:00:00", texts))) as pack:
        pack.extractall(room)
    (shared.site.content / "languages" / "de_DE.mo").write_bytes((room / f"{FOLDER}-de_DE.mo").read_bytes())
    shared.site.php("update_option( 'WPLANG', 'de_DE' );")
    try:
        with logged_in(shared.site) as browser:
            page = browser.get(PAGE).text
        assert ">Anhalten</button>" in page
        assert "Diese Kopplung durch eine andere &lt;b&gt;ersetzen&lt;/b&gt;" in page, "a translation is text as well"
        assert ">Pause</button>" not in page
    finally:
        shared.site.php("update_option( 'WPLANG', '' );")
    assert not shared.site.log.exists() or "_load_textdomain_just_in_time" not in shared.site.log.read_text()
