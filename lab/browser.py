"""A person's browser, as far as wp-admin's forms need one: cookies, hidden fields, a button. No JavaScript: our pages work without.

Limits: follows redirects on its own origin only; at most 10.
"""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar

from lab.errors import LabError


@dataclass
class Form:
    """A form as it stands on the page: where it goes, and its fields' values."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.text: list[str] = []
        self._open: Form | None = None
        self._area = ""
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag in {"script", "style"}:
            self._skip += 1
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.found.append(self._open)
        if self._open is None or not given.get("name"):
            return
        if tag == "button" or (tag == "input" and given.get("type") in {"submit", "image"}):
            self._open.buttons[given["name"]] = given.get("value", "")
        elif tag == "input" and given.get("type") in {"checkbox", "radio"}:
            if "checked" in given:
                self._open.fields[given["name"]] = given.get("value", "on")
        elif tag in {"input", "textarea", "select"}:
            self._open.fields.setdefault(given["name"], given.get("value", ""))
            self._area = given["name"] if tag == "textarea" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"} and self._skip:
            self._skip -= 1
        if tag == "form":
            self._open = None
        if tag == "textarea":
            self._area = ""

    def handle_data(self, text: str) -> None:
        if self._open is not None and self._area:
            self._open.fields[self._area] += text
        elif not self._skip and text.strip():
            self.text.append(" ".join(text.split()))


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    html: str
    forms: tuple[Form, ...]
    text: str

    def form_with(self, name: str) -> Form:
        """The form that has a field or a button of that name."""
        for form in self.forms:
            if name in form.fields or name in form.buttons:
                return form
        raise LabError(f"no form with {name!r} on {self.url}", "the page reads: " + self.text[:300], "look at the page in a browser")


class Browser:
    """Keeps cookies; knows one origin."""

    def __init__(self, origin: str) -> None:
        self.origin = origin.rstrip("/")
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Page:
        return self._ask(urllib.parse.urljoin(self.origin + "/", path), None)

    def submit(self, page: Page, form: Form, values: dict[str, str] | None = None, button: str = "") -> Page:
        """Send the form with `values` over its own, pressing `button`."""
        fields = {**form.fields, **({button: form.buttons.get(button, "")} if button else {}), **(values or {})}
        return self._ask(urllib.parse.urljoin(page.url, form.action or page.url), urllib.parse.urlencode(fields).encode())

    def log_in(self, user: str, password: str) -> Page:
        """Through wp-login.php, as a person does."""
        page = self.get("/wp-login.php")
        landed = self.submit(page, page.form_with("log"), {"log": user, "pwd": password, "testcookie": "1"}, "wp-submit")
        if "wp-login.php" in landed.url:
            raise LabError("the login was refused", landed.text[:300], "check the user and the password")
        return landed

    def _ask(self, url: str, body: bytes | None) -> Page:
        if not url.startswith(self.origin + "/"):
            raise LabError(f"the page leads away to {url}", f"this browser knows {self.origin} only", "check the site's address settings")
        asked = urllib.request.Request(url, data=body, headers={"User-Agent": "Presswarden lab", "Referer": url})
        try:
            with self._open.open(asked, timeout=60) as answer:
                status, landed, html = answer.status, answer.url, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as refused:
            status, landed, html = refused.code, refused.url or url, refused.read().decode("utf-8", "replace")
        parser = _Forms()
        parser.feed(html)
        return Page(landed, status, html, tuple(parser.found), " ".join(parser.text))
