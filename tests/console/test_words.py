"""Text of strangers stays text, and ages are told in words."""

from datetime import UTC, datetime, timedelta

import pytest

from presswarden.kernel.canonical import Json
from presswarden.surfaces.console.sites.views import shown
from presswarden.surfaces.console.wording import ago, counted, initials, plain, value
from presswarden.telemetry.model import Fact, Source

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a\u202egnp.exe", 'a<span class="odd" title="An invisible character">U+202E</span>gnp.exe'),
        ("zero\u200bwidth", 'zero<span class="odd" title="An invisible character">U+200B</span>width'),
        ("bell\x07", 'bell<span class="odd" title="An invisible character">U+0007</span>'),
        ("two\nlines", "two\nlines"),
        ("\"quoted\" & 'so'", "&#34;quoted&#34; &amp; &#39;so&#39;"),
        ("Łódź", "Łódź"),
    ],
)
def test_text_of_strangers_is_shown_as_it_is(text: str, words: str) -> None:
    assert plain(text) == words


def test_long_text_is_cut() -> None:
    assert plain("a" * 30, 10) == "a" * 10 + "…"


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s ago"), (60, "1 min ago"), (7_300, "2 h ago"), (90_000, "1 d ago"), (-7_300, "in 2 h")]
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (True, "yes"), ("7.1", "7.1"), (3, "3"), ([], "none"), ({}, "none"), ("", "none"), (None, "none"),
        (["a", {"b": [], "c": False}], "a, b none, c no"),
    ],
)  # fmt: skip
def test_what_a_site_told_is_words_and_never_brackets(told: Json, words: str) -> None:
    assert value(told) == words


def test_numbers_agree_with_their_nouns() -> None:
    assert (counted(1, "site"), counted(1_000, "site"), counted(2, "entry", "entries")) == ("1 site", "1,000 sites", "2 entries")


def test_initials_are_two_letters_at_most() -> None:
    assert (initials("Olga Maria Owner"), initials("Olga"), initials("…")) == ("OO", "O", "?")


def test_a_sites_clock_is_a_moment_and_its_disk_a_size() -> None:
    def fact(name: str, of: Json) -> Fact:
        return Fact(name, of, Source.READ, NOW, NOW, NOW)

    assert shown(fact("health.site_time", int(NOW.timestamp()))) == "2026-11-20 12:00:00 UTC"
    assert shown(fact("health.disk_free", 50 * 1_048_576)) == "50 MB"
    assert shown(fact("health.fatals", [])) == "none"
