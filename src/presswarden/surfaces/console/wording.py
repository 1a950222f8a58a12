"""Words that templates need: text of strangers made plain, ages, numbers. Limits: pure; escaping is the template engine's."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup, escape

from presswarden.kernel.canonical import Json
from presswarden.telemetry import model

LONGEST: Final = 2_000
_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_KEPT: Final = frozenset("\n\t")


def plain(text: object, longest: int = LONGEST) -> Markup:
    """Text of a site, a model or a person, as it is: what would change how it reads (direction, zero width, controls) is shown by its number."""
    if isinstance(text, Markup):  # made harmless before
        return text
    whole = str(text)
    if whole.isascii() and whole.isprintable() and len(whole) <= longest:
        return escape(whole)
    shown = "".join(_visible(char) for char in whole[:longest])
    return Markup(shown + ("…" if len(whole) > longest else ""))  # noqa: S704 - every character went through escape()


def flat(text: object, longest: int = 200) -> str:
    """The same where no element can stand: in a title, an attribute, a label."""
    return model.shown(str(text), longest)


def _visible(char: str) -> str:
    if char not in _KEPT and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return f'<span class="odd" title="An invisible character">U+{ord(char):04X}</span>'
    return str(escape(char))


def value(of: Json) -> str:
    """What a site told, in words: a list by commas, names beside their values, and what is empty as such."""
    match of:
        case bool():
            return "yes" if of else "no"
        case list() | tuple():
            return ", ".join(value(each) for each in of) or "none"
        case Mapping():
            return ", ".join(f"{name} {value(each)}" for name, each in of.items()) or "none"
        case None | "":
            return "none"
        case _:
            return str(of)


def ago(at: datetime, now: datetime) -> str:
    """`3 min ago`, `in 2 h`. web/src/app.js goes on counting with the same words."""
    seconds = int((now - at).total_seconds())
    far = abs(seconds)
    words = next((f"{far // size} {name}" for size, name in _STEPS if far >= size), f"{far} s")
    return f"in {words}" if seconds < 0 else f"{words} ago"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(count: int) -> str:
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 site`, `1,000 sites`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def initials(name: str) -> str:
    letters = [part[0] for part in name.split() if part[0].isalnum()]
    return "".join(letters[:1] + letters[1:][-1:]).upper() or "?"
