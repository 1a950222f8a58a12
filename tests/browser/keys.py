"""A person at a page with the keyboard alone: Tab until something has the focus, which must be seen there, then Enter. Limits: as long as one page is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Page

MOST = 160
"""Presses of Tab within which everything of a page is reached."""
_FOCUS = """() => {
    const on = document.activeElement;
    if (!on || on === document.body) return null;
    const drawn = (each) => each && getComputedStyle(each).outlineStyle !== "none" && parseFloat(getComputedStyle(each).outlineWidth) >= 2;
    const box = on.getBoundingClientRect(), within = (at, most) => Math.min(Math.max(at, 1), most - 1);
    const top = document.elementFromPoint(within(box.left + box.width / 2, innerWidth), within(box.top + Math.min(box.height / 2, 20), innerHeight));
    return {
        name: (on.getAttribute("aria-label") ?? on.labels?.[0]?.innerText ?? on.innerText ?? "").replace(/\\s+/g, " ").trim(),
        place: on.closest("section, dialog, nav, header, aside")?.getAttribute("aria-labelledby") ?? "",
        ringed: drawn(on) || drawn(on.parentElement) || on.id === "main",
        shown: box.bottom > 0 && box.top < innerHeight && Boolean(top && (on.contains(top) || top.contains(on))),
    };
}"""


@dataclass
class Keys:
    page: Page

    def to(self, name: str, place: str = "") -> None:
        """Until the focus is on what is called so (a pattern, from its first letter on); with `place`, in the part of the page that this names."""
        passed: list[str] = []
        for _ in range(MOST):
            self.page.keyboard.press("Tab")
            on = self.page.evaluate(_FOCUS)
            if on is None:
                continue
            assert on["ringed"], f"the focus on «{on['name']}» is not drawn"
            assert on["shown"], f"the focus on «{on['name']}» is out of sight"
            if re.match(name, on["name"]) and place in on["place"]:
                return
            passed.append(on["name"][:30])
        raise AssertionError(f"«{name}» is not reached by Tab; passed {passed}")

    def press(self, name: str, place: str = "") -> None:
        self.to(name, place)
        self.page.keyboard.press("Enter")

    def write(self, name: str, text: str) -> None:
        self.to(name)
        self.page.keyboard.type(text)

    def past_the_menu(self) -> None:
        """The first thing on every page leads to its contents."""
        self.page.keyboard.press("Tab")
        assert self.page.evaluate(_FOCUS)["name"] == "Skip to content"
        self.page.keyboard.press("Enter")
