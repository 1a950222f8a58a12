"""Text of strangers stays text, and ages are told in words."""

from datetime import UTC, datetime, timedelta

import pytest

from presswarden.surfaces.console.wording import ago, counted, initials, plain

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
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
def test_text_of_strangers_is_shown_as_it_is(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_long_text_is_cut() -> None:
    assert plain("a" * 30, 10) == "a" * 10 + "…"


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s ago"), (60, "1 min ago"), (7_300, "2 h ago"), (90_000, "1 d ago"), (-7_300, "in 2 h")]
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_numbers_agree_with_their_nouns() -> None:
    assert (counted(1, "site"), counted(1_000, "site"), counted(2, "entry", "entries")) == ("1 site", "1,000 sites", "2 entries")


def test_initials_are_two_letters_at_most() -> None:
    assert (initials("Olga Maria Owner"), initials("Olga"), initials("…")) == ("OO", "O", "?")
