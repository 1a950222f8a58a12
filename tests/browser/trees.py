"""What a screen reader is told of a page, as text that stays the same from run to run: the tree of roles and names, with what varies put plainly.

Kept beside the tests, in `trees/`. Limits: says what the tree is, not whether it is a good one; ids, hashes, ages and moments are left out.
"""

from __future__ import annotations

import re
from difflib import unified_diff
from pathlib import Path

from playwright.sync_api import Page

FOLDER = Path(__file__).with_name("trees")
_VARIES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"\b[0-9a-f]{16}…?(?![0-9a-f])"), "HASH"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "ID"),
    (re.compile(r'(?<=: )"(ID|HASH)(…?)"'), r"\1\2"),
    (re.compile(r"\brecord [0-9,]+"), "record N"),
    (re.compile(r"\b(in )?[0-9]+ (s|min|h|d)( ago)?\b"), "AGE"),
    (re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}( UTC|Z)?"), "MOMENT"),
    (re.compile(r"\bLive, [0-9:]+( [AP]M)?"), "Live"),
    (re.compile(r'(?<=together with ID )[0-9,]+(?=")|(?<=cell ")[0-9,]+(?=")'), "N"),
    (re.compile(r"http://localhost:[0-9]+"), "ADDRESS"),
)


def tree(page: Page) -> str:
    """Of the page's contents; what stands around every page is looked at with the inbox."""
    text = page.locator("body").aria_snapshot()
    for pattern, plain in _VARIES:
        text = pattern.sub(plain, text)
    return text + "\n"


def differs(name: str, found: str, *, renew: bool) -> str:
    """The difference to what is kept, empty where there is none. With `renew` it is kept from now on."""
    file = FOLDER / f"{name}.yaml"
    if renew:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(found)
    kept = file.read_text() if file.exists() else ""
    return "\n".join(unified_diff(kept.splitlines(), found.splitlines(), f"{name}, as it is kept", f"{name}, as it is now", lineterm=""))
